"""The replay part as traffic: its requests in time order, and what comes of the answers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from slipway.base.errors import SlipwayError, UsageError
from slipway.data.requests import request_bounds, request_codes, value_codes
from slipway.data.truth import read_truth
from slipway.settings import Card, Column
from slipway.system import System
from slipway.system.examples import HOUR, microseconds
from slipway.tasks import Metric, Offered, Outcomes, Scores, Seen, Task

REPLAY = "replay.parquet"
DATATYPES = {"integer": "INT64", "number": "FP64", "string": "BYTES", "timestamp": "BYTES"}


@dataclass(frozen=True)
class Offer:
    """One request: who asks, which rows are its options, and its Open Inference Protocol body."""

    unit: str
    rows: slice
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What a version said of one request: scores [options] or [options, k], and ranks, 1 being the best."""

    scores: Scores
    ranks: NDArray[np.int64]


def decision(card: Card, seen: Seen) -> Metric:
    """The metric that decides a rollout whose traffic knows outcomes in this way.

    Raises:
        UsageError: the card asks for one that the traffic cannot show.
    """
    try:
        return card.task.decision(card.rollout.decision.metric, seen)
    except UsageError as error:
        raise UsageError(f"systems/{card.name}/system.yaml: {error}") from error  # guard rollout.reward


@dataclass(frozen=True)
class Traffic:
    """Requests to offer, each once.

    Attributes:
        columns: what a request carries, by name.
        requests: one row per option; the rows of a request are adjacent.
        bounds: int64 [requests + 1]; first row of each request.
        units: unit of assignment of each request, [requests].
        unit_codes: int64 [requests]; the same as numbers from 0.
        times: int64 [requests]; when each was sent, rising, microseconds since 1970.
        known_at: int64 [requests]; when each counts: its last outcome was known and its maturity window has
            passed, microseconds since 1970.
        task: says what outcomes are, and what they are worth.
        outcomes: [rows]; the logged ones.
        truth: float64 [rows] or [rows, k]; what the generator knows of the outcomes, None where nobody does.
        luck: float64 [rows]; decides what comes of an option by its truth, whichever arm shows it.
        metric: how outcomes are judged.
    """

    columns: dict[str, Column]
    requests: pa.Table
    bounds: NDArray[np.int64]
    units: list[str]
    unit_codes: NDArray[np.int64]
    times: NDArray[np.int64]
    known_at: NDArray[np.int64]
    task: Task
    outcomes: Outcomes
    truth: NDArray[np.float64] | None
    luck: NDArray[np.float64]
    metric: Metric

    @classmethod
    def load(cls, card: Card, system: System, split: Path, seed: int) -> Self:
        """Read the replay part of a split, and the truth beside it where it is known."""
        if not (split / REPLAY).is_file():
            raise SlipwayError(f"{split / REPLAY}: no such file; `dvc repro` makes it")
        task = card.task
        table = pq.read_table(split / REPLAY, columns=list(card.data.columns))
        truth = read_truth(split / REPLAY, task, table.num_rows)
        request = card.data.column("request")
        groups = request_codes(table, request)
        time = microseconds(table[card.data.required("time")])
        order, bounds = _in_time_order(groups, time)
        table = table.take(order)
        rows = system.examples(card, table)
        unit = rows.units.take(bounds[:-1])
        times = np.minimum.reduceat(time[order], bounds[:-1])
        matures = times + round((card.rollout.maturity_hours or 0.0) * HOUR)
        return cls(
            columns={name: card.data.columns[name] for name in card.data.inputs},
            requests=rows.requests.select(card.data.inputs),
            bounds=bounds,
            units=pc.fill_null(unit.cast(pa.string()), "").to_pylist(),
            unit_codes=value_codes(unit),
            times=times,
            known_at=np.maximum(np.maximum.reduceat(rows.known_at, bounds[:-1]), matures),
            task=task,
            outcomes=task.outcomes(rows.labels),
            truth=None if truth is None else truth[order],
            luck=np.random.default_rng(seed).random(table.num_rows),
            metric=decision(card, "logged" if truth is None else "drawn"),
        )

    def __len__(self) -> int:
        return len(self.bounds) - 1

    @property
    def offered(self) -> Offered:
        """All requests, and what is known of their outcomes."""
        return Offered(self.outcomes, self.truth, self.luck, self.bounds[:-1])

    @cached_property
    def fallback(self) -> Scores:
        """The best answer that is the same for every row, in place of one that failed: [1] or [1, k]."""
        return self.task.constant(self.outcomes)

    @cached_property
    def labels(self) -> NDArray[np.float64]:
        """What came of each request, whatever was answered, [requests]."""
        return self.task.observed(self.offered)

    def unasked(self, first: int, last: int) -> Self:
        """The requests `first` to `last` without what they carry, of which nobody is asked an answer."""
        chosen, rows = slice(first, last), slice(int(self.bounds[first]), int(self.bounds[last]))
        return replace(
            self,
            columns={},
            requests=self.requests.select([]),
            bounds=self.bounds[first : last + 1] - rows.start,
            units=self.units[chosen],
            unit_codes=self.unit_codes[chosen],
            times=self.times[chosen],
            known_at=self.known_at[chosen],
            outcomes=self.outcomes[rows],
            truth=None if self.truth is None else self.truth[rows],
            luck=self.luck[rows],
        )

    def offers(self, first: int, last: int) -> list[Offer]:
        """The requests `first` to `last`, which is not among them."""
        bounds = self.bounds[first : last + 1]
        rows = self.requests.slice(bounds[0], bounds[-1] - bounds[0])
        slices = map(slice, bounds[:-1].tolist(), bounds[1:].tolist())
        made = bodies(self.columns, rows, bounds - bounds[0])
        return [
            Offer(unit, where, body)
            for unit, where, body in zip(self.units[first:last], slices, made, strict=True)
        ]

    def due(self, first: int, last: int, waited: bool) -> NDArray[np.bool_]:
        """Which outcomes of the requests `first` to `last` can be known once these are sent, [requests].

        Args:
            waited: until the last of them is known.
        """
        return due(self.times[first:last], self.known_at[first:last], waited)

    def gains(self, first: int, answers: Sequence[Answer | None]) -> NDArray[np.float64]:
        """The decision metric of each request from `first` on; better is up.

        A request without an answer earns what the task says of one that failed: left out, the failures of a
        canary would be forgiven, and more so where it fails on what is hard.
        """
        found = np.empty(len(answers))
        given = [(place, answer) for place, answer in enumerate(answers) if answer is not None]
        failed = [place for place, answer in enumerate(answers) if answer is None]
        if failed:
            found[failed] = self.task.failed(
                self.metric, self._offered(first + np.array(failed)), self.fallback
            )
        if not given:
            return found
        places = np.array([place for place, _ in given])
        found[places] = self.task.gains(
            self.metric,
            self._offered(first + places),
            np.concatenate([answer.scores for _, answer in given]),
            np.concatenate([answer.ranks for _, answer in given]),
        )
        return found

    def _offered(self, requests: NDArray[np.int64]) -> Offered:
        """What is known of the outcomes of some requests."""
        starts = self.bounds[requests]
        sizes = self.bounds[requests + 1] - starts
        rows = np.concatenate(
            [np.arange(start, start + size) for start, size in zip(starts, sizes, strict=True)]
        )
        return Offered(
            self.outcomes[rows],
            None if self.truth is None else self.truth[rows],
            self.luck[rows],
            np.append(0, np.cumsum(sizes)[:-1]),
        )


