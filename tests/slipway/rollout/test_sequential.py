import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import binom

from slipway.rollout.sequential import (
    confidence_sequence,
    log_evidence,
    rate_difference,
    share_p_value,
)

RUNS, LOOKS = 400, np.arange(20, 1001, 20)
counts = st.integers(0, 50)


def half(information: float, target: float) -> float:
    """Half the width in standard errors."""
    return confidence_sequence(0.0, 1.0, information, target, 0.05).high


def test_formula() -> None:
    """The width is that of the paper's formula in its own notation: sample size t, parameter rho."""
    t, rho2, alpha = 300, (-2 * math.log(0.05) + math.log(1 - 2 * math.log(0.05))) / 1000, 0.05
    margin = math.sqrt(2 * (t * rho2 + 1) / (t**2 * rho2) * math.log(math.sqrt(t * rho2 + 1) / alpha))
    found = confidence_sequence(2.0, 3 / math.sqrt(t), t, 1000, alpha)
    assert (found.low, found.high) == pytest.approx((2 - 3 * margin, 2 + 3 * margin))


def test_tightest_at_its_target() -> None:
    """Another target makes the interval wider at this size."""
    assert half(1000, 1000) < min(half(1000, 300), half(1000, 3000))


def test_mean_is_held_at_every_look() -> None:
    """Looking fifty times misses the mean in 5 % of the runs at most; a fixed interval misses it in many."""
    walks = np.random.default_rng(1).normal(size=(RUNS, LOOKS[-1])).cumsum(axis=1)[:, LOOKS - 1] / np.sqrt(
        LOOKS
    )
    bounds = np.array([half(size, 1000) for size in LOOKS])
    assert (abs(walks) > bounds).any(axis=1).mean() <= 0.05
    assert (abs(walks) > 1.96).any(axis=1).mean() > 0.2


@pytest.mark.parametrize("prior", [(0.5, 0.5), (9.0, 1.0)])
def test_evidence_against_a_true_rate_is_one_on_average(prior: tuple[float, float]) -> None:
    """The mixture is a martingale: at any size its mean under the rate is 1."""
    hits = np.arange(51)
    evidence = [math.exp(log_evidence(hit, 50, 0.2, prior)) for hit in hits]
    assert binom.pmf(hits, 50, 0.2) @ evidence == pytest.approx(1)


@settings(deadline=None)
@given(counts, counts, counts, counts)
def test_rate_difference_holds_what_is_not_refuted(hits: int, misses: int, more: int, others: int) -> None:
    """What was found lies between the ends; outside an end, every pair of rates is refuted."""
    arms = (hits, hits + misses), (more, more + others)
    found = rate_difference(*arms, 0.05)
    assert -1 <= found.low <= found.value <= found.high <= 1
    for end, outside in ((found.low, -1e-3), (found.high, 1e-3)):
        if -0.999 < end < 0.999:
            assert least_evidence(*arms, end + outside) > -math.log(0.05)
            assert least_evidence(*arms, end - outside) < -math.log(0.05)


def least_evidence(old: tuple[int, int], new: tuple[int, int], difference: float) -> float:
    """The evidence against the pair of rates of that difference for which it is least."""

    def evidence(rate: float) -> float:
        prior = (0.5, 0.5)
        return log_evidence(*old, rate, prior) + log_evidence(*new, rate + difference, prior)

    bounds = max(0, -difference), min(1, 1 - difference)
    return float(minimize_scalar(evidence, bounds=bounds, method="bounded", options={"xatol": 1e-9}).fun)


def test_rate_difference_is_held_at_every_look() -> None:
    """A rise from 1 % to 2 % is missed in 5 % of the runs at most, though there are few hits."""
    random, looks, runs = np.random.default_rng(2), LOOKS[9::10], 100
    old, new = (
        (random.random((runs, LOOKS[-1])) < rate).cumsum(axis=1)[:, looks - 1] for rate in (0.01, 0.02)
    )
    missed = np.zeros((runs, len(looks)), bool)
    for run, look in np.ndindex(missed.shape):
        counts = ((int(hits[run, look]), int(looks[look])) for hits in (old, new))
        found = rate_difference(*counts, 0.05)
        missed[run, look] = not found.low <= 0.01 <= found.high
    assert missed.any(axis=1).mean() <= 0.05


def test_all_hits_refute_a_low_rate_early() -> None:
    """Thirty failures of thirty against none of thirty bound the rise far from zero, two of two do not."""
    assert rate_difference((0, 30), (30, 30), 0.01).low > 0.6
    assert rate_difference((0, 2), (2, 2), 0.01).low < 0.1


def test_arms_together_say_more_than_each_alone() -> None:
    """Five times the errors of a thousand requests are beyond noise; two separate intervals would overlap."""
    assert rate_difference((10, 1000), (50, 1000), 0.05 / 3).low > 0.005


def test_share_p_value() -> None:
    """A share as planned has p 1, a wrong one soon a tiny p, and nobody seen is no evidence."""
    assert share_p_value(100, 1000, 0.1, 1000, 0.001) == 1
    assert share_p_value(200, 1000, 0.1, 1000, 0.001) < 1e-9
    assert share_p_value(0, 0, 0.1, 1000, 0.001) == 1


def test_nothing_seen_bounds_nothing() -> None:
    """Without trials every rate is possible."""
    nothing = rate_difference((0, 0), (0, 0), 0.05)
    assert (nothing.low, nothing.high) == (-1, 1)
