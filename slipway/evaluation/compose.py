"""From the answers of several models on the frozen holdout to the evidence, however they were made."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from slipway.data.requests import request_bounds, request_codes, value_codes
from slipway.data.truth import read_truth
from slipway.evaluation.latency import latency
from slipway.evaluation.measure import Measurement
from slipway.evaluation.slices import slices
from slipway.records.environment import Environment, Parity
from slipway.records.evidence import Evidence, Holdout, HoldoutUse, ModelMetrics, ValidationScore
from slipway.records.recalibration import Recalibration
from slipway.settings import Card
from slipway.settings.card import Evaluation, Gate
from slipway.system import Examples, System
from slipway.tasks import Outcomes, Scores, Task
from slipway.tasks.recalibration import original

Role = Literal["baseline", "candidate", "champion"]
BEFORE = " before"
"""Behind a role: its scores before they were recalibrated."""


@dataclass(frozen=True)
class Subject:
    """One model as it was seen: who it is, its answers to the holdout, and the times of single requests.

    Attributes:
        scores: [rows], or [rows, k].
        seconds: [requests]; of the requests that were timed, the same for every subject.
        train_known_until: when the last outcome became known that it learned from; None where nobody says.
        recalibration: what its scores were bent by; None where nothing was fitted.
        environment: where it was trained; None where it does not say.
    """

    role: Role
    model: str
    version: int | None
    digest: str
    train_end: datetime
    size_mb: float
    scores: Scores
    seconds: NDArray[np.float64]
    train_known_until: datetime | None = None
    recalibration: Recalibration | None = None
    environment: Environment | None = None


@dataclass(frozen=True)
class HoldoutRows:
    """The holdout, with the labels kept away from the models' code.

    Attributes:
        requests: [rows]; what models may see.
        outcomes: [rows].
        units: [rows]; codes of the unit of assignment.
        start: the earliest time of a row.
        end: the latest one.
        bounds: the first row of each request, and the one after its last.
        truth: [rows] or [rows, k]; what the generator of the data knows, None where nobody does.
    """

    requests: pa.Table
    outcomes: Outcomes
    units: NDArray[np.int64]
    start: datetime
    end: datetime
    bounds: list[tuple[int, int]]
    truth: NDArray[np.float64] | None

    @classmethod
    def read(cls, card: Card, system: System, split: Path) -> "HoldoutRows":
        """Read `holdout.parquet` and, where the data was generated, the truth beside it."""
        table = pq.read_table(split / "holdout.parquet")
        task = card.task
        known = read_truth(split / "holdout.parquet", task, table.num_rows)
        return cls.of(task, system.examples(card, table), known)

    @classmethod
    def of(cls, task: Task, rows: Examples, truth: NDArray[np.float64] | None) -> "HoldoutRows":
        """Take rows that were read by the columns of the task."""
        columns = task.columns
        codes = request_codes(rows.requests, columns.column("request"))
        times = pc.min_max(rows.requests[columns.required("time")]).as_py()
        return cls(
            requests=rows.requests,
            outcomes=task.outcomes(rows.labels),
            units=value_codes(rows.units),
            start=times["min"],
            end=times["max"],
            bounds=list(pairwise(request_bounds(codes).tolist())),
            truth=truth,
        )


def compose(
    system: str,
    task: Task,
    settings: Evaluation,
    rows: HoldoutRows,
    fingerprint: str,
    subjects: Sequence[Subject],
    validation: list[ValidationScore],
    seed: int,
    champion_problem: str | None = None,
    parity: Parity | None = None,
    use: HoldoutUse | None = None,
    gate: Gate | None = None,
) -> Evidence:
    """Measure and compare the subjects; a baseline and a candidate must be among them.

    Args:
        settings: the metrics' confidence, resamples and slices.
        fingerprint: names the rows in the evidence.
        seed: of all resampling.
        champion_problem: why a champion is not among the subjects although there is one.
        parity: of the champion, where it was asked for its kept scores.
        use: of the holdout by this candidate, counted by whoever keeps the counts.
        gate: says which slices are critical; None: none is.
    """
    # The first one is compared with the others.
    by_role = {one.role: one for one in sorted(subjects, key=lambda one: one.role != "candidate")}
    before = _before(task, subjects)
    sliced = slices(rows.requests, rows.outcomes, rows.units, task, settings, gate or Gate())
    measured = Measurement(
        task,
        {role: one.scores for role, one in by_role.items()} | before,
        rows.outcomes,
        rows.units,
        sliced.groups,
        settings,
        seed,
        {} if use is None else {"champion": use.level},
        alone=before.keys(),
    )
    # Speed is told as a ratio to the baseline's in the same run: milliseconds depend on the machine.
    reference = by_role["baseline"].seconds
    metrics = {role: _metrics(one, rows, measured, reference, seed) for role, one in by_role.items()}
    return Evidence(
        system=system,
        task=task.name,
        primary=task.primary.name,
        confidence=settings.confidence,
        holdout=_holdout(task, rows, fingerprint),
        baseline=metrics["baseline"],
        candidate=metrics["candidate"],
        champion=metrics.get("champion"),
        comparisons=[measured.comparison(role) for role in metrics if role != "candidate"],
        small_slices=sliced.small,
        validation=validation,
        champion_problem=champion_problem,
        parity=parity,
        use=use if "champion" in metrics else None,
    )


def _before(task: Task, subjects: Sequence[Subject]) -> dict[str, Scores]:
    """The scores of those whom recalibration has changed, without it."""
    return {
        f"{one.role}{BEFORE}": original(task, one.scores, one.recalibration)
        for one in subjects
        if one.recalibration is not None and not one.recalibration.is_plain
    }


def _holdout(task: Task, rows: HoldoutRows, fingerprint: str) -> Holdout:
    return Holdout(
        fingerprint=fingerprint,
        rows=len(rows.units),
        units=int(rows.units.max()) + 1,
        labels=task.described(rows.outcomes),
        start=rows.start,
        end=rows.end,
        best=None if rows.truth is None else task.best(rows.truth, rows.outcomes),
    )


def _metrics(
    subject: Subject, rows: HoldoutRows, measured: Measurement, reference: NDArray[np.float64], seed: int
) -> ModelMetrics:
    task, confidence = measured.task, measured.confidence
    role, scores = subject.role, subject.scores
    starts = np.array([start for start, _ in rows.bounds], np.int64)
    return ModelMetrics(
        role=role,
        model=subject.model,
        version=subject.version,
        digest=subject.digest,
        train_end=subject.train_end,
        train_known_until=subject.train_known_until,
        finite=bool(task.sound(scores).all()),
        distinct_scores=len(np.unique(scores, axis=0)),
        metrics=measured.metrics(role) | task.ranked(scores, rows.outcomes, rows.units, confidence),
        curve=task.curve(scores, rows.outcomes, confidence),
        slices=measured.slices(role),
        latency=latency(subject.seconds, reference, confidence, seed),
        size_mb=subject.size_mb,
        reward=None if rows.truth is None else task.earned(scores, rows.truth, starts),
        recalibration=subject.recalibration,
        environment=subject.environment,
        before=measured.metrics(f"{role}{BEFORE}"),
    )
