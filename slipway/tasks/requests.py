"""Requests as a task sees them: what was offered and is known of it, and what a version answered."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]
"""What a version says of each row: [rows], or [rows, k] where the task says what the k are."""
Outcomes = NDArray[Any]
"""The labels as the task reads them, [rows]."""


@dataclass(frozen=True)
class Offered:
    """Requests that were offered, and what is known of their outcomes.

    Attributes:
        outcomes: [rows].
        truth: [rows]; what the generator of the data knows, None where nobody does.
        luck: [rows]; draws in [0, 1) by which outcomes are decided, the same whoever answers.
        starts: int64 [requests]; the first row of each.
        shown: bool [rows]; of which rows the outcome was seen, None for all of them.
    """

    outcomes: Outcomes
    truth: NDArray[np.float64] | None
    luck: NDArray[np.float64]
    starts: NDArray[np.int64]
    shown: NDArray[np.bool_] | None = None

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Rows of each request."""
        return np.diff(np.append(self.starts, len(self.outcomes)))

    def per_request(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Means of rows over each request, [requests]."""
        return np.asarray(np.add.reduceat(values, self.starts) / self.sizes, np.float64)


@dataclass(frozen=True)
class Answered:
    """What one version says of some requests.

    Attributes:
        scores: [rows], or [rows, k].
        ranks: int64, as scores; 1 for the best.
        starts: int64 [requests]; the first row of each.
    """

    scores: Scores
    ranks: NDArray[np.int64]
    starts: NDArray[np.int64]
