import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from slipway.rollout.sequential import (
    confidence_sequence,
    log_evidence,
    quantile_shares,
    rate_interval,
    share_p_value,
)

RUNS, LOOKS = 400, np.arange(20, 1001, 20)
counts = st.integers(0, 300)


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


@given(counts, counts)
def test_rate_interval_holds_what_is_not_refuted(hits: int, misses: int) -> None:
    """The ends are where the evidence reaches 1/alpha, and the rate found lies between them."""
    found = rate_interval(hits, hits + misses, 0.05)
    assert 0 <= found.low <= found.value <= found.high <= 1
    for end in {found.low, found.high} - {0.0, 1.0}:
        evidence = log_evidence(hits, hits + misses, end, (0.5, 0.5))
        assert evidence == pytest.approx(-math.log(0.05), rel=1e-3)


def test_rate_is_held_at_every_look() -> None:
    """A rate of 1 % is missed in 5 % of the runs at most, though there are few hits."""
    hits = (np.random.default_rng(2).random((RUNS, LOOKS[-1])) < 0.01).cumsum(axis=1)[:, LOOKS - 1]
    wrong = [
        [log_evidence(*pair, 0.01, (0.5, 0.5)) > -math.log(0.05) for pair in zip(row, LOOKS, strict=True)]
        for row in hits
    ]
    assert np.any(wrong, axis=1).mean() <= 0.05


def test_all_hits_refute_a_low_rate_early() -> None:
    """Thirty failures of thirty bound the rate far from zero, two of two do not."""
    assert rate_interval(30, 30, 0.01).low > 0.6
    assert rate_interval(2, 2, 0.01).low < 0.1


def test_quantile_is_held_at_every_look() -> None:
    """The 90th percentile is missed in 5 % of the runs at most, and the bounds are near it in the end."""
    below = (np.random.default_rng(3).random((RUNS, LOOKS[-1])) < 0.9).cumsum(axis=1)[:, LOOKS - 1] / LOOKS
    bounds = np.array([quantile_shares(size, 0.9, 1000, 0.05) for size in LOOKS])
    assert ((below < bounds[:, 0]) | (below > bounds[:, 1])).any(axis=1).mean() <= 0.05
    assert 0.86 < bounds[-1, 0] < 0.9 < bounds[-1, 1] < 0.93


def test_share_p_value() -> None:
    """A share as planned has p 1, a wrong one soon a tiny p, and nobody seen is no evidence."""
    assert share_p_value(100, 1000, 0.1, 1000, 0.001) == 1
    assert share_p_value(200, 1000, 0.1, 1000, 0.001) < 1e-9
    assert share_p_value(0, 0, 0.1, 1000, 0.001) == 1


def test_nothing_seen_bounds_nothing() -> None:
    """Without trials every rate and every quantile is possible."""
    assert (rate_interval(0, 0, 0.05).low, rate_interval(0, 0, 0.05).high) == (0, 1)
    assert quantile_shares(0, 0.9, 100, 0.05) == (0, 1)
