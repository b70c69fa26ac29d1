"""What the stable version did before a trial began: limits that follow from it are frozen then."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from slipway.settings.card import Guardrails

LEVEL = 0.05
"""The chance that stable's error rate is taken as higher than it is."""


@dataclass(frozen=True)
class Reference:
    """Limits of a trial that rest on stable's own answers; a canary's must not move them.

    Attributes:
        slow_ms: an answer that takes longer is slow; None where stable's latency is not known.
        error_rate: the share of stable's answers that fail, as far as it is shown: a few of a hundred may be
            chance, and would allow a canary that fails as often for good.
    """

    slow_ms: float | None = None
    error_rate: float = 0.0

    @classmethod
    def of(cls, latency_ms: NDArray[np.float64], guardrails: Guardrails) -> Self:
        """Of stable's warm-up, [requests], NaN where an answer failed.

        A canary whose latency quantile is `max_latency_ratio` times stable's has 1 - quantile of its answers
        above `slow_ms`.
        """
        answered = latency_ms[np.isfinite(latency_ms)]
        errors = _at_least(len(latency_ms) - len(answered), len(latency_ms))
        if not len(answered):
            return cls(None, errors)
        slow = guardrails.max_latency_ratio * float(np.quantile(answered, guardrails.latency_quantile))
        return cls(slow, errors)

    def most_errors(self, guardrails: Guardrails) -> float:
        """The rise of the error rate that is allowed: a few in a thousand, or a share of what stable has."""
        return max(guardrails.max_error_rate_rise, guardrails.max_error_rate_growth * self.error_rate)


def _at_least(hits: int, trials: int) -> float:
    """The lowest rate that so many hits allow (Clopper and Pearson, Biometrika 26, 1934)."""
    return float(betaincinv(hits, trials - hits + 1, LEVEL)) if hits else 0.0
