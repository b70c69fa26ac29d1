"""Two versions on the same requests, drawn: what a shadow sees where outcomes do not depend on answers."""

from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from slipway.records.shadow import ShadowLook
from slipway.rollout.observations import Observations
from slipway.rollout.paired import Pairs
from slipway.rollout.shadow import Asked, judge_pairs, limits
from slipway.settings.card import Rollout, Shadow, Step
from slipway.tasks.binary import TASK

LOSS = TASK.metric("log_loss")
AT = datetime(2026, 1, 1, tzinfo=UTC)
FREE = limits(None, 0.0, 60.0)
"""Nobody asks for the traffic, and there is time."""


def plan(requests: int, batch: int = 500) -> Rollout:
    """A rollout whose shadow has so many requests."""
    return Rollout(
        shadow=Shadow(requests=requests),
        steps=[Step(weight=50, requests=1000)],
        batch_requests=batch,
        max_duration_minutes=60.0,
    )


@dataclass(frozen=True)
class World:
    """Rows with a label, and two versions that know something of it.

    Attributes:
        rate: about the share of positive labels.
        gain: how much more of what there is to know the candidate knows; 0 is as much as stable.
        denies: the candidate knows more than stable and takes every positive for so much rarer that it has
            the same expected loss: on all but the positives it looks better.
        users: how many there are; 0 is a new one for each request.
        tail: user n asks in proportion to n to the minus this.
    """

    requests: int
    rate: float = 0.1
    gain: float = 0.0
    denies: bool = False
    users: int = 0
    tail: float = 1.0

    def drawn(self, seed: int) -> Pairs:
        """All requests of the world."""
        random = np.random.default_rng(seed)
        unit = self._units(random)
        signal = random.normal(0, 1, self.requests) + random.normal(0, 0.7, unit.max() + 1)[unit]
        start = np.log(self.rate / (1 - self.rate)) - 0.5
        truth = _share(start + signal)
        label = random.random(self.requests) < truth
        stable, candidate = self._said(random, unit, start, signal, truth)
        loss = [np.where(label, np.log(said), np.log1p(-said)) for said in (stable, candidate)]
        nothing = np.zeros(self.requests, np.bool_)
        return Pairs(unit, loss[0], loss[1], nothing, nothing, label.astype(np.float64), ~nothing)

    def _units(self, random: np.random.Generator) -> NDArray[np.int64]:
        if not self.users:
            return np.arange(self.requests)
        weight = np.arange(1, self.users + 1) ** -self.tail
        return random.choice(self.users, self.requests, p=weight / weight.sum())

    def _said(
        self,
        random: np.random.Generator,
        unit: NDArray[np.int64],
        start: float,
        signal: NDArray[np.float64],
        truth: NDArray[np.float64],
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        if self.denies:
            stable, sharp = _share(start + 0.3 * signal), _share(start + 0.9 * signal)
            return stable, sharp * _denial(stable, sharp, truth)
        # Each errs by request and by user, on its own.
        wrong = [random.normal(0, 0.5, len(unit)) + random.normal(0, 0.5, unit.max() + 1)[unit] for _ in "ab"]
        return _share(start + signal + wrong[0]), _share(start + signal + (1 - self.gain) * wrong[1])


def _share(logit: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-logit)), np.float64)


def _denial(stable: NDArray[np.float64], sharp: NDArray[np.float64], truth: NDArray[np.float64]) -> float:
    """The factor by which the sharper version has to be wrong to be no better, on average."""

    def earned(said: NDArray[np.float64]) -> float:
        return float(np.mean(truth * np.log(said) + (1 - truth) * np.log1p(-said)))

    low, high = 1e-4, 1.0
    for _ in range(50):
        middle = float(np.sqrt(low * high))
        low, high = (middle, high) if earned(sharp * middle) < earned(stable) else (low, middle)
    return high


def first(pairs: Pairs, size: int) -> Pairs:
    """The first so many requests."""
    return Pairs(*(getattr(pairs, field.name)[:size] for field in fields(pairs)))


def looks(pairs: Pairs, asked: Asked | None = None, batch: int = 500) -> list[ShadowLook]:
    """What is said after each batch, up to the verdict."""
    found: list[ShadowLook] = []
    for end in range(batch, len(pairs) + 1, batch):
        part, last = first(pairs, end), end == len(pairs)
        found.append(judge_pairs(part, plan(len(pairs)), asked or Asked(), LOSS, AT, last, FREE))
        if found[-1].verdict.outcome != "continue":
            break
    return found


def split(pairs: Pairs, seed: int) -> Observations:
    """The same requests, half of the units answered by each version."""
    canary = (np.random.default_rng([1, seed]).random(int(pairs.unit.max()) + 1) < 0.5)[pairs.unit]
    size = len(pairs)
    return Observations(
        step=np.zeros(size, np.int32),
        block=np.arange(size) // 500,
        unit=pairs.unit,
        canary=canary,
        error=np.zeros(size, np.bool_),
        latency_ms=np.full(size, 5.0),
        due=np.ones(size, np.bool_),
        metric=np.where(canary, pairs.candidate, pairs.stable),
        label=pairs.label,
    )


def failing(pairs: Pairs, share: float, seed: int = 0) -> Pairs:
    """The candidate's copies fail so often, and count as the answer that is the same for everybody."""
    failed = np.random.default_rng(seed).random(len(pairs)) < share
    rate = pairs.label.mean()
    fallback = np.where(pairs.label == 1, np.log(rate), np.log1p(-rate))
    return replace(pairs, candidate=np.where(failed, fallback, pairs.candidate), candidate_failed=failed)
