"""Train the baseline and every candidate; the best on validation goes on. The holdout is never read here."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import TypeAdapter

from slipway.base.atomic import write_text
from slipway.base.provenance import commit
from slipway.models import BINARY, Objective, Predictor, predictor, require_learns
from slipway.records.evidence import ValidationScore
from slipway.settings import Card
from slipway.settings.model import Model
from slipway.system import FeatureState, Inputs, System, load_system
from slipway.tasks.metrics import log_loss_terms
from slipway.version.assemble import assemble
from slipway.version.manifest import DataRef

Scope = Literal["all", "baseline"]
SCORES = "validation.json"
SAMPLE_ROWS = 200


@dataclass(frozen=True)
class Trained:
    """A fitted predictor and how it did on validation."""

    model: Model
    predictor: Predictor
    log_loss: float
    seconds: float


@dataclass(frozen=True)
class Tables:
    """The two parts that training may see, as inputs and labels, and the features learned from the first."""

    state: FeatureState
    train: Inputs
    train_labels: NDArray[np.int8]
    validation: Inputs
    validation_labels: NDArray[np.int8]
    validation_requests: pa.Table

    @classmethod
    def read(cls, card: Card, system: System, split: Path) -> "Tables":
        """Read the parts; features are learned from the training rows alone."""
        train = system.examples(card, pq.read_table(split / "train.parquet"))
        validation = system.examples(card, pq.read_table(split / "validation.parquet"))
        state = system.fit_features(card, train.requests)
        return cls(
            state=state,
            train=system.transform(card, train.requests, state),
            train_labels=train.labels,
            validation=system.transform(card, validation.requests, state),
            validation_labels=validation.labels,
            validation_requests=validation.requests,
        )


def train(
    root: Path,
    card: Card,
    split: Path,
    data: DataRef,
    out: Path,
    scope: Scope = "all",
    say: Callable[[str], None] = print,
    objective: Objective = BINARY,
) -> list[ValidationScore]:
    """Write the versions `out/baseline` and `out/candidate`, and the validation scores beside them.

    Args:
        scope: `baseline` trains the baseline alone, which then is the candidate too.
        say: takes a line of progress.
        objective: what every model learns.

    Raises:
        UsageError: a kind cannot learn it; nothing is trained.
    """
    for key, model in card.models.by_key.items():
        require_learns(key, model.kind, objective)
    system = load_system(card.name, root)
    tables = Tables.read(card, system, split)
    say(f"{len(tables.train_labels):,} training rows, {len(tables.validation_labels):,} validation rows")
    models = [card.models.baseline, *(card.models.candidates if scope == "all" else [])]
    trained = []
    for model in models:
        trained.append(_fit(card, model, tables, objective))
        say(f"{model.name}: validation log loss {trained[-1].log_loss:.5f}, {trained[-1].seconds:.1f} s")
    best = min(trained[1:] or trained, key=lambda one: one.log_loss)
    for folder, chosen in (("baseline", trained[0]), ("candidate", best)):
        _assemble(out / folder, root, card, chosen, tables, data)
    scores = [_score(one, one is best) for one in trained]
    write_text(out / SCORES, TypeAdapter(list[ValidationScore]).dump_json(scores, indent=2).decode())
    return scores


def _fit(card: Card, model: Model, tables: Tables, objective: Objective) -> Trained:
    begun = time.monotonic()
    fitted = predictor(model.kind).fit(
        tables.train,
        tables.train_labels,
        tables.validation,
        tables.validation_labels,
        model.params,
        card.models.seed,
        objective,
    )
    loss = log_loss_terms(fitted.scores(tables.validation), tables.validation_labels).mean()
    return Trained(model, fitted, float(loss), time.monotonic() - begun)


def _assemble(out: Path, root: Path, card: Card, chosen: Trained, tables: Tables, data: DataRef) -> None:
    at = commit(root)
    assemble(
        out,
        root,
        card,
        chosen.model,
        chosen.predictor,
        tables.state,
        data,
        sample=tables.validation_requests.slice(0, SAMPLE_ROWS),
        sample_scores=chosen.predictor.scores(tables.validation)[:SAMPLE_ROWS],
        commit=at.sha,
        clean=at.clean,
    )


def _score(one: Trained, chosen: bool) -> ValidationScore:
    return ValidationScore(
        model=one.model.name, kind=one.model.kind, log_loss=one.log_loss, seconds=one.seconds, chosen=chosen
    )


def data_ref(card: Card, split: Path, fingerprint: str, size: str) -> DataRef:
    """What a version says of the rows that it was trained on; validation rows count as seen."""
    train = pq.read_table(split / "train.parquet", columns=[card.data.required("label")]).column(0)
    time_column = card.data.required("time")
    last = pq.read_table(split / "validation.parquet", columns=[time_column]).column(0)
    return DataRef(
        fingerprint=fingerprint,
        size=size,
        train_rows=len(train),
        train_base_rate=float(pc.mean(train).as_py()),
        train_end=pc.max(last).as_py(),
    )


def read_scores(folder: Path) -> list[ValidationScore]:
    """The validation scores that `train` wrote."""
    return TypeAdapter(list[ValidationScore]).validate_json((folder / SCORES).read_text(encoding="utf-8"))
