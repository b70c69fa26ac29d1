"""Score candidate, baseline and champion on the frozen holdout, each by its own code: the evidence."""

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from slipway.data.requests import request_bounds, request_codes
from slipway.errors import SlipwayError
from slipway.evaluation.evidence import Evidence, Holdout, Interval, ModelMetrics, ValidationScore
from slipway.evaluation.latency import latency, time_in_turns
from slipway.evaluation.measure import Measurement, slices
from slipway.evaluation.metrics import auc, calibration_curve, log_loss_terms
from slipway.settings import Card
from slipway.version.manifest import MANIFEST, sha256
from slipway.version.process import VersionProcess

Role = Literal["baseline", "candidate", "champion"]


@dataclass(frozen=True)
class Contender:
    """One version to measure, or the reason why it is not at hand (it could not be fetched or verified)."""

    role: Role
    folder: Path | None
    version: int | None = None
    problem: str | None = None


@dataclass(frozen=True)
class Scored:
    """A contender with its running process and its scores of the holdout."""

    contender: Contender
    process: VersionProcess
    scores: NDArray[np.float64]


@dataclass(frozen=True)
class HoldoutRows:
    """The holdout, with the labels kept away from the models' code."""

    requests: pa.Table
    labels: NDArray[np.int8]
    units: NDArray[np.int64]
    bounds: list[tuple[int, int]]
    truth: NDArray[np.float64] | None

    @classmethod
    def read(cls, card: Card, split: Path) -> "HoldoutRows":
        """Read `holdout.parquet` and, where the data was generated, its true probabilities."""
        table = pq.read_table(split / "holdout.parquet")
        label = card.data.required("label")
        _, units = np.unique(table[card.data.required("unit")].to_numpy(), return_inverse=True)
        codes = request_codes(table, card.data.column("request"))
        truth = split / "holdout.truth.parquet"
        return cls(
            requests=table.drop_columns([label]),
            labels=table[label].to_numpy().astype(np.int8),
            units=units.astype(np.int64),
            bounds=list(pairwise(request_bounds(codes).tolist())),
            truth=pq.read_table(truth)["probability"].to_numpy() if truth.is_file() else None,
        )


def evaluate(
    card: Card, split: Path, fingerprint: str, contenders: list[Contender], validation: list[ValidationScore]
) -> Evidence:
    """Measure every contender on the holdout of `split`.

    A champion that cannot be scored is stated in the evidence, for the gate to refuse; a baseline or a
    candidate that cannot be scored is an error.
    """
    rows = HoldoutRows.read(card, split)
    scored: dict[str, Scored] = {}
    problem = None
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        file = Path(temporary) / "requests.parquet"
        pq.write_table(rows.requests, file)
        for contender in contenders:
            try:
                scored[contender.role] = _score(contender, stack, file, len(rows.labels))
            except SlipwayError as error:
                if contender.role != "champion":
                    raise
                problem = str(error)
        seconds, late = _time(scored, file, rows.bounds)
    measured = Measurement(
        {role: one.scores for role, one in scored.items()},
        rows.labels,
        rows.units,
        slices(rows.requests, card.evaluation),
        card.evaluation,
        card.models.seed,
    )
    metrics = {role: _metrics(one, card, rows, measured, seconds) for role, one in scored.items()}
    return Evidence(
        system=card.name,
        confidence=card.evaluation.confidence,
        holdout=_holdout(card, rows, fingerprint),
        baseline=metrics["baseline"],
        candidate=metrics["candidate"],
        champion=metrics.get("champion"),
        comparisons=[measured.comparison("candidate", role) for role in metrics if role != "candidate"],
        validation=validation,
        champion_problem=problem or late,
    )


def _score(contender: Contender, stack: ExitStack, file: Path, rows: int) -> Scored:
    if contender.folder is None or contender.problem is not None:
        raise SlipwayError(contender.problem or f"{contender.role}: no folder and no reason why")
    process = stack.enter_context(VersionProcess(contender.folder))
    scores = process.score(file, file.with_name(f"{contender.role}.npy"))
    _require_sound(contender, scores, rows)
    return Scored(contender, process, scores)


def _time(
    scored: dict[str, Scored], file: Path, bounds: list[tuple[int, int]]
) -> tuple[dict[str, NDArray[np.float64]], str | None]:
    """Seconds per role; a champion that fails is taken out of `scored`, and its reason returned."""
    processes = {role: one.process for role, one in scored.items()}
    try:
        return time_in_turns(processes, file, bounds), None
    except SlipwayError as error:
        if "champion" not in processes or not processes["champion"].ended:
            raise
        del scored["champion"], processes["champion"]
        return time_in_turns(processes, file, bounds), str(error)


def _both_classes(calibration: Interval | None) -> Interval:
    if calibration is None:
        raise SlipwayError("holdout.parquet: every label is 0; the parts of a split hold both classes")
    return calibration


def _require_sound(contender: Contender, scores: NDArray[np.float64], rows: int) -> None:
    """A champion that answers nonsense would make any candidate look good."""
    if scores.shape != (rows,):
        raise SlipwayError(f"{contender.folder}: scores of shape {scores.shape} for {rows} rows")
    if contender.role == "champion" and not np.isfinite(scores).all():
        raise SlipwayError(f"{contender.folder}: {int((~np.isfinite(scores)).sum())} scores are no numbers")


def _holdout(card: Card, rows: HoldoutRows, fingerprint: str) -> Holdout:
    times = rows.requests[card.data.required("time")].to_pylist()
    best = None if rows.truth is None else float(log_loss_terms(rows.truth, rows.labels).mean())
    return Holdout(
        fingerprint=fingerprint,
        rows=len(rows.labels),
        units=int(rows.units.max()) + 1,
        base_rate=float(rows.labels.mean()),
        start=times[0],
        end=times[-1],
        best_log_loss=best,
    )


def _metrics(
    scored: Scored,
    card: Card,
    rows: HoldoutRows,
    measured: Measurement,
    seconds: dict[str, NDArray[np.float64]],
) -> ModelMetrics:
    folder, manifest, scores = scored.process.folder, scored.process.manifest, scored.scores
    role, confidence = scored.contender.role, card.evaluation.confidence
    return ModelMetrics(
        role=role,
        model=manifest.model,
        version=scored.contender.version,
        digest=sha256(folder / MANIFEST),
        train_end=manifest.data.train_end,
        finite=bool(np.isfinite(scores).all() and (scores >= 0).all() and (scores <= 1).all()),
        distinct_scores=len(np.unique(scores)),
        log_loss=measured.log_loss(role),
        auc=auc(scores, rows.labels, rows.units, confidence),
        normalised_entropy=measured.normalised_entropy(role),
        calibration=_both_classes(measured.calibration(role)),
        calibration_curve=calibration_curve(scores, rows.labels, confidence),
        slices=measured.slices(role),
        latency=latency(seconds[role], seconds["baseline"], confidence, card.models.seed),
        size_mb=sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6,
    )
