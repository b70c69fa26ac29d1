"""A generated table for each task, its design card, and models that know more or less of it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from slipway.evaluation.compose import HoldoutRows, Role, Subject, compose
from slipway.records.environment import Parity
from slipway.records.evidence import Evidence, HoldoutUse
from slipway.settings import Card
from slipway.system import read_examples
from slipway.tasks import Scores

FIRST = HoldoutUse.of(1, 0.95)
START = datetime(2026, 1, 1)
CLASSES = ["red", "green", "blue"]
LABELS: dict[str, dict[str, Any]] = {
    "binary": {"type": "integer", "min": 0, "max": 1},
    "regression": {"type": "number"},
    "multiclass": {"type": "string", "values": CLASSES},
}
PRIMARY = {"binary": "log_loss", "regression": "squared_error", "multiclass": "log_loss"}
BASELINE = {"binary": "logistic", "regression": "ridge", "multiclass": "logistic"}


def card(task: str, **changes: Any) -> Card:
    """A card of a small table with one number, one category and a label."""
    found: dict[str, Any] = {
        "schema_version": 1,
        "name": task,
        "problem": {
            "objective": "To be tried",
            "task": task,
            "daily_active_users": 1,
            "peak_queries_per_second": 1,
            "p99_latency_ms": 1000.0,
        },
        "data": {
            "source": {"kind": "table", "format": "parquet"},
            "columns": {
                "at": {"type": "timestamp", "role": "time"},
                "who": {"type": "integer", "role": "unit"},
                "size": {"type": "number"},
                "shop": {"type": "string"},
                "label": LABELS[task] | {"role": "label"},
            },
            "split": {"validation": 0.15, "holdout": 0.2, "replay": 0.35},
        },
        "features": {
            "categorical": ["shop"],
            "numeric": ["size"],
            "hash_bits": 8,
            "time_of_day": False,
        },
        "models": {
            "seed": 0,
            "baseline": {"name": "simple", "kind": BASELINE[task]},
            "candidates": [
                {"name": "boosting", "kind": "boosting", "params": {"rounds": 60, "min_data_in_leaf": 10}}
            ],
        },
        "evaluation": {
            "primary": PRIMARY[task],
            "confidence": 0.95,
            "resamples": 200,
            "slices": ["shop"],
            "min_slice_rows": 100,
        },
        "serving": {"max_rows": 100},
        "rollout": {
            "warmup_requests": 10,
            "batch_requests": 200,
            "block_requests": 50,
            "steps": [{"weight": 25, "requests": 600}, {"weight": 50, "requests": 600}],
            "guardrails": {"min_requests": 100, "max_error_rate_rise": 0.05, "max_unknown_rise": 0.05},
            "max_duration_minutes": 10.0,
        },
    }
    for place, value in changes.items():
        section, _, key = place.partition("__")
        found[section] = found.get(section, {}) | {key: value}
    return Card.model_validate(found)


@dataclass(frozen=True)
class World:
    """Rows, and the answer of somebody who knows how they came about.

    Attributes:
        truth: expected labels, [rows], or the probabilities of the classes, [rows, classes].
    """

    card: Card
    rows: pa.Table
    truth: Scores

    def slice(self, start: int, stop: int) -> "World":
        """Some of the rows."""
        return replace(self, rows=self.rows.slice(start, stop - start), truth=self.truth[start:stop])


def world(task: str, rows: int = 3000, seed: int = 0, **changes: Any) -> World:
    """Rows whose label depends on the square of a number and on a shop, a minute apart."""
    random = np.random.default_rng(seed)
    size, shop = random.normal(0, 1, rows), random.integers(0, 3, rows)
    signal = np.square(size) - 1 + 0.5 * shop
    table = {
        "at": pa.array([START + timedelta(minutes=place) for place in range(rows)], pa.timestamp("us")),
        "who": random.integers(0, rows // 4, rows),
        "size": size,
        "shop": np.array(["north", "south", "west"])[shop],
    }
    if task == "regression":
        truth: Scores = 100 + 10 * signal
        label: Any = truth + random.normal(0, 5, rows)
    elif task == "binary":
        truth = 1 / (1 + np.exp(1 - 1.5 * signal))
        label = (random.random(rows) < truth).astype(np.int64)
    else:
        odds = np.stack([np.zeros(rows), 1.5 * signal, size], axis=1)
        truth = np.exp(odds) / np.exp(odds).sum(axis=1, keepdims=True)
        drawn = (random.random(rows)[:, None] > truth.cumsum(axis=1)).sum(axis=1)
        label = np.array(CLASSES)[np.minimum(drawn, 2)]
    return World(card(task, **changes), pa.table(table | {"label": label}), truth)


def weakened(task: str, scores: Scores, share: float) -> Scores:
    """Answers moved so much of the way to those of somebody who knows nothing of the single row."""
    return np.asarray((1 - share) * scores + share * scores.mean(axis=0), np.float64)


def evidence(found: World, seed: int = 0, **given: Scores) -> Evidence:
    """What is measured of answers to all the rows, by role; whoever is missing knows little."""
    task = found.card.problem.task
    known = {"baseline": weakened(task, found.truth, 0.8), "candidate": found.truth} | given
    subjects = [subject(role, scores) for role, scores in known.items()]  # type: ignore[arg-type]
    card, task = found.card, found.card.task
    rows = HoldoutRows.of(task, read_examples(card.data, found.rows), None)
    parity = Parity(rows=200, tolerance=1e-6, here=0.0, differing=[]) if "champion" in given else None
    return compose(
        card.name, task, card.evaluation, rows, "data", subjects, [], seed, parity=parity, use=FIRST
    )


def subject(role: Role, scores: Scores) -> Subject:
    """Somebody who gave these answers, as fast as everybody."""
    seconds: NDArray[np.float64] = np.full(20, 1e-3)
    before = START - timedelta(days=1)
    return Subject(role, role, None, role, before, 1.0, scores, seconds)
