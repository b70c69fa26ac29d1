"""Recalibration: a slope and intercepts on the scale of a task's scores, fitted on the newest outcomes.

Cox, Two further applications of a model for binary regression, Biometrika 45, 1958; Platt, Probabilistic
outputs for support vector machines, 1999; for classes Alexandari, Kundaje and Shrikumar, Maximum likelihood
with bias-corrected calibration is hard-to-beat at label shift adaptation, ICML 2020.

The estimate is shrunk towards changing nothing by the share of its distance that noise explains (Copas,
Regression, prediction and shrinkage, JRSS B 45, 1983; van Houwelingen and le Cessie, Predictive value of
statistical models, Statistics in Medicine 9, 1990), with a variance in which units are clusters.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from slipway.records.evidence import MIN_UNITS
from slipway.records.recalibration import Recalibration

Array = NDArray[np.float64]
Labels = NDArray[Any]
"""Outcomes as the task reads them, [rows]."""
STEPS = 100
"""Of Newton's method; a convex loss that takes more has no finite minimum."""
FLAT = 1e-9
"""A gradient per row of this size ends the search."""


SMALLEST = 1e-12
"""Part of a step that is still tried."""


class Loss(Protocol):
    """Of slope and intercepts, convex, with the derivatives that a fit and its variance need."""

    @property
    def start(self) -> Array:
        """The parameters that change nothing, [k]."""
        ...

    def value(self, parameters: Array) -> float:
        """The sum over rows."""
        ...

    def gradients(self, parameters: Array) -> Array:
        """Of each row, [rows, k]."""
        ...

    def hessian(self, parameters: Array) -> Array:
        """The sum over rows, [k, k]."""
        ...


class Scale(Protocol):
    """Where scores are bent: what a slope and intercepts mean for the scores of a task."""

    def bent(self, scores: Array, slope: float, intercepts: list[float]) -> Array:
        """The scores, recalibrated."""
        ...

    def fitted(self, scores: Array, outcomes: Labels) -> "Estimation":
        """What is to be estimated from these rows, or why nothing is."""
        ...


class Answering(Protocol):
    """What a task says of its scores."""

    @property
    def scale(self) -> Scale | None:
        """None where scores are never bent."""
        ...

    def sound(self, scores: Array) -> NDArray[np.bool_]:
        """Which answers are valid ones, [rows]."""
        ...


@dataclass(frozen=True)
class Estimation:
    """A loss to minimise, and how its parameters are told; or why nothing can be estimated.

    Attributes:
        told: [intercepts, k]; turns the distance of the parameters from `start` into intercepts. The first
            parameter is always the slope.
        why_not: nothing is estimated for this reason.
    """

    loss: Loss | None = None
    told: Array | None = None
    intercepts: int = 1
    why_not: str | None = None


def recalibration(
    task: Answering, scores: Array, outcomes: Labels, units: NDArray[np.int64]
) -> Recalibration | None:
    """How scores are to be bent, by what came; None for a task whose scores never are.

    Args:
        scores: of rows that the model was not fitted to, [rows] or [rows, k].
        units: int64 [rows], from 0; whose each row is.
    """
    if task.scale is None:
        return None
    if not task.sound(scores).all():
        return unchanged(Estimation(intercepts=scores[0].size), units, "some answers are none")
    return fit(task.scale.fitted(scores, outcomes), units)


def recalibrated(task: Answering, scores: Array, found: Recalibration | None) -> Array:
    """Scores as a version answers them; None, as of versions from before there was any, changes nothing."""
    return scores if found is None else _bent(task, scores, found.slope, found.intercepts)


def original(task: Answering, scores: Array, found: Recalibration) -> Array:
    """The scores before they were recalibrated, up to the precision of floats."""
    return _bent(task, scores, *found.undone)


def _bent(task: Answering, scores: Array, slope: float, intercepts: list[float]) -> Array:
    if task.scale is None or (slope == 1 and not any(intercepts)):
        return scores
    sound = task.sound(scores)
    bent = task.scale.bent(scores, slope, intercepts)
    # An answer that is none stays one, for the gate to see.
    return np.where(sound if scores.ndim == 1 else sound[:, None], bent, scores)


def fit(asked: Estimation, units: NDArray[np.int64]) -> Recalibration:
    """Estimate slope and intercepts, and shrink what is found by its own noise.

    Args:
        units: int64 [rows]; whose each row is: rows of one unit count as one observation.
    """
    if asked.loss is None or asked.told is None:
        return unchanged(asked, units, asked.why_not or "nothing to fit")
    if (count := len(np.unique(units))) < MIN_UNITS:
        return unchanged(asked, units, f"{count} units, fewer than {MIN_UNITS}")
    found = minimum(asked.loss)
    if found is None:
        return unchanged(asked, units, "no slope fits best")
    distance = found - asked.loss.start
    kept = kept_share(asked.loss, found, units)
    if kept == 0:
        return unchanged(asked, units, "what was found is no more than noise")
    slope = 1 + kept * float(distance[0])
    if slope <= 0:
        # It would turn every ranking round.
        return unchanged(asked, units, "the newest outcomes run against the scores")
    intercepts = (kept * (asked.told @ distance)).tolist()
    return Recalibration(slope=slope, intercepts=intercepts, kept=kept, rows=len(units), units=count)


def unchanged(asked: Estimation, units: NDArray[np.int64], why: str) -> Recalibration:
    """Scores stay what they are, for a reason."""
    return Recalibration(
        slope=1.0,
        intercepts=[0.0] * asked.intercepts,
        kept=0.0,
        rows=len(units),
        units=len(np.unique(units)),
        problem=why,
    )


def minimum(loss: Loss) -> Array | None:
    """Where a convex loss is least, by Newton's method with halved steps; None where it is nowhere."""
    at = loss.start
    value = loss.value(at)
    for _ in range(STEPS):
        gradients = loss.gradients(at)
        if np.abs(gradients.mean(axis=0)).max() < FLAT:
            return at
        try:
            step = np.linalg.solve(loss.hessian(at), gradients.sum(axis=0))
        except np.linalg.LinAlgError:
            return None
        size = 1.0
        while not (after := loss.value(at - size * step)) <= value:
            size /= 2
            if size < SMALLEST:  # as low as floats tell, or nowhere near
                return at if np.abs(gradients.mean(axis=0)).max() < FLAT**0.5 else None
        at, value = at - size * step, after
    return None


def kept_share(loss: Loss, found: Array, units: NDArray[np.int64]) -> float:
    """How much of the distance from changing nothing is more than noise, 0 to 1.

    With k parameters and the squared distance T in standard errors it is 1 - k / T, or 0. The variance is the
    sandwich of sums over units (Liang and Zeger, Longitudinal data analysis using generalized linear models,
    Biometrika 73, 1986).
    """
    sums = np.stack([np.bincount(units, one) for one in loss.gradients(found).T], axis=1)
    count = len(np.unique(units))
    meat = sums.T @ sums * count / (count - 1)
    # inverse(H meat^-1 H) is the variance, so the distance is measured without inverting it.
    turned = loss.hessian(found) @ (found - loss.start)
    distance = float(turned @ np.linalg.pinv(meat) @ turned)
    return max(0.0, 1 - len(found) / distance) if distance > 0 else 0.0
