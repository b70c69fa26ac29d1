"""The scales on which scores are recalibrated: logits, logarithms of classes, numbers."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from slipway.records.recalibration import FEWEST
from slipway.tasks.metrics import CLIP
from slipway.tasks.recalibration import Array, Estimation, Labels

RARE = 30
"""Outcomes of a class; where one has fewer, classes share a slope and have no intercepts of their own."""
SMOOTH = 0.1
"""Of the median absolute error: within it an absolute error is rounded off, so that it has a curvature."""


@dataclass(frozen=True)
class Choice:
    """Log loss of one of several: a softmax of slope times score plus an intercept for each.

    Attributes:
        scores: [rows, several]; logarithms up to a constant of the row.
        outcomes: int64 [rows]; places.
        free: whether each but the first has an intercept.
    """

    scores: Array
    outcomes: NDArray[np.int64]
    free: bool

    @property
    def start(self) -> Array:
        """Slope 1, then the intercepts of all but the first."""
        return np.append(1.0, np.zeros(self.scores.shape[1] - 1 if self.free else 0))

    def _logs(self, parameters: Array) -> Array:
        intercepts = np.append(0.0, parameters[1:]) if self.free else 0.0
        raised = parameters[0] * self.scores + intercepts
        top = raised - raised.max(axis=1, keepdims=True)
        return np.asarray(top - np.log(np.exp(top).sum(axis=1, keepdims=True)), np.float64)

    def value(self, parameters: Array) -> float:
        """Log loss, summed."""
        return float(-self._logs(parameters)[np.arange(len(self.outcomes)), self.outcomes].sum())

    def gradients(self, parameters: Array) -> Array:
        """What was expected less what came: of the score, and of each intercept."""
        over = np.exp(self._logs(parameters))
        over[np.arange(len(over)), self.outcomes] -= 1
        slope = (over * self.scores).sum(axis=1, keepdims=True)
        return np.concatenate([slope, over[:, 1:]], axis=1) if self.free else slope

    def hessian(self, parameters: Array) -> Array:
        """The covariance of scores and places under the softmax, summed."""
        share = np.exp(self._logs(parameters))
        mean = (share * self.scores).sum(axis=1, keepdims=True)
        slope = (share * np.square(self.scores - mean)).sum()
        if not self.free:
            return np.array([[slope]])
        cross = (share * (self.scores - mean)).sum(axis=0)[1:]
        places = np.diag(share.sum(axis=0)) - share.T @ share
        return np.block([[np.array([[slope]]), cross[None]], [cross[:, None], places[1:, 1:]]])


@dataclass(frozen=True)
class Line:
    """Squared or absolute error of a line through the scores, both in their own deviations.

    Attributes:
        scores: [rows], of mean 0 and deviation 1.
        labels: [rows], moved and scaled likewise.
        rounded: 0 for the squared error; else the size below which an absolute error is rounded off.
    """

    scores: Array
    labels: Array
    rounded: float

    @property
    def start(self) -> Array:
        """Slope 1, intercept 0."""
        return np.array([1.0, 0.0])

    @cached_property
    def _inputs(self) -> Array:
        return np.stack([self.scores, np.ones(len(self.scores))], axis=1)

    def _errors(self, parameters: Array) -> Array:
        return np.asarray(self._inputs @ parameters - self.labels, np.float64)

    def value(self, parameters: Array) -> float:
        """Half the squared error, or the absolute one, summed."""
        error = self._errors(parameters)
        if not self.rounded:
            return float(error @ error / 2)
        return float(np.hypot(error, self.rounded).sum())

    def gradients(self, parameters: Array) -> Array:
        """Of slope and intercept."""
        error = self._errors(parameters)
        bent = error / np.hypot(error, self.rounded) if self.rounded else error
        return np.asarray(bent[:, None] * self._inputs, np.float64)

    def hessian(self, parameters: Array) -> Array:
        """Summed; of the absolute error the density of errors around 0."""
        if not self.rounded:
            return np.asarray(self._inputs.T @ self._inputs, np.float64)
        density = self.rounded**2 / np.hypot(self._errors(parameters), self.rounded) ** 3
        return np.asarray(self._inputs.T @ (density[:, None] * self._inputs), np.float64)


class Logit:
    """Probabilities of a 1, bent on the logit."""

    def bent(self, scores: Array, slope: float, intercepts: list[float]) -> Array:
        """The logistic function of slope times logit plus intercept."""
        with np.errstate(invalid="ignore"):  # of what is no number
            return np.asarray(
                np.exp(-np.logaddexp(0.0, -(slope * logit(scores) + intercepts[0]))), np.float64
            )

    def fitted(self, scores: Array, outcomes: Labels) -> Estimation:
        """Log loss; each label is to have enough outcomes."""
        ones = int(outcomes.sum())
        if (fewest := min(ones, len(outcomes) - ones)) < FEWEST:
            return Estimation(why_not=f"{fewest} outcomes of the rarer label, fewer than {FEWEST}")
        logits = logit(scores)
        if not np.ptp(logits):
            return Estimation(why_not="the scores do not differ")
        if logits[outcomes == 1].min() > logits[outcomes == 0].max():
            return Estimation(why_not="the scores tell all outcomes, so that no slope fits best")
        choice = np.stack([np.zeros(len(logits)), logits], axis=1)
        return Estimation(Choice(choice, outcomes.astype(np.int64), free=True), np.array([[0.0, 1.0]]))


@dataclass(frozen=True)
class Logs:
    """Probabilities of classes, bent on their logarithms; rows add up to 1 again."""

    classes: int

    def bent(self, scores: Array, slope: float, intercepts: list[float]) -> Array:
        """The softmax of slope times logarithm plus each class's intercept."""
        raised = slope * np.log(np.clip(scores, CLIP, 1.0)) + np.array(intercepts)
        found = np.exp(raised - raised.max(axis=1, keepdims=True))
        return np.asarray(found / found.sum(axis=1, keepdims=True), np.float64)

    def fitted(self, scores: Array, outcomes: Labels) -> Estimation:
        """Log loss, with an intercept for each class where every class has enough outcomes."""
        counts = np.bincount(outcomes.astype(np.int64), minlength=self.classes)
        if (fewest := len(outcomes) - int(counts.max())) < FEWEST:
            return Estimation(
                intercepts=self.classes,
                why_not=f"{fewest} outcomes beside the most frequent class, fewer than {FEWEST}",
            )
        logs = np.log(np.clip(scores, CLIP, 1.0))
        if not np.ptp(logs, axis=0).any():
            return Estimation(intercepts=self.classes, why_not="the scores do not differ")
        if (logs.argmax(axis=1) == outcomes).all():
            return Estimation(
                intercepts=self.classes, why_not="the scores tell all outcomes, so that no slope fits best"
            )
        free = bool(counts.min() >= RARE)
        told = np.zeros((self.classes, self.classes if free else 1))
        if free:
            # Intercepts say something only against each other: their mean is 0.
            told[1:, 1:] = np.eye(self.classes - 1)
            told -= told.mean(axis=0)
        return Estimation(Choice(logs, outcomes.astype(np.int64), free), told, self.classes)


