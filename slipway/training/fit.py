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
from slipway.data.requests import value_codes
from slipway.models import Labelled, Objective, Predictor, kind, predictor, require_learns
from slipway.records.evidence import ValidationScore
from slipway.records.recalibration import Recalibration
from slipway.settings import Card
from slipway.settings.model import Model
from slipway.system import Examples, FeatureState, Inputs, System, load_system
from slipway.system.examples import microseconds, moment
from slipway.tasks import Scores, Task
from slipway.tasks.recalibration import recalibrated, recalibration
from slipway.training.sample import made_rows
from slipway.version.assemble import assemble
from slipway.version.manifest import DataRef

Scope = Literal["all", "baseline"]
SCORES = "validation.json"


@dataclass(frozen=True)
class Trained:
    """A fitted predictor.

    Attributes:
        recalibration: what its scores are bent by; None where the card or the task asks for nothing.
        score: the primary metric of its answers to the validation part, recalibrated.
        seconds: how long it took to fit and to score that part.
    """

    model: Model
    predictor: Predictor
    recalibration: Recalibration | None
    score: float
    seconds: float

    def answers(self, task: Task, inputs: Inputs) -> Scores:
        """As the version gives them."""
        return recalibrated(task, self.predictor.scores(inputs), self.recalibration)


@dataclass(frozen=True)
class Tables:
    """The two parts that training may see, as inputs and labels, and the features learned from the first.

    Attributes:
        validation_units: int64 [rows], from 0; whose each row is.
        made: rows that are nobody's, which a version carries with their scores, for a served copy to repeat.
    """

    state: FeatureState
    train: Labelled
    validation: Labelled
    validation_units: NDArray[np.int64]
    made: pa.Table
    made_inputs: Inputs

    @classmethod
    def read(cls, card: Card, system: System, split: Path) -> "Tables":
        """Read the parts; features are learned from the training rows alone.

        Raises:
            Refused: an outcome became known only after the next part began.
        """
        task = card.task
        train = system.examples(card, pq.read_table(split / "train.parquet"))
        validation = system.examples(card, pq.read_table(split / "validation.parquet"))
        parts = read_manifest(split).parts
        # The manifest's word is not enough: it is the rows that are learned from.
        _require_known(train, "train", parts["validation"].start)
        _require_known(validation, "validation", parts["holdout"].start)
        state = system.fit_features(card, train.requests)
        made = made_rows(card, train.requests, value_codes(train.units))

        def labelled(rows: Examples) -> Labelled:
            return Labelled(
                inputs=system.transform(card, rows.requests, state),
                labels=task.outcomes(rows.labels),
                at=microseconds(rows.requests[card.data.required("time")]),
                known_at=rows.known_at,
            )

        return cls(
            state=state,
            train=labelled(train),
            validation=labelled(validation),
            validation_units=value_codes(validation.units),
            made=made,
            made_inputs=system.transform(card, made, state),
        )


def train_models(
    root: Path,
    card: Card,
    split: Path,
    data: DataRef,
    out: Path,
    scope: Scope = "all",
    say: Callable[[str], None] = print,
) -> list[ValidationScore]:
    """Write the versions `out/baseline` and `out/candidate`, and the validation scores beside them.

    Args:
        scope: `baseline` trains the baseline alone, which then is the candidate too.
        say: takes a line of progress.

    Raises:
        UsageError: a kind cannot learn what the task asks for; nothing is trained.
    """
    # For all models before the first is fitted, so that a fault of the last costs no training.
    objectives = {model.name: _objective(card, key, model) for key, model in card.models.by_key.items()}
    system = load_system(card.name, root)
    tables = Tables.read(card, system, split)
    say(f"{len(tables.train.labels):,} training rows, {len(tables.validation.labels):,} validation rows")
    primary = card.task.primary
    models = [card.models.baseline, *(card.models.candidates if scope == "all" else [])]
    trained = []
    for model in models:
        trained.append(one := _fit(card, model, tables, objectives[model.name]))
        say(f"{model.name}: validation {primary.words} {one.score:.5f}, {one.seconds:.1f} s{_told(one)}")
    # The baseline does not compete: a candidate that is no better is for the gate to refuse, on the record.
    best = min(trained[1:] or trained, key=lambda one: primary.sign * one.score)
    for folder, chosen in (("baseline", trained[0]), ("candidate", best)):
        _assemble(out / folder, root, card, chosen, tables, data)
    scores = [_score(one, one is best, tables.train.inputs) for one in trained]
    write_text(out / SCORES, TypeAdapter(list[ValidationScore]).dump_json(scores, indent=2).decode())
    return scores


def _told(one: Trained) -> str:
    return "" if one.recalibration is None else f"; {one.recalibration}"


def _require_known(rows: Examples, part: str, start: datetime) -> None:
    """Nothing is learned from what was not known yet."""
    if (until := moment(int(rows.known_at.max()))) >= start:
        raise Refused(
            f"an outcome of the {part} part became known at {until:%Y-%m-%d %H:%M:%S}, "
            f"expected before the next part begins at {start:%Y-%m-%d %H:%M:%S}"
        )  # guard train.known


def _objective(card: Card, key: str, model: Model) -> Objective:
    """The first of the task's objectives that this kind of model can learn."""
    wanted = [Objective(*one) for one in card.task.objectives]
    able = [one for one in wanted if one.name in kind(model.kind).learns]
    require_learns(key, model.kind, (able or wanted)[0])
    return (able or wanted)[0]


def _fit(card: Card, model: Model, tables: Tables, objective: Objective) -> Trained:
    begun, task = time.monotonic(), card.task
    fitted = predictor(model.kind).fit(
        tables.train, tables.validation, model.params, card.models.seed, objective
    )
    scores, labels = fitted.scores(tables.validation.inputs), tables.validation.labels
    # All of validation, the newest that is known: a piece that stopped no training is smaller, and noise then
    # costs more than one stop and one choice among few models do.
    bent = recalibration(task, scores, labels, tables.validation_units) if card.models.recalibrate else None
    # Chosen by what will be answered: a model that only the rate of its labels left behind is not the worse.
    score = task.score(recalibrated(task, scores, bent), labels)
    return Trained(model, fitted, bent, score, time.monotonic() - begun)


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
        sample=tables.made,
        sample_scores=chosen.answers(card.task, tables.made_inputs),
        commit=at.sha,
        clean=at.clean,
        recalibration=chosen.recalibration,
    )


def _score(one: Trained, chosen: bool, inputs: Inputs) -> ValidationScore:
    gains = kind(one.model.kind).gains
    return ValidationScore(
        model=one.model.name,
        kind=one.model.kind,
        score=one.score,
        seconds=one.seconds,
        chosen=chosen,
        gains=None if gains is None else gains(one.predictor, inputs),
    )


def data_ref(split: Path, fingerprint: str, size: str) -> DataRef:
    """What a version says of the rows that it was trained on; validation rows count as seen."""
    parts = read_manifest(split).parts
    train, validation = parts["train"], parts["validation"]
    # A split of schema_version 1 does not say until when.
    known = [part.known_until for part in (train, validation) if part.known_until is not None]
    return DataRef(
        fingerprint=fingerprint,
        size=size,
        train_rows=train.rows,
        labels=train.labels,
        train_end=validation.end,
        train_known_until=max(known, default=None),
    )


def read_scores(folder: Path) -> list[ValidationScore]:
    """The validation scores that `train` wrote."""
    return TypeAdapter(list[ValidationScore]).validate_json((folder / SCORES).read_text(encoding="utf-8"))
