"""From the scores of several models on the frozen holdout to the evidence; whoever made the scores."""

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

from slipway.base.errors import SlipwayError
from slipway.data.requests import request_bounds, request_codes, value_codes
from slipway.evaluation.latency import latency
from slipway.evaluation.measure import Measurement, slices
from slipway.records.evidence import Evidence, Holdout, Interval, ModelMetrics, ValidationScore
from slipway.settings import Card, Columns
from slipway.settings.card import Evaluation
from slipway.system import Examples, System
from slipway.tasks.metrics import auc, calibration_curve, log_loss_terms
from slipway.version.answer import rank

Role = Literal["baseline", "candidate", "champion"]


@dataclass(frozen=True)
class Subject:
    """One model as it was seen: who it is, its scores of the holdout, and the times of single requests.

    Attributes:
        scores: [rows].
        seconds: [requests].
        train_known_until: when the last outcome became known that it learned from; None where nobody says.
    """

    role: Role
    model: str
    version: int | None
    digest: str
    train_end: datetime
    size_mb: float
    scores: NDArray[np.float64]
    seconds: NDArray[np.float64]
    train_known_until: datetime | None = None


@dataclass(frozen=True)
class HoldoutRows:
    """The holdout, with the labels kept away from the models' code."""

    requests: pa.Table
    labels: NDArray[np.int8]
    units: NDArray[np.int64]
    start: datetime
    end: datetime
    bounds: list[tuple[int, int]]
    truth: NDArray[np.float64] | None

    @classmethod
    def read(cls, card: Card, system: System, split: Path) -> "HoldoutRows":
        """Read `holdout.parquet` and, where the data was generated, its true probabilities."""
        table = pq.read_table(split / "holdout.parquet")
        truth = split / "holdout.truth.parquet"
        return cls.of(
            card.data,
            system.examples(card, table),
            pq.read_table(truth)["probability"].to_numpy() if truth.is_file() else None,
        )

    @classmethod
    def of(cls, columns: Columns, rows: Examples, truth: NDArray[np.float64] | None) -> "HoldoutRows":
        """Take rows that were read by these columns."""
        codes = request_codes(rows.requests, columns.column("request"))
        times = pc.min_max(rows.requests[columns.required("time")]).as_py()
        return cls(
            requests=rows.requests,
            labels=rows.labels.astype(np.int8),
            units=value_codes(rows.units),
            start=times["min"],
            end=times["max"],
            bounds=list(pairwise(request_bounds(codes).tolist())),
            truth=truth,
        )


def compose(
    system: str,
    settings: Evaluation,
    rows: HoldoutRows,
    fingerprint: str,
    subjects: Sequence[Subject],
    validation: list[ValidationScore],
    seed: int,
    champion_problem: str | None = None,
) -> Evidence:
    """Measure and compare the subjects; a baseline and a candidate must be among them.

    Args:
        fingerprint: names the rows in the evidence.
        seed: of all resampling.
        champion_problem: why a champion is not among the subjects although there is one.
    """
    by_role = {one.role: one for one in subjects}
    measured = Measurement(
        {role: one.scores for role, one in by_role.items()},
        rows.labels,
        rows.units,
        slices(rows.requests, settings),
        settings,
        seed,
    )
    reference = by_role["baseline"].seconds
    metrics = {
        role: _metrics(one, settings, rows, measured, reference, seed) for role, one in by_role.items()
    }
    return Evidence(
        system=system,
        confidence=settings.confidence,
        holdout=_holdout(rows, fingerprint),
        baseline=metrics["baseline"],
        candidate=metrics["candidate"],
        champion=metrics.get("champion"),
        comparisons=[measured.comparison("candidate", role) for role in metrics if role != "candidate"],
        validation=validation,
        champion_problem=champion_problem,
    )


def probable(scores: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which scores can be probabilities, [rows]."""
    return (scores >= 0) & (scores <= 1)


def _both_classes(calibration: Interval | None) -> Interval:
    if calibration is None:
        raise SlipwayError("holdout.parquet: every label is 0; the parts of a split hold both classes")
    return calibration


def _holdout(rows: HoldoutRows, fingerprint: str) -> Holdout:
    best = None if rows.truth is None else float(log_loss_terms(rows.truth, rows.labels).mean())
    return Holdout(
        fingerprint=fingerprint,
        rows=len(rows.labels),
        units=int(rows.units.max()) + 1,
        base_rate=float(rows.labels.mean()),
        start=rows.start,
        end=rows.end,
        best_log_loss=best,
    )


def _metrics(
    subject: Subject,
    settings: Evaluation,
    rows: HoldoutRows,
    measured: Measurement,
    reference: NDArray[np.float64],
    seed: int,
) -> ModelMetrics:
    role, scores, confidence = subject.role, subject.scores, settings.confidence
    return ModelMetrics(
        role=role,
        model=subject.model,
        version=subject.version,
        digest=subject.digest,
        train_end=subject.train_end,
        train_known_until=subject.train_known_until,
        finite=bool(probable(scores).all()),
        distinct_scores=len(np.unique(scores)),
        log_loss=measured.log_loss(role),
        auc=auc(scores, rows.labels, rows.units, confidence),
        normalised_entropy=measured.normalised_entropy(role),
        calibration=_both_classes(measured.calibration(role)),
        calibration_curve=calibration_curve(scores, rows.labels, confidence),
        slices=measured.slices(role),
        latency=latency(subject.seconds, reference, confidence, seed),
        size_mb=subject.size_mb,
        reward=None if rows.truth is None else earned(scores, rows.truth, rows.bounds),
    )


def earned(scores: NDArray[np.float64], truth: NDArray[np.float64], bounds: list[tuple[int, int]]) -> float:
    """What a request earns on average where its option of the best score is shown."""
    groups = np.repeat(np.arange(len(bounds)), [stop - start for start, stop in bounds])
    return float(truth[rank(scores, groups) == 1].mean())
