"""The replay part as the requests of a simulation: its units, times and outcomes, as one array each."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from slipway.rollout.traffic import Answer, Traffic, due
from slipway.tasks import Metric, Offered, Scores, Task


@dataclass(frozen=True)
class Logged:
    """What a rollout would offer, the warm-up's first; no columns, for nobody is asked.

    Attributes:
        units: who asks, [requests]; `unit_codes` are the same as numbers from 0.
        times: int64 [requests]; when each was sent, `known_at` when its outcome became known, microseconds.
        offered: the outcomes, and the truth where it is known.
        fallback: the constant answer, in place of one that failed.
        answer: the live version's, of all rows; None for no version, and the task then presumes what it can.
    """

    units: Sequence[str]
    unit_codes: NDArray[np.int64]
    times: NDArray[np.int64]
    known_at: NDArray[np.int64]
    task: Task
    metric: Metric
    offered: Offered
    fallback: Scores
    answer: Answer | None

    @classmethod
    def of(cls, traffic: Traffic, requests: int, answer: Answer | None, first: int = 0) -> Self:
        """So many requests of the traffic from one on.

        Args:
            answer: of all rows of the traffic up to the last of them.
        """
        chosen = slice(first, first + requests)
        rows = slice(int(traffic.bounds[first]), int(traffic.bounds[first + requests]))
        return cls(
            units=traffic.units[chosen],
            unit_codes=traffic.unit_codes[chosen],
            times=traffic.times[chosen],
            known_at=traffic.known_at[chosen],
            task=traffic.task,
            metric=traffic.metric,
            offered=Offered(
                traffic.outcomes[rows],
                None if traffic.truth is None else traffic.truth[rows],
                traffic.luck[rows],
                traffic.bounds[chosen] - rows.start,
            ),
            fallback=traffic.fallback,
            answer=None if answer is None else Answer(answer.scores[rows], answer.ranks[rows]),
        )

    @property
    def labels(self) -> NDArray[np.float64]:
        """What came of each in one number, whatever was answered, [requests]."""
        return self.task.observed(self.offered)

    def earned(self, random: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What each earns by the live version's answer, and by none; outcomes that can be drawn are."""
        offered = replace(self.offered, luck=random.random(len(self.offered.luck)))
        failed = self.task.failed(self.metric, offered, self.fallback)
        if self.answer is None:
            return self.task.presumed(self.metric, offered), failed
        return self.task.gains(self.metric, offered, self.answer.scores, self.answer.ranks), failed

    def due(self, first: int, last: int, waited: bool) -> NDArray[np.bool_]:
        """Which outcomes can be known by then."""
        return due(self.times[first:last], self.known_at[first:last], waited)
