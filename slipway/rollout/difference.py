"""Canary minus stable on the decision metric: within steps, over steps, by unit."""

import numpy as np
from numpy.typing import NDArray

from slipway.records.evidence import Interval
from slipway.rollout.observations import Observations
from slipway.rollout.sequential import confidence_sequence
from slipway.settings.card import Rollout


def difference(seen: Observations, plan: Rollout) -> Interval | None:
    """Canary minus stable with an interval that holds at every look; None where nothing can be said.

    In each step the arms' means per request are compared (ratios of sums). Steps are weighted by effective
    sample size n_c n_s / (n_c + n_s): then estimate times total weight is a sum to which a step only adds, as
    a confidence sequence needs; weights by estimated variance would rewrite what earlier looks added. Units
    that come back correlate this sum's increments positively (under sticky, monotone assignment a unit's arms
    in two steps have covariance p (1 - p') > 0), so that it crosses a boundary less often than a sum over
    independent requests of the same variance (Slepian, Bell System Technical Journal 41, 1962).

    An outcome counts from the first look after it became known, in the step in which it was asked for; one
    that is not known yet counts as nothing, not as zero.

    Outcomes that are due and unknown are imputed alike in both arms, by leaving them out. As that may be
    wrong, a share of them that the card tolerates is taken at its worst: against the canary where it would be
    promoted, for it where it would be aborted.

    A step counts once each arm has two units, and there is no interval before each arm has `min_requests`
    known metrics: the theory is asymptotic.
    """
    known, arms = seen.known, 2 * len(plan.steps)
    unit, step, metric = seen.unit[known], seen.step[known], seen.metric[known]
    arm = 2 * step + seen.canary[known]
    several = np.array([_several(unit[arm == one]) for one in range(arms)])
    counted = several[::2] & several[1::2]
    requests = np.bincount(arm, minlength=arms).reshape(-1, 2) * counted[:, None]
    if requests.sum(axis=0).min() < plan.guardrails.min_requests:
        return None
    size = requests.prod(axis=1) / np.maximum(requests.sum(axis=1), 1)
    means = np.bincount(arm, metric, arms).reshape(-1, 2) / np.maximum(requests, 1)
    residuals = np.where(counted[step], metric - means.ravel()[arm], 0.0)
    moves = (size[:, None] / np.maximum(requests, 1) * [-1, 1]).ravel()
    weights = np.array([planned.weight / 100 for planned in plan.steps])
    variance = max(_observed(unit, residuals * moves[arm]), _designed(unit, step, residuals, weights))
    if not variance > 0:
        return None
    total = float(size.sum())
    found = confidence_sequence(
        estimate=float(size @ (means[:, 1] - means[:, 0])) / total,
        deviation=float(np.sqrt(variance)) / total,
        information=total,
        target=sum(step.requests * step.weight * (100 - step.weight) for step in plan.steps) / 1e4,
        alpha=plan.decision.alpha,
    )
    against, favour = _unknowns(seen, plan.guardrails.max_unknown_rise)
    return Interval(value=found.value, low=found.low - against, high=found.high + favour)


def _unknowns(seen: Observations, most: float) -> tuple[float, float]:
    """By how much unknown outcomes may have moved the difference, against the canary and for it.

    Up to the share `most` of each arm's answers: its own worst or best, in place of its mean.
    """
    worst, best = float(seen.metric[seen.known].min()), float(seen.metric[seen.known].max())
    moved = []
    for arm in (seen.canary, ~seen.canary):
        answered = seen.metric[arm & seen.due]
        known = answered[np.isfinite(answered)]
        share, mean = min(most, 1 - len(known) / len(answered)), float(known.mean())
        moved.append((share * (mean - worst), share * (best - mean)))
    (down, up), (lower, higher) = moved
    return down + higher, up + lower


def _several(units: NDArray[np.int64]) -> bool:
    return bool((units != units[:1]).any())


def _observed(unit: NDArray[np.int64], moves: NDArray[np.float64]) -> float:
    """Variance of the weighted sum, linearised (Taylor): a unit's parts are added up, then squared.

    Args:
        moves: of the sum by each request, [requests].
    """
    return float(np.square(np.bincount(unit, moves)).sum())


def _designed(
    unit: NDArray[np.int64],
    step: NDArray[np.int32],
    residuals: NDArray[np.float64],
    weights: NDArray[np.float64],
) -> float:
    """The same variance over all assignments that might have been drawn, were the difference constant.

    It rests on the units of both arms (Neyman, 1923, reprinted in Statistical Science 5, 1990). The observed
    one is far too small where a canary of 10 % has few units or happened to have no rare outcome, this one
    where the canary's outcomes vary more than stable's; so the larger is taken.
    """
    covariance = np.minimum.outer(weights, weights) * (1 - np.maximum.outer(weights, weights))
    units = int(unit.max()) + 1
    totals = np.bincount(step * units + unit, residuals, len(weights) * units).reshape(len(weights), units)
    return float((covariance * (totals @ totals.T)).sum())
