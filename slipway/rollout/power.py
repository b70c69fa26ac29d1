"""What a plan can show before anything of it is done: the power of each check that has an interval.

The statistics are those of the analysis, asked at the end of the plan: normal approximations of what its
intervals will be. `slipway.rollout.simulation` asks the analysis itself.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, ndtr, ndtri

from slipway.records.checks import TOO_MUCH
from slipway.records.evidence import MIN_EVENTS
from slipway.rollout.blocks import LEAST, LEAST_EVENTS
from slipway.rollout.guardrails import weight_at_the_end
from slipway.rollout.sequential import confidence_sequence, rate_difference
from slipway.settings.card import Rollout

PAIRED = 10
"""How many times less a pair's difference is taken to vary than a request; two real tables had 24 to 43."""
POWER = 0.8
"""The chance of being shown that a size is told for."""
HOPELESS = 0.5
"""A plan that shows the truth less often than a coin is none."""
COARSE, FINE = 1.25, 1.01
"""Factors between the sizes that are tried."""


def power(rollout: Rollout, difference: float, deviation: float, scale: float = 1.0) -> float:
    """The chance that a canary that is better by so much per request is promoted.

    Phi(difference / s - b), s being the standard error at the end, and b the half width of the confidence
    sequence there in standard errors: the two-sample formula (Kohavi, Tang and Xu, Trustworthy Online
    Controlled Experiments, 2020, chapter 15) for arms compared within steps. Nothing else is taken as keeping
    the canary from its promotion.

    Args:
        deviation: of a request, times the root of the design effect where a unit's requests are alike.
        scale: of all steps of the plan, 2 for twice the requests in each.
    """
    return _power(rollout, difference, deviation, scale * weight_at_the_end(rollout))


def detectable(rollout: Rollout, deviation: float) -> float:
    """The difference per request that has the power 0.8: `power` solved for the difference."""
    return _detectable(rollout, deviation, weight_at_the_end(rollout))


def detectable_by_pairs(rollout: Rollout, deviation: float) -> float:
    """The difference per request that a shadow finds with the power 0.8: `paired_power` solved for it."""
    return _detectable(rollout, deviation, rollout.shadow.requests)


def paired_power(rollout: Rollout, difference: float, deviation: float, scale: float = 1.0) -> float:
    """The chance that a shadow of the card shows a candidate to be better by so much: `power` of pairs.

    Args:
        deviation: of a pair's difference, times the root of the design effect of units.
    """
    return _power(rollout, difference, deviation, scale * rollout.shadow.requests)


def _power(rollout: Rollout, difference: float, deviation: float, information: float) -> float:
    """Of the card's rule for a difference whose variance at the end is deviation**2 / information."""
    error = deviation / math.sqrt(information)
    # A margin is room: what must be shown is a difference above minus the margin.
    return float(ndtr((difference - rollout.decision.limit) / error - _boundary(rollout.decision.alpha)))


def _detectable(rollout: Rollout, deviation: float, information: float) -> float:
    """`_power` of 0.8 solved for the difference."""
    error = deviation / math.sqrt(information)
    return rollout.decision.limit + error * (_boundary(rollout.decision.alpha) + float(ndtri(POWER)))


def rise_power(rollout: Rollout, rate: float, limit: float, scale: float = 1.0) -> float:
    """The chance that a share is shown to be no higher by more than the limit, being `rate` in both arms.

    Events are taken as independent. Where enough blocks hold one, by the sequence over blocks; where too few
    do, by the exact interval at the number of events that is expected.
    """
    requests = int(scale * sum(step.requests for step in rollout.steps))
    blocks = requests // rollout.block_requests
    holds = -math.expm1(rollout.block_requests * math.log1p(-rate)) if rate < 1 else 1.0
    enough = _at_least(LEAST_EVENTS, blocks, holds)
    spread = rate * (1 - rate) / (scale * weight_at_the_end(rollout))
    many = 0.0
    if blocks >= LEAST and spread > 0:
        # Each end errs with alpha on its own.
        many = float(ndtr(limit / math.sqrt(spread) - _boundary(2 * rollout.decision.alpha)))
    if enough > 1 - 1e-9:
        return many
    return enough * many + (1 - enough) * exact_power(rollout, rate, limit, scale)


def exact_power(rollout: Rollout, rate: float, limit: float, scale: float = 1.0) -> float:
    """1 where the exact interval at the expected number of events lies within the limit, else 0."""
    canary, stable = (scale * requests for requests in _arms(rollout))
    shown = rate_difference((rate * stable, stable), (rate * canary, canary), rollout.decision.alpha)
    return float(shown.high <= limit)


def events_power(rollout: Rollout, rarer: float, scale: float = 1.0) -> float:
    """The chance that enough outcomes of the rarer kind come in each arm for its loss to be believed.

    Args:
        rarer: their share of all outcomes, which are taken as independent.
    """
    return math.prod(_events(scale * requests, rarer) for requests in _arms(rollout))


def paired_events_power(rollout: Rollout, rarer: float, scale: float = 1.0) -> float:
    """The same of a shadow, whose versions share their requests."""
    return _events(scale * rollout.shadow.requests, rarer)


def _events(requests: float, rarer: float) -> float:
    return _at_least(MIN_EVENTS, int(requests), rarer)


def _at_least(events: int, trials: int, rate: float) -> float:
    """The chance of so many events or more; the binomial distribution, without the import of all others."""
    return float(betainc(events, trials - events + 1, rate)) if trials >= events else 0.0


def _arms(rollout: Rollout) -> tuple[float, float]:
    """About how many requests of all steps the canary has, and stable."""
    canary = sum(step.requests * step.weight for step in rollout.steps) / 100
    return canary, sum(step.requests for step in rollout.steps) - canary


def requests_for(planned: int, chance: Callable[[float], float]) -> int | None:
    """About how many requests, in steps of the same proportions, have the power 0.8, and all more; or None.

    None: not even ten thousand times the plan has it.

    Args:
        planned: requests of the plan.
        chance: the power at so many times the requests of the plan. It may rise, fall and rise again: the
            exact interval of a few requests shows what twelve blocks are too few for.
    """
    high = TOO_MUCH
    if chance(high) < POWER:
        return None
    while chance(low := high / COARSE) >= POWER and low * planned > 1:
        high = low
    # To two digits, which is all that is told.
    while high / low > FINE:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if chance(middle) >= POWER else (middle, high)
    needed = high * planned
    digit: int = 10 ** max(0, math.floor(math.log10(max(needed, 1))) - 1)
    return math.ceil(needed / digit) * digit


def design_effect(values: NDArray[np.float64], units: NDArray[np.int64]) -> float:
    """How many requests tell as much of a mean as one independent request would, at least 1.

    The variance of the mean by unit over that by request (Kish, Survey Sampling, 1965).

    Args:
        values: [requests].
        units: codes from 0, [requests].
    """
    residuals = values - values.mean()
    alone = float(np.square(residuals).sum())
    return max(1.0, float(np.square(np.bincount(units, residuals)).sum()) / alone) if alone > 0 else 1.0


def _boundary(alpha: float) -> float:
    """Half width of the confidence sequence where it is tightest, in standard errors."""
    return confidence_sequence(0.0, 1.0, 1.0, 1.0, alpha).high
