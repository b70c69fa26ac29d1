"""What the stable version did before a trial began: limits that follow from it are frozen then."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from slipway.settings.card import Guardrails


@dataclass(frozen=True)
class Reference:
    """Limits of a trial that rest on stable's own answers; a canary's must not move them.

    Attributes:
        slow_ms: an answer that takes longer is slow; None where stable's latency is not known.
        error_rate: the share of stable's answers that failed.
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
        if not len(answered):
            return cls(None, 1.0 if len(latency_ms) else 0.0)
        slow = guardrails.max_latency_ratio * float(np.quantile(answered, guardrails.latency_quantile))
        return cls(slow, 1 - len(answered) / len(latency_ms))

    def most_errors(self, guardrails: Guardrails) -> float:
        """The rise of the error rate that is allowed: a few in a thousand, or a share of what stable has."""
        return max(guardrails.max_error_rate_rise, guardrails.max_error_rate_growth * self.error_rate)
