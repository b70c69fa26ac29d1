"""The replay part as the requests of a simulation: its units, times and outcomes, as one array each."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from slipway.rollout.traffic import Answer, Traffic
from slipway.tasks import Scores


@dataclass(frozen=True)
class Logged:
    """What a rollout would offer, the warm-up's first.

    Attributes:
        traffic: the requests, without what they carry.
        fallback: the constant answer, in place of one that failed; of all traffic.
        answer: the live version's, of all rows; None for no version, and the task then presumes what it can.
    """

    traffic: Traffic
    fallback: Scores
    answer: Answer | None

    @classmethod
    def of(cls, traffic: Traffic, requests: int, answer: Answer | None, first: int = 0) -> Self:
        """So many requests of the traffic from one on.

        Args:
            answer: of all rows of the traffic up to the last of them.
        """
        last = first + requests
        rows = slice(int(traffic.bounds[first]), int(traffic.bounds[last]))
        own = None if answer is None else Answer(answer.scores[rows], answer.ranks[rows])
        return cls(traffic.unasked(first, last), traffic.fallback, own)

    @property
    def units(self) -> Sequence[str]:
        """Who asks, [requests]."""
        return self.traffic.units

    @property
    def unit_codes(self) -> NDArray[np.int64]:
        """The same as numbers from 0, [requests]."""
        return self.traffic.unit_codes

    @property
    def labels(self) -> NDArray[np.float64]:
        """What came of each in one number, whatever was answered, [requests]."""
        return self.traffic.labels

    def earned(self, random: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What each earns by the live version's answer, and by none; outcomes that can be drawn are."""
        task, metric = self.traffic.task, self.traffic.metric
        offered = replace(self.traffic.offered, luck=random.random(len(self.traffic.luck)))
        failed = task.failed(metric, offered, self.fallback)
        if self.answer is None:
            return task.presumed(metric, offered), failed
        return task.gains(metric, offered, self.answer.scores, self.answer.ranks), failed

    def due(self, first: int, last: int, waited: bool) -> NDArray[np.bool_]:
        """Which outcomes can be known by then."""
        return self.traffic.due(first, last, waited)
