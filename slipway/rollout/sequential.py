"""Intervals and tests that hold at every look at once, so that one may stop at any of them.

Means have an asymptotic confidence sequence. Rates and shares rest on the beta-binomial mixture, which is
exact at every size: errors are so few that no normal approximation holds for them.
"""

import math
from collections.abc import Callable
from functools import lru_cache

from scipy.optimize import brentq
from scipy.special import betaln, xlog1py, xlogy

from slipway.records.evidence import Interval

Counted = tuple[float, float]
"""Hits, and of how many trials."""
TINY = 1e-15
"""How near to 0 and 1 a rate is looked for."""


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
    # rho is chosen so that the interval is narrowest where the plan expects to end.
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
    return _log_mixture(hits, trials, prior) - _log_likelihood(hits, trials, rate)


def _log_mixture(hits: float, trials: float, prior: tuple[float, float]) -> float:
    return float(betaln(prior[0] + hits, prior[1] + trials - hits) - betaln(*prior))


def _log_likelihood(hits: float, trials: float, rate: float) -> float:
    return float(xlogy(hits, rate) + xlog1py(trials - hits, -rate))


def share_p_value(hits: int, trials: int, share: float, target: float, alpha: float) -> float:
    """Always-valid p of a planned share: the chance that it ever falls below a level is at most that level.

    Lindon and Malek, Anytime-valid inference for multinomial count data, NeurIPS 2022.

    Args:
        target: trials at which the test shall be strongest.
        alpha: the level at which it shall be strongest.
    """
    # A p above 1 says no more than 1: evidence for the plan is cut off at 0.
    return math.exp(-max(0.0, log_evidence(hits, trials, share, _around(share, target, alpha))))


@lru_cache(1024)
def rate_difference(old: Counted, new: Counted, alpha: float) -> Interval:
    """The second of two rates minus the first, with its confidence sequence.

    It holds every difference that some pair of rates has which the evidence does not refute: the product of
    what two independent arms say against a pair (Jeffreys priors) is a martingale too. So errors of the arms
    add up like independent ones, not like the two ends of separate intervals.

    Args:
        old: hits and trials; need not be whole numbers.
        new: the same of the other arm.
    """
    mixed = sum(_log_mixture(*arm, (0.5, 0.5)) for arm in (old, new))

    def refuted(difference: float) -> float:
        rate = _likeliest(old, new, difference)
        return (
            mixed - _log_likelihood(*old, rate) - _log_likelihood(*new, rate + difference) + math.log(alpha)
        )

    found = _share(new) - _share(old)
    # Not at -1 and 1 themselves: there the arms' rates could only be 0 and 1.
    low, high = _edge(refuted, found, -1 + 1e-12), _edge(refuted, found, 1 - 1e-12)
    return Interval(value=found, low=-1.0 if low is None else low, high=1.0 if high is None else high)


def _share(arm: Counted) -> float:
    hits, trials = arm
    return hits / trials if trials else 0.0


def _likeliest(old: Counted, new: Counted, difference: float) -> float:
    """The rate of the old arm that makes both likeliest, if the new one's is higher by the difference.

    Miettinen and Nurminen, Comparative analysis of two rates, Statistics in Medicine 4, 1985; the likelihood
    is concave, so its slope falls.
    """

    def slope(rate: float) -> float:
        other = rate + difference
        rising, falling = old[0] / rate + new[0] / other, (old[1] - old[0]) / (1 - rate)
        return rising - falling - (new[1] - new[0]) / (1 - other)

    # Both rates have to lie strictly inside 0 and 1.
    least, most = max(0.0, -difference) + TINY, min(1.0, 1 - difference) - TINY
    if slope(least) <= 0:
        return least
    return most if slope(most) >= 0 else float(brentq(slope, least, most, xtol=TINY))


def _around(rate: float, target: float, alpha: float) -> tuple[float, float]:
    """A prior as wide as what a normal mixture tuned to the target would take."""
    size = target / mixing(alpha)
    # Below 0.5 the prior would pile up at 0 and 1.
    return max(size * rate, 0.5), max(size * (1 - rate), 0.5)


def _edge(refuted: Callable[[float], float], inside: float, outside: float) -> float | None:
    """Where `refuted` turns positive on the way from `inside`, which is not refuted; None where nowhere."""
    if refuted(outside) <= 0:
        return None
    return float(brentq(refuted, inside, outside, xtol=1e-12))
