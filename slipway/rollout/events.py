"""Outcomes of the rarer kind: no loss is believed before enough of them are known.

On all the others a version that denies that there are any looks better, and one that expects them worse,
however many there are: their losses hardly vary, so an interval of them is narrow and in the wrong place. A
reward needs no such rule: before its rare events nobody earns anything.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from slipway.records.evidence import MIN_EVENTS


def rarer(label: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which outcomes are known, and other than the most frequent one, [requests]; NaN is unknown."""
    known = np.isfinite(label)
    if not known.any():
        return known
    values, counts = np.unique(label[known], return_counts=True)
    return np.asarray(known & (label != values[counts.argmax()]), np.bool_)


@dataclass(frozen=True)
class Events:
    """How many outcomes of the rarer kind are known.

    Attributes:
        counts: in each arm; a shadow, whose versions share their requests, has one.
        requests: among which they were found.
    """

    counts: tuple[int, ...]
    requests: int

    @classmethod
    def of(cls, label: NDArray[np.float64], arm: NDArray[np.bool_] | None = None) -> Self:
        """Count them.

        Args:
            label: [requests]; NaN where unknown.
            arm: [requests]; by which of two arms each was answered.
        """
        found = rarer(label)
        counts = [found] if arm is None else [found & arm, found & ~arm]
        return cls(tuple(int(one.sum()) for one in counts), len(label))

    @property
    def enough(self) -> bool:
        """Whether a loss may be believed."""
        return min(self.counts) >= MIN_EVENTS

    @property
    def needed(self) -> int | None:
        """Among how many requests there would be enough; None where there are, or where none was found."""
        fewest = min(self.counts)
        return None if self.enough or not fewest else -(-MIN_EVENTS * self.requests // fewest)
