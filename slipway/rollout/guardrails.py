"""What the canary must not do, each with an interval or p that holds at every look."""

import numpy as np
from numpy.typing import NDArray

from slipway.records.evidence import Interval
from slipway.rollout.blocks import counted, rise
from slipway.rollout.observations import Observations
from slipway.rollout.reference import Reference
from slipway.rollout.sequential import rate_difference, share_p_value
from slipway.settings.card import Rollout


def error_rate_rise(seen: Observations, plan: Rollout) -> Interval:
    """The canary's error rate minus the stable one's, over all steps so far."""
    return rise(seen, seen.error, weight_at_the_end(plan), plan.decision.alpha)


def slow_rise(seen: Observations, plan: Rollout, reference: Reference) -> Interval | None:
    """The share of the canary's answers that are slow, minus that of stable's; None where slow means nothing.

    A request that failed has no latency, and is left to the error rate. What nobody measured is not known.
    Where stable itself is slower in a block than it was before, as on a machine that others load, an answer
    is slow that is so beside stable's in that block.
    """
    if reference.slow_ms is None:
        return None
    answered = seen.where(~seen.error)
    measured = np.isfinite(answered.latency_ms)
    if not all(measured[arm].any() for arm in (answered.canary, ~answered.canary)):
        return Interval(value=0.0, low=-1.0, high=1.0)
    answered = answered.where(measured)
    slow = answered.latency_ms > np.maximum(reference.slow_ms, _slow_in_block(answered, plan))
    return rise(answered, slow, weight_at_the_end(plan), plan.decision.alpha)


def unknown_rise(seen: Observations, alpha: float) -> Interval:
    """The share of the canary's answers whose outcome is due and still unknown, minus that of stable's."""
    stable, canary = (_unknown(seen.where(arm)) for arm in (~seen.canary, seen.canary))
    return rate_difference(counted(*stable), counted(*canary), alpha)


def late_rise(seen: Observations, alpha: float) -> Interval | None:
    """The share of the canary's known outcomes that came late, minus that of stable's; None: nobody measures.

    Outcomes that come later in one arm are cut off more often by the window that both have.
    """
    if seen.late is None:
        return None
    arms = [(arm, arm.late) for arm in (seen.where(own & seen.known) for own in (~seen.canary, seen.canary))]
    stable, canary = (counted(arm, late) for arm, late in arms if late is not None)
    return rate_difference(stable, canary, alpha)


def sample_ratio_p(stable: Observations, canary: Observations, plan: Rollout, step: int) -> float:
    """Always-valid p of the canary's share of a step's units; its requests would not be independent.

    It guards the assignment. That the arm's own version answered is seen in each answer, and lost outcomes in
    `unknown_rise`.
    """
    planned, level = plan.steps[step], plan.guardrails.sample_ratio_alpha
    return share_p_value(
        canary.units, canary.units + stable.units, planned.weight / 100, planned.requests, level
    )


def weight_at_the_end(plan: Rollout) -> float:
    """The sum of n_c n_s / (n_c + n_s) over the steps as they are planned."""
    return sum(step.requests * step.weight * (100 - step.weight) for step in plan.steps) / 1e4


def _slow_in_block(answered: Observations, plan: Rollout) -> NDArray[np.float64]:
    """`max_latency_ratio` times stable's quantile in the block of each request, [requests]; 0 if unknown."""
    found = np.zeros(len(answered))
    for block in np.unique(answered.block):
        inside = answered.block == block
        stable = answered.latency_ms[inside & ~answered.canary]
        if len(stable):
            found[inside] = np.quantile(stable, plan.guardrails.latency_quantile)
    return plan.guardrails.max_latency_ratio * found


def _unknown(arm: Observations) -> tuple[Observations, NDArray[np.bool_]]:
    # A failed request has no outcome to wait for; the error rate counts it.
    answered = arm.where(arm.due & ~arm.error)
    return answered, ~answered.known
