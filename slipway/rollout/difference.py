"""Canary minus stable on the decision metric: within steps, over steps, by unit."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from slipway.records.evidence import Interval
from slipway.rollout.observations import Observations
from slipway.rollout.sequential import confidence_sequence
from slipway.settings.card import Rollout


@dataclass(frozen=True)
class Sums:
    """Requests with a known metric, and its sum, float64 [steps, arms, units]; arm 1 is the canary."""

    requests: NDArray[np.float64]
    metric: NDArray[np.float64]

    @classmethod
    def of(cls, seen: Observations, steps: int) -> Self:
        """Add up the requests of each unit in each arm of each step."""
        known = seen.known
        units = int(seen.unit.max()) + 1 if len(seen) else 0
        cell = (seen.step[known] * 2 + seen.canary[known]) * units + seen.unit[known]
        shape = (steps, 2, units)
        return cls(
            requests=np.bincount(cell, minlength=steps * 2 * units).astype(np.float64).reshape(shape),
            metric=np.bincount(cell, seen.metric[known], steps * 2 * units).astype(np.float64).reshape(shape),
        )


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
    sums = Sums.of(seen, len(plan.steps))
    requests = sums.requests.sum(axis=2)
    counted = ((sums.requests > 0).sum(axis=2) >= 2).all(axis=1)
    if not counted.any() or requests[counted].sum(axis=0).min() < plan.guardrails.min_requests:
        return None
    weights = np.array([step.weight / 100 for step in plan.steps])[counted]
    requests, metric, by_unit = requests[counted], sums.metric[counted], sums.requests[counted]
    means = metric.sum(axis=2) / requests
    residuals = metric - means[:, :, None] * by_unit
    size = requests.prod(axis=1) / requests.sum(axis=1)
    variance = max(_observed(residuals, requests, size), _designed(residuals, weights))
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
        answered = seen.where(arm & seen.due)
        share = min(most, 1 - float(answered.known.mean()))
        mean = float(answered.metric[answered.known].mean())
        moved.append((share * (mean - worst), share * (best - mean)))
    (down, up), (lower, higher) = moved
    return down + higher, up + lower


def _observed(
    residuals: NDArray[np.float64], requests: NDArray[np.float64], size: NDArray[np.float64]
) -> float:
    """Variance of the weighted sum, linearised (Taylor): a unit's parts are added up, then squared."""
    parts = residuals * (size[:, None] / requests * [-1, 1])[:, :, None]
    return float(np.square(parts.sum(axis=(0, 1))).sum())


def _designed(residuals: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """The same variance over all assignments that might have been drawn, were the difference constant.

    It rests on the units of both arms (Neyman, 1923, reprinted in Statistical Science 5, 1990). The observed
    one is far too small where a canary of 10 % has few units or happened to have no rare outcome, this one
    where the canary's outcomes vary more than stable's; so the larger is taken.
    """
    covariance = np.minimum.outer(weights, weights) * (1 - np.maximum.outer(weights, weights))
    totals = residuals.sum(axis=1)
    return float(np.einsum("su,st,tu->", totals, covariance, totals))
