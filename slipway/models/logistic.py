"""Logistic regression, multinomial for classes: the simplest baseline, served from four arrays.

What training never saw is bounded as `linear` says.
"""

from pathlib import Path
from typing import Annotated, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from slipway.base.strict import Strict
from slipway.models.inputs import Inputs
from slipway.models.interface import BINARY, Kind, Labelled, Objective, Params
from slipway.models.linear import FILES, Design, Linear


class LogisticParams(Strict):
    """Of the logistic regression; the defaults are scikit-learn's."""

    c: Annotated[float, Field(gt=0, description="inverse of the L2 penalty")] = 1.0
    max_iter: Annotated[int, Field(ge=1, le=100_000)] = 100


class Logistic:
    """The logit of a probability, or of each class, is linear in the inputs."""

    def __init__(self, linear: Linear) -> None:
        self.linear = linear

    @classmethod
    def fit(
        cls,
        train: Labelled,
        validation: Labelled,
        params: Params,
        seed: int,
        objective: Objective = BINARY,
    ) -> Self:
        """Maximise the L2-penalised likelihood (L-BFGS)."""
        from sklearn.linear_model import LogisticRegression
        from threadpoolctl import threadpool_limits

        chosen = LogisticParams.model_validate(params)
        design = Design.of(train.inputs)
        model = LogisticRegression(C=chosen.c, max_iter=chosen.max_iter)
        with threadpool_limits(1):  # on shared cores, threads that wait in turn take ten times as long
            model.fit(design.matrix, train.labels)
        if not objective.classes:
            return cls(design.learned(model.coef_, model.intercept_))
        return cls(design.learned(*_of_all_classes(model, objective.classes, len(train.labels))))

    def scores(self, inputs: Inputs) -> NDArray[np.float64]:
        """The logistic function of the logits, or their softmax."""
        logits = self.linear.values(inputs)
        if logits.shape[1] > 1:
            raised = np.exp(logits - logits.max(axis=1, keepdims=True))
            return np.asarray(raised / raised.sum(axis=1, keepdims=True))
        logit = logits[:, 0]
        return np.asarray(1.0 / (1.0 + np.exp(-logit)), dtype=np.float64)

    def save(self, folder: Path) -> None:
        """Write the weights."""
        self.linear.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the weights."""
        return cls(Linear.load(folder))


def _of_all_classes(
    model: object, classes: int, rows: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coefficients and intercepts by class; one without training rows gets the odds of half a row."""
    found, slopes, constants = model.classes_, model.coef_, model.intercept_  # type: ignore[attr-defined]
    if len(found) == 2:  # scikit-learn then tells the logit of the second alone
        slopes, constants = np.concatenate([0 * slopes, slopes]), np.append(0.0, constants)
    coefficients = np.zeros((classes, slopes.shape[1]))
    # Softmax weighs a class against the sum of all, so the odds are taken of that sum.
    intercept = np.full(classes, np.logaddexp.reduce(constants) + np.log(0.5 / rows))
    coefficients[found], intercept[found] = slopes, constants
    return coefficients, intercept


kind = Kind(
    predictor=Logistic,
    params=LogisticParams,
    learns=frozenset({"binary", "classes"}),
    files=FILES,
)