def due(times: NDArray[np.int64], known_at: NDArray[np.int64], waited: bool) -> NDArray[np.bool_]:
    """Which outcomes of requests can be known once the last of them is sent, [requests].

    Replay lives in the time of its rows: an outcome comes when it became known, however fast requests are
    sent, and whichever version answers: the window of a request is the same in both arms.

    Args:
        times: when each was sent, rising, [requests].
        known_at: when its outcome became known, in the same unit, [requests].
        waited: until the last outcome is known.
    """
    now = known_at.max(initial=0) if waited else times[-1:]
    return np.asarray(known_at <= now, np.bool_)


def bodies(columns: dict[str, Column], rows: pa.Table, bounds: NDArray[np.int64]) -> list[bytes]:
    """One Open Inference Protocol request for each range of rows: a tensor per column, times in UTC."""
    values = {name: _plain(column, rows[name]) for name, column in columns.items()}
    return [
        orjson.dumps(
            {
                "inputs": [
                    {
                        "name": name,
                        "shape": [last - first],
                        "datatype": DATATYPES[column.type],
                        "data": values[name][first:last],
                    }
                    for name, column in columns.items()
                ]
            }
        )
        for first, last in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)
    ]


def _plain(column: Column, values: pa.ChunkedArray) -> list[Any]:
    naive = values.cast(pa.timestamp("us")) if column.type == "timestamp" else values
    return list(naive.to_pylist())


def _in_time_order(
    groups: NDArray[np.int64], time: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row order by each request's first time, its rows together and as they stood; and the bounds."""
    begun = np.full(int(groups.max()) + 1 if len(groups) else 0, np.iinfo(np.int64).max)
    np.minimum.at(begun, groups, time)
    order = np.lexsort((groups, begun[groups]))
    return order, request_bounds(groups[order])
