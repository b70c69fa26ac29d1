"""The sequential analysis beside the independent package `ville`.

Where its formula is the same, so are the numbers; where its construction is another, the bounds are stated.
"""

import math

import numpy as np
import pytest
import ville
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from slipway.records.canary import Look
from slipway.rollout.analysis import judge
from slipway.rollout.observations import Observations
from slipway.rollout.reference import Reference
from slipway.rollout.sequential import (
    confidence_sequence,
    log_evidence,
    mixing,
    rate_difference,
    share_p_value,
)
from slipway.settings.card import Guardrails, Rollout, Step
from slipway.tasks.click import TASK
from tests.slipway.rollout.judged import AT

SIZES = [100, 317, 1000, 4096]
ALPHAS = [0.05, 0.05 / 3, 0.001]


def stream(rate: float, size: int, seed: int = 0) -> NDArray[np.float64]:
    """Hits and misses."""
    return (np.random.default_rng(seed).random(size) < rate).astype(np.float64)


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("size", SIZES)
def test_mean_at_the_same_mixture(size: int, alpha: float) -> None:
    """The normal-mixture boundary: equal to 1e-9."""
    target = 1000.0
    found = confidence_sequence(0.3, 2 / math.sqrt(size), size, target, alpha)
    radius = 2 * float(ville.normal_mixture(size, alpha, target / mixing(alpha))) / size

    assert (found.low, found.high) == pytest.approx((0.3 - radius, 0.3 + radius), rel=1e-9)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_mean_at_the_best_mixture(alpha: float) -> None:
    """Ours is the paper's approximation of the tightest mixture, theirs is searched for: within 1 %."""
    values = np.random.default_rng(1).normal(0.3, 2, 4096)
    theirs = ville.AsymptoticCS(alpha, t_opt=1000).fit(values)
    for size in SIZES:
        part = values[:size]
        ours = confidence_sequence(part.mean(), part.std(ddof=1) / math.sqrt(size), size, 1000, alpha)
        width = theirs.upper_[size - 1] - theirs.lower_[size - 1]

        assert ours.value == pytest.approx(theirs.estimate_[size - 1], rel=1e-9)
        assert ours.high - ours.low == pytest.approx(width, rel=0.01)


@pytest.mark.parametrize("prior", [(0.5, 0.5), (90.0, 10.0)])
@pytest.mark.parametrize("rate", [0.002, 0.3, 0.95])
def test_evidence_against_a_rate(rate: float, prior: tuple[float, float]) -> None:
    """The beta-binomial mixture: equal to 1e-9 after any number of trials."""
    hits = stream(rate, 4096)
    theirs = ville.BernoulliTest(0.25, prior=prior).fit(hits).log_e_values_
    for size in SIZES:
        ours = log_evidence(float(hits[:size].sum()), size, 0.25, prior)

        assert ours == pytest.approx(float(theirs[size - 1]), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("given", [0.10, 0.11, 0.2])
def test_share(given: float) -> None:
    """The p of a planned share of 10 %: one over their evidence at the same prior, to 1e-9."""
    units, alpha, target = stream(given, 4096), 0.001, 1000
    size = target / mixing(alpha)
    theirs = ville.BernoulliTest(0.1, prior=(0.1 * size, 0.9 * size)).fit(units).log_e_values_
    for trials in SIZES:
        ours = share_p_value(int(units[:trials].sum()), trials, 0.1, target, alpha)

        assert ours == pytest.approx(min(1.0, math.exp(-theirs[trials - 1])), rel=1e-9)


@pytest.mark.parametrize("rates", [(0.01, 0.01), (0.01, 0.05), (0.2, 0.05)])
def test_difference_of_rates(rates: tuple[float, float]) -> None:
    """At either end their evidence of both arms is 1/alpha for one pair of rates and more for all others.

    They have no such interval. Two of theirs, each at alpha / 2, hold together as well; ours is narrower.
    """
    alpha, size = 0.05, 1000
    old, new = (stream(rate, size, seed) for seed, rate in enumerate(rates))
    found = rate_difference((float(old.sum()), size), (float(new.sum()), size), alpha)

    def evidence(rate: float, difference: float) -> float:
        tests = ((rate, old), (rate + difference, new))
        return sum(
            ville.BernoulliTest(at, prior=(0.5, 0.5)).fit(hits).log_e_values_[-1] for at, hits in tests
        )

    for end in (found.low, found.high):
        bounds = max(0, -end), min(1, 1 - end)
        least = minimize_scalar(evidence, bounds=bounds, args=(end,), method="bounded")

        assert least.fun == pytest.approx(-math.log(alpha), abs=1e-4)
    stable, canary = (
        ville.BernoulliCS(alpha / 2, (0.5, 0.5), intersect=False).fit(arm) for arm in (old, new)
    )
    low, high = (canary.interval()[end] - stable.interval()[1 - end] for end in (0, 1))

    assert found.low > low
    assert found.high - found.low < high - low


def compared(lift: float) -> tuple[Look, ville.AsymptoticABTest, ville.BettingABTest]:
    """One step at 50 % of independent users: our look, and their tests of the same outcomes."""
    size, random = 4000, np.random.default_rng(5)
    canary = random.random(size) < 0.5
    metric = (random.random(size) < 0.2 + lift * canary).astype(np.float64)
    plan = Rollout(
        steps=[Step(weight=50, requests=size)],
        guardrails=Guardrails(min_requests=100),
        max_duration_minutes=5.0,
    )
    seen = Observations(
        step=np.zeros(size, np.int32),
        block=np.arange(size) // plan.block_requests,
        unit=np.arange(size),
        canary=canary,
        error=np.zeros(size, bool),
        latency_ms=np.ones(size),
        due=np.ones(size, bool),
        metric=metric,
    )
    asymptotic = ville.AsymptoticABTest(plan.decision.alpha, 0.5, t_opt=size).fit(metric, canary)
    betting = ville.BettingABTest((0, 1), plan.decision.alpha, 0.5, grid=2000).fit(metric, canary)
    look = judge(seen, plan, 0, True, AT, TASK.metric("reward"), Reference())
    return look, asymptotic, betting


@pytest.mark.parametrize("lift", [-0.1, 0.0, 0.1])
def test_difference_of_arms(lift: float) -> None:
    """The whole difference, which they make of weighted outcomes: as wide within 2 %, nearly the same centre.

    Their betting test, which is exact at every size, is wider; all agree on what is better and what is worse.
    """
    look, asymptotic, betting = compared(lift)
    ours = look.difference
    assert ours is not None
    low, high = asymptotic.interval()
    width = ours.high - ours.low

    assert width == pytest.approx(high - low, rel=0.02)
    assert ours.value == pytest.approx((low + high) / 2, abs=0.05 * width)
    wider, higher = betting.interval()
    assert (ours.low > 0, ours.high < 0) == (low > 0, high < 0) == (wider > 0, higher < 0)
    assert higher - wider > width
