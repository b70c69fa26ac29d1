"""Train the baseline and every candidate; the best on validation goes on. The holdout is never read here."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import TypeAdapter

from slipway.base.atomic import write_text
from slipway.base.errors import Refused
from slipway.base.provenance import commit
from slipway.data.parts import read_manifest
from slipway.models import BINARY, Objective, Predictor, predictor, require_learns
from slipway.records.evidence import ValidationScore
from slipway.settings import Card
from slipway.settings.model import Model
from slipway.system import Examples, FeatureState, Inputs, System, load_system
from slipway.system.examples import moment
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
        """Read the parts; features are learned from the training rows alone.

        Raises:
            Refused: an outcome became known only after the next part began.
        """
        train = system.examples(card, pq.read_table(split / "train.parquet"))
        validation = system.examples(card, pq.read_table(split / "validation.parquet"))
        parts = read_manifest(split).parts
        _require_known(train, "train", parts["validation"].start)
        _require_known(validation, "validation", parts["holdout"].start)
        state = system.fit_features(card, train.requests)
        return cls(
            state=state,
            train=system.transform(card, train.requests, state),
            train_labels=train.labels.astype(np.int8),
            validation=system.transform(card, validation.requests, state),
            validation_labels=validation.labels.astype(np.int8),
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


def _require_known(rows: Examples, part: str, start: datetime) -> None:
    """Nothing is learned from what was not known yet."""
    if (until := moment(int(rows.known_at.max()))) >= start:
        raise Refused(
            f"an outcome of the {part} part became known at {until:%Y-%m-%d %H:%M:%S}, "
            f"expected before the next part begins at {start:%Y-%m-%d %H:%M:%S}"
        )  # guard train.known


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


def data_ref(split: Path, fingerprint: str, size: str) -> DataRef:
    """What a version says of the rows that it was trained on; validation rows count as seen."""
    parts = read_manifest(split).parts
    train, validation = parts["train"], parts["validation"]
    known = [part.known_until for part in (train, validation) if part.known_until is not None]
    return DataRef(
        fingerprint=fingerprint,
        size=size,
        train_rows=train.rows,
        train_base_rate=train.base_rate,
        train_end=validation.end,
        train_known_until=max(known, default=None),
    )


def read_scores(folder: Path) -> list[ValidationScore]:
    """The validation scores that `train` wrote."""
    return TypeAdapter(list[ValidationScore]).validate_json((folder / SCORES).read_text(encoding="utf-8"))
