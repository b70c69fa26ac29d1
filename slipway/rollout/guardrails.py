"""What the canary must not do, each with an interval or p that holds at every look of the step."""

import numpy as np
from numpy.typing import NDArray

from slipway.records.evidence import UNBOUNDED, Interval
from slipway.rollout.observations import Observations
from slipway.rollout.sequential import Counted, quantile_shares, rate_difference, share_p_value
from slipway.settings.card import Rollout


def error_rate_rise(stable: Observations, canary: Observations, alpha: float) -> Interval:
    """The canary's error rate minus the stable one's."""
    return rate_difference(_errors(stable), _errors(canary), alpha)


def latency_ratio(stable: Observations, canary: Observations, plan: Rollout, step: int) -> Interval:
    """The canary's latency quantile over the stable one's, each arm's bounded at half of the step's alpha.

    Where an arm has too few answers for a bound, the ratio has none on that side.
    """
    share, requests = plan.steps[step].weight / 100, plan.steps[step].requests
    # Two bounds make the ratio, one of each arm; together they may err as often as one.
    alpha = step_alpha(plan) / 2
    old = _quantile(stable, plan.guardrails.latency_quantile, (1 - share) * requests, alpha)
    new = _quantile(canary, plan.guardrails.latency_quantile, share * requests, alpha)
    # No answers on one side: the ratio is unknown, so it is neither evidence for nor against.
    if old is None or new is None or old.value <= 0:
        return Interval(value=1.0, low=0.0, high=np.inf)
    return Interval(
        value=new.value / old.value,
        low=new.low / old.high if old.high < UNBOUNDED else 0.0,
        high=new.high / old.low if old.low > 0 and new.high < UNBOUNDED else np.inf,
    )


def unknown_rise(stable: Observations, canary: Observations, alpha: float) -> Interval:
    """The share of the canary's answers whose outcome is due and still unknown, minus that of stable's."""
    return rate_difference(_unknown(stable), _unknown(canary), alpha)


def sample_ratio_p(stable: Observations, canary: Observations, plan: Rollout, step: int) -> float:
    """Always-valid p of the canary's share of a step's units; its requests would not be independent.

    It guards the assignment. That the arm's own version answered is seen in each answer, and lost outcomes in
    `unknown_rise`.
    """
    planned, level = plan.steps[step], plan.guardrails.sample_ratio_alpha
    return share_p_value(
        canary.units, canary.units + stable.units, planned.weight / 100, planned.requests, level
    )


def step_alpha(plan: Rollout) -> float:
    """Errors and latency start afresh with each step, so each step may spend its part of alpha."""
    return plan.decision.alpha / len(plan.steps)


def _errors(arm: Observations) -> Counted:
    return _counted(arm.error, arm.unit)


def _unknown(arm: Observations) -> Counted:
    # A failed request has no outcome to wait for; the error rate counts it.
    answered = arm.due & ~arm.error
    return _counted(~arm.known[answered], arm.unit[answered])


def _counted(hits: NDArray[np.bool_], units: NDArray[np.int64]) -> Counted:
    """Hits of all requests, as many as tell as much if they were independent."""
    effect = _design_effect(hits, units)
    return float(hits.sum()) / effect, len(hits) / effect


def _quantile(arm: Observations, quantile: float, target: float, alpha: float) -> Interval | None:
    """A latency quantile between two order statistics; None without answers."""
    answered = np.isfinite(arm.latency_ms)
    found = np.sort(arm.latency_ms[answered])
    if not len(found):
        return None
    value = float(np.quantile(found, quantile))
    effect = _design_effect(arm.latency_ms[answered] <= value, arm.unit[answered])
    low, high = quantile_shares(len(found) / effect, quantile, target, alpha)
    # Order statistics just outside the shares, so that rounding cannot narrow the interval.
    first, last = int(np.ceil(low * len(found))) - 1, int(high * len(found))
    return Interval(
        value=value,
        low=float(found[first]) if first >= 0 else 0.0,
        high=float(found[last]) if last < len(found) else np.inf,
    )


def _design_effect(hits: NDArray[np.bool_], units: NDArray[np.int64]) -> float:
    """How many requests of this arm tell as much as one independent request would, at least 1.

    The clustered variance of the share over the binomial one (Rao and Scott, A simple method for the analysis
    of clustered binary data, Biometrics 48, 1992): it makes exact intervals approximate, but a single unit
    whose requests all fail is then no evidence against an arm.
    """
    if not hits.any():
        return 1.0
    requests, rate = np.bincount(units), float(hits.mean())
    # Where all requests hit, nothing tells how alike a unit's are: the worst is assumed.
    if rate == 1:
        return float(np.square(requests).sum() / len(hits))
    # How far each unit is from what its number of requests alone would give.
    residuals = np.bincount(units, hits) - rate * requests
    return max(1.0, float(np.square(residuals).sum()) / (len(hits) * rate * (1 - rate)))
