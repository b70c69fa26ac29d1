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
    is slow that is so beside stable's in that block. Where it was slower before than in most blocks, its
    warm-up met a spell, and what is slow beside most blocks is slow.
    """
    if reference.slow_ms is None:
        return None
    answered = seen.where(~seen.error & np.isfinite(seen.latency_ms))
    if answered.canary.all() or not answered.canary.any():
        return Interval(value=0.0, low=-1.0, high=1.0)
    in_block = _slow_in_block(answered, plan)
    usual = float(np.median(in_block[in_block > 0]))
    slow = answered.latency_ms > np.maximum(min(reference.slow_ms, usual), in_block[answered.block])
    return rise(answered, slow, weight_at_the_end(plan), plan.decision.alpha)


def unknown_rise(seen: Observations, alpha: float) -> Interval:
    """The share of the canary's answers whose outcome is due and still unknown, minus that of stable's."""
    # A failed request has no outcome to wait for; the error rate counts it.
    return _by_arm(seen, seen.due & ~seen.error, ~seen.known, alpha)


def late_rise(seen: Observations, alpha: float) -> Interval | None:
    """The share of the canary's known outcomes that came late, minus that of stable's; None: nobody measures.

    Outcomes that come later in one arm are cut off more often by the window that both have.
    """
    return None if seen.late is None else _by_arm(seen, seen.known, seen.late, alpha)


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
    """`max_latency_ratio` times stable's quantile in each block, [blocks]; 0 where it has none."""
    latency, block = answered.latency_ms[~answered.canary], answered.block[~answered.canary]
    sizes = np.bincount(block, minlength=int(answered.block.max()) + 1)
    found = _quantiles(latency, block, sizes, plan.guardrails.latency_quantile)
    return plan.guardrails.max_latency_ratio * found


def _quantiles(
    values: NDArray[np.float64], block: NDArray[np.int64], sizes: NDArray[np.int64], quantile: float
) -> NDArray[np.float64]:
    """What `np.quantile` says of each block, bit by bit, in one go; 0 of an empty one."""
    ordered, first, last = values[np.lexsort((values, block))], np.cumsum(sizes) - sizes, sizes - 1
    place = quantile * np.maximum(last, 0)
    below = np.floor(place).astype(np.int64)
    low, high = (ordered[first + np.minimum(at, last)] for at in (below, below + 1))
    share, step = place - below, high - low
    # From the nearer end, as numpy rounds.
    found = np.where(share < 0.5, low + step * share, high - step * (1 - share))
    return np.where(sizes > 0, found, 0.0)


def _by_arm(seen: Observations, asked: NDArray[np.bool_], hits: NDArray[np.bool_], alpha: float) -> Interval:
    """The share of hits among what is asked of the canary, minus that of stable's, by unit."""
    arms = (asked & ~seen.canary, asked & seen.canary)
    stable, canary = (counted(hits[arm], seen.unit[arm]) for arm in arms)
    return rate_difference(stable, canary, alpha)
