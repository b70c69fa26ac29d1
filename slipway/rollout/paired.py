"""Two versions on the same requests: what each would have earned there, and the difference by unit.

Where what comes of a request does not depend on what was answered, both answers of every request can be
judged by the one outcome. What users and days have in common then falls out of the difference, which a split
of the traffic leaves in.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from slipway.records.evidence import Interval
from slipway.rollout.per_request import PerRequest
from slipway.rollout.sequential import confidence_sequence


@dataclass(frozen=True)
class Pairs(PerRequest):
    """Requests that both versions were asked.

    Attributes:
        stable: float64; the decision metric of stable's answer, better is up; NaN where unknown. It says
            nothing before it is due. A failed answer has one too: what a unit gets that is not answered.
        candidate: float64; the same of the candidate's answer, which nobody gets.
        stable_failed: bool.
        candidate_failed: bool.
        label: float64; what came of the request, whatever was answered.
        due: bool; the outcome's delay has passed, so it can be known by now.
    """

    stable: NDArray[np.float64]
    candidate: NDArray[np.float64]
    stable_failed: NDArray[np.bool_]
    candidate_failed: NDArray[np.bool_]
    label: NDArray[np.float64]
    due: NDArray[np.bool_]

    @property
    def known(self) -> Self:
        """The requests whose outcome is there to be counted."""
        chosen = self.due & np.isfinite(self.stable) & np.isfinite(self.candidate)
        return self.where(chosen)


def paired_difference(known: Pairs, planned: int, alpha: float) -> Interval | None:
    """Candidate minus stable per request, with an interval that holds at every look; None if nothing varies.

    Differences are summed per unit, for a unit's requests are alike: the variance is that of a ratio of sums
    over units (Cochran, Sampling Techniques, 1977, section 9.2), times u / (u - 1) for u units.

    Args:
        known: requests whose outcome is known.
        planned: requests at which the interval shall be tightest.
    """
    requests, sums = np.bincount(known.unit), np.bincount(known.unit, known.candidate - known.stable)
    units, count = known.units, len(known)
    if units < 2:
        return None
    mean = float(sums.sum()) / count
    residuals = sums - mean * requests
    variance = float(np.square(residuals).sum()) * units / (units - 1) / count**2
    if not variance > 0:
        return None
    return confidence_sequence(mean, float(np.sqrt(variance)), count, planned, alpha)