@dataclass(frozen=True)
class Numbers:
    """Numbers as they are.

    Attributes:
        absolute: whether the absolute error is made small, which fits a median; else the squared one, a mean.
    """

    absolute: bool

    def bent(self, scores: Array, slope: float, intercepts: list[float]) -> Array:
        """Slope times score plus intercept."""
        return np.asarray(slope * scores + intercepts[0], np.float64)

    def fitted(self, scores: Array, outcomes: Labels) -> Estimation:
        """The error that the card decides by."""
        if len(outcomes) < FEWEST:
            return Estimation(why_not=f"{len(outcomes)} outcomes, fewer than {FEWEST}")
        mean, deviation = float(scores.mean()), float(scores.std())
        if not deviation:
            return Estimation(why_not="the scores do not differ")
        # A slope is no matter of the unit, and a far zero would drown it.
        inputs, labels = (scores - mean) / deviation, (outcomes - mean) / deviation
        rounded = SMOOTH * float(np.median(np.abs(inputs - labels))) if self.absolute else 0.0
        if self.absolute and not rounded:
            return Estimation(why_not="most answers are exact")
        # y = m + d (b (x - m) / d + a) = b x + d a + m (1 - b)
        return Estimation(Line(inputs, labels, rounded), np.array([[-mean, deviation]]))


def logit(scores: Array) -> Array:
    """Logarithm of the odds, of scores kept off 0 and 1."""
    kept = np.clip(scores, CLIP, 1 - CLIP)
    return np.asarray(np.log(kept) - np.log1p(-kept), np.float64)
