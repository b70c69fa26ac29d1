"""What may happen to requests that two versions answer: effects, errors, spells, outcomes that never come."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SLOWER = 6.0
"""How many times as long an answer takes in a slow spell."""
SPREAD = 0.5
"""Of the logarithm of a latency outside of spells, whose median is e milliseconds."""


@dataclass(frozen=True)
class Spells:
    """When a server fails or is slow: for so many consecutive requests, so much of the time, on average."""

    share: float = 0.0
    length: int = 1

    def drawn(self, random: np.random.Generator, size: int) -> NDArray[np.bool_]:
        """Whether the server is in one, [requests]."""
        found = np.zeros(size, np.bool_)
        if not self.share:
            return found
        pause = self.length * (1 - self.share) / self.share
        at = random.exponential(pause)
        while at < size:
            found[int(at) : int(at) + self.length] = True
            at += self.length + random.exponential(pause)
        return found


@dataclass(frozen=True)
class Answered:
    """What either version does with each request, whichever is asked: [2, requests] each, stable's first.

    Attributes:
        error: bool.
        latency_ms: float64; NaN on error.
        metric: float64; what the request earns, NaN where its outcome never comes.
        late: bool; the outcome comes in the second half of its window; None where it has none.
    """

    error: NDArray[np.bool_]
    latency_ms: NDArray[np.float64]
    metric: NDArray[np.float64]
    late: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class World:
    """How two versions differ, and what befalls them; of pairs the first is stable's.

    Attributes:
        effect: what the canary adds to what a request earns on average.
        errors: the share of requests that fail.
        positives: the same of requests whose outcome is positive.
        bursts: each server's own spells in which all requests fail.
        slow: each server's own spells in which answers take six times as long.
        slower: how many times stable's latency the canary takes.
        unknown: the share of outcomes that never come; of positives alone where `lost_positives`.
        late: the share of outcomes that come in the second half of their window; None where they have none.
    """

    name: str
    effect: float = 0.0
    errors: tuple[float, float] = (0.0, 0.0)
    positives: tuple[float, float] = (0.0, 0.0)
    bursts: Spells = Spells()
    slow: Spells = Spells()
    slower: float = 1.0
    unknown: tuple[float, float] = (0.0, 0.0)
    lost_positives: bool = False
    late: tuple[float, float] | None = None

    def answered(
        self,
        random: np.random.Generator,
        earned: NDArray[np.float64],
        failed: NDArray[np.float64],
        labels: NDArray[np.float64] | None = None,
    ) -> Answered:
        """What becomes of requests.

        Args:
            earned: by stable's answer to each, [requests].
            failed: by no answer to each, [requests].
            labels: what came of each, whatever was answered; positive is above 0. Left out, what it earned.
        """
        shape = 2, len(earned)
        metric = np.stack([earned, raised(random, earned, self.effect)])
        positive = metric > 0 if labels is None else np.stack([labels > 0] * 2)
        error = random.random(shape) < np.array(self.errors)[:, None]
        error |= positive & (random.random(shape) < np.array(self.positives)[:, None])
        error |= np.stack([self.bursts.drawn(random, len(earned)) for _ in range(2)])
        slow = np.stack([self.slow.drawn(random, len(earned)) for _ in range(2)])
        latency = latencies(random, shape) * np.where(slow, SLOWER, 1.0) * [[1.0], [self.slower]]
        lost = ~error & (random.random(shape) < np.array(self.unknown)[:, None])
        if self.lost_positives:
            lost &= positive
        return Answered(
            error=error,
            latency_ms=np.where(error, np.nan, latency),
            metric=np.where(lost, np.nan, np.where(error, failed, metric)),
            late=None if self.late is None else random.random(shape) < np.array(self.late)[:, None],
        )


def latencies(random: np.random.Generator, size: int | tuple[int, int]) -> NDArray[np.float64]:
    """Milliseconds that answers take outside of spells; some are long, as those of any server are."""
    return random.lognormal(1.0, SPREAD, size)


def raised(random: np.random.Generator, earned: NDArray[np.float64], effect: float) -> NDArray[np.float64]:
    """What requests earn where a version adds an effect to each on average, [requests].

    Of rewards, which are 0 or 1, as many are turned as that takes; all else is shifted.
    """
    if not np.isin(earned, (0.0, 1.0)).all():
        return earned + effect
    mean = float(earned.mean())
    able = 1 - mean if effect > 0 else mean
    turned = random.random(len(earned)) < (abs(effect) / able if able else 0.0)
    return np.where(turned, float(effect > 0), earned)
