"""Traffic of a whole plan, and what the analysis says of it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from scipy.stats import norm

from slipway.records.canary import Look
from slipway.records.checks import Check
from slipway.rollout.analysis import judge
from slipway.rollout.observations import Observations
from slipway.rollout.reference import Reference
from slipway.settings.card import Guardrails, Rollout, Step
from slipway.tasks.click import TASK

AT = datetime(2026, 11, 21, tzinfo=UTC)
STEP = 4000
PLAN = Rollout(
    steps=[Step(weight=weight, requests=STEP) for weight in (10, 25, 50)],
    guardrails=Guardrails(min_requests=100),
    max_duration_minutes=5.0,
)
LAST = len(PLAN.steps) - 1
REFERENCE = Reference(slow_ms=2 * float(np.exp(1 + 0.5 * norm.ppf(0.9))))
"""Of the traffic below, whose latency has a mean logarithm of 1 and a deviation of 0.5."""
REWARD = TASK.metric("reward")


def traffic(
    seed: int = 1, users: int = STEP, alike: float = 0.5, lift: float = 0.0, rise: float = 0.1
) -> Observations:
    """The whole plan's requests: of users some of whose requests are alike, with a base rate that rises."""
    rng = np.random.default_rng(seed)
    step = np.repeat(np.arange(3, dtype=np.int32), STEP)
    unit = rng.integers(0, users, len(step))
    weight = np.array([10.0, 25.0, 50.0])[step]
    canary = rng.uniform(0, 100, users)[unit] < weight
    own, habit = rng.random(len(step)), rng.random(users)[unit]
    luck = np.where(rng.random(len(step)) < alike, habit, own)
    return Observations(
        step=step,
        block=np.arange(len(step)) // PLAN.block_requests,
        unit=unit,
        canary=canary,
        error=np.zeros(len(step), bool),
        latency_ms=rng.lognormal(1, 0.5, len(step)),
        due=np.ones(len(step), bool),
        metric=(luck < 0.1 + rise * step + lift * canary).astype(np.float64),
    )


def failing(seen: Observations, chosen: Any) -> Observations:
    """The same with the chosen requests as errors, which earn nothing."""
    return replace(
        seen,
        error=seen.error | chosen,
        latency_ms=np.where(chosen, np.nan, seen.latency_ms),
        metric=np.where(chosen, 0.0, seen.metric),
    )


def at_random(seen: Observations, shares: tuple[float, float]) -> Any:
    """So much of the requests of stable and of the canary, [requests]."""
    return np.random.default_rng(0).random(len(seen)) < np.array(shares)[seen.canary.astype(int)]


def first(seen: Observations, size: int) -> Observations:
    """The requests sent first."""
    return seen.where(np.arange(len(seen)) < size)


def look(
    seen: Observations, step: int = LAST, exhausted: bool = False, reference: Reference = REFERENCE
) -> Look:
    """What is said of these observations."""
    return judge(seen, PLAN, step, exhausted, AT, REWARD, reference)


def check(found: Look, name: str) -> Check:
    """One of the look's."""
    return next(check for check in found.verdict.checks if check.code == f"canary.{name}")


def looks(seen: Observations) -> Iterator[Look]:
    """A look after every 500 requests, up to the verdict."""
    for size in range(500, len(seen) + 1, 500):
        part = first(seen, size)
        found = look(part, int(part.step[-1]))
        yield found
        if found.verdict.outcome != "continue":
            return


def failed(found: Look) -> list[str]:
    """The codes of the checks that did not pass."""
    return [check.code for check in found.verdict.checks if not check.passed]
