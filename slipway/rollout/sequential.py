"""Intervals and tests that hold at every look at once, so that one may stop at any of them.

Means have an asymptotic confidence sequence. Rates, shares and quantiles rest on the beta-binomial mixture,
which is exact at every size: errors are so few that no normal approximation holds for them.
"""

import math
from collections.abc import Callable

from scipy.optimize import brentq
from scipy.special import betaln, xlog1py, xlogy

from slipway.evaluation.evidence import Interval


def confidence_sequence(
    estimate: float, deviation: float, information: float, target: float, alpha: float
) -> Interval:
    """A mean with its asymptotic normal-mixture confidence sequence.

    Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, Time-uniform central limit theory and asymptotic
    confidence sequences, Annals of Statistics 52(6), 2024, theorem 2.2: to each side
    deviation * sqrt((1 + 1/x) log((1 + x) / alpha**2)) with x = rho**2 * information. The chance that it ever
    misses the mean, at any look, tends to at most alpha.

    Args:
        deviation: standard error of the estimate.
        information: sample size, or what grows like it.
        target: the information at which the interval shall be tightest.
    """
    x = mixing(alpha) * information / target
    half = deviation * math.sqrt((1 + 1 / x) * (math.log1p(x) - 2 * math.log(alpha)))
    return Interval(value=estimate, low=estimate - half, high=estimate + half)


def mixing(alpha: float) -> float:
    """rho**2 times the sample size at which the mixture is tightest, as the same paper approximates it."""
    cost = -2 * math.log(alpha)
    return cost + math.log1p(cost)


def log_evidence(hits: float, trials: float, rate: float, prior: tuple[float, float]) -> float:
    """Log of the evidence against a rate; of a true rate it ever exceeds log(1/alpha) with chance alpha.

    The beta-binomial mixture martingale: Robbins, Statistical methods related to the law of the iterated
    logarithm, Annals of Mathematical Statistics 41, 1970; Howard, Ramdas, McAuliffe and Sekhon, Time-uniform,
    nonparametric, nonasymptotic confidence sequences, Annals of Statistics 49(2), 2021.

    Args:
        prior: of the beta distribution that is mixed over; any gives a valid test.
    """
    misses = trials - hits
    mixture = betaln(prior[0] + hits, prior[1] + misses) - betaln(*prior)
    return float(mixture - xlogy(hits, rate) - xlog1py(misses, -rate))


def share_p_value(hits: int, trials: int, share: float, target: float, alpha: float) -> float:
    """Always-valid p of a planned share: the chance that it ever falls below a level is at most that level.

    Lindon and Malek, Anytime-valid inference for multinomial count data, NeurIPS 2022.

    Args:
        target: trials at which the test shall be strongest.
        alpha: the level at which it shall be strongest.
    """
    return math.exp(-max(0.0, log_evidence(hits, trials, share, _around(share, target, alpha))))


def rate_interval(hits: float, trials: float, alpha: float) -> Interval:
    """A rate with its confidence sequence: every rate that the evidence does not refute (Jeffreys prior)."""
    if trials <= 0:
        return Interval(value=0.0, low=0.0, high=1.0)

    def refuted(rate: float) -> float:
        return log_evidence(hits, trials, rate, (0.5, 0.5)) + math.log(alpha)

    found = hits / trials
    low, high = _edge(refuted, found, 1e-12), _edge(refuted, found, 1 - 1e-12)
    return Interval(value=found, low=0.0 if low is None else low, high=1.0 if high is None else high)


def quantile_shares(trials: float, quantile: float, target: float, alpha: float) -> tuple[float, float]:
    """The shares of the sample between whose order statistics a quantile lies, at every size at once.

    The number of values up to the quantile is binomial: Howard and Ramdas, Sequential estimation of quantiles
    with applications to A/B testing and best-arm identification, Bernoulli 28(3), 2022. 0 and 1: unbounded.

    Args:
        target: trials at which the interval shall be tightest.
    """
    if trials <= 0:
        return 0.0, 1.0
    prior = _around(quantile, target, alpha)

    def refuted(share: float) -> float:
        return log_evidence(share * trials, trials, quantile, prior) + math.log(alpha)

    low, high = _edge(refuted, quantile, 0.0), _edge(refuted, quantile, 1.0)
    return 0.0 if low is None else low, 1.0 if high is None else high


def _around(rate: float, target: float, alpha: float) -> tuple[float, float]:
    """A prior as wide as what a normal mixture tuned to the target would take."""
    size = target / mixing(alpha)
    return max(size * rate, 0.5), max(size * (1 - rate), 0.5)


def _edge(refuted: Callable[[float], float], inside: float, outside: float) -> float | None:
    """Where `refuted` turns positive on the way from `inside`, which is not refuted; None where nowhere."""
    if refuted(outside) <= 0:
        return None
    return float(brentq(refuted, inside, outside, xtol=1e-12))
