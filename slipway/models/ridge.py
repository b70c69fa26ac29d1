"""Ridge regression: the simplest baseline for a number, on the inputs of the logistic regression.

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


class RidgeParams(Strict):
    """Of the ridge regression; the default is scikit-learn's, of labels in deviations from their mean."""

    alpha: Annotated[float, Field(gt=0, description="the L2 penalty; 1 weighs as much as one row")] = 1.0


class Ridge:
    """The expected label is linear in the inputs."""

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
        """Minimise the penalised squared error (conjugate gradients, so that the matrix stays sparse).

        Labels are standardised first, so that `alpha` and the solver's tolerance suit any unit.
        """
        from sklearn import linear_model
        from threadpoolctl import threadpool_limits

        chosen = RidgeParams.model_validate(params)
        design, labels = Design.of(train.inputs), train.labels
        mean, scale = float(np.mean(labels)), float(np.std(labels)) or 1.0  # 1 for equal labels
        model = linear_model.Ridge(alpha=chosen.alpha, solver="sparse_cg", tol=1e-6)
        with threadpool_limits(1):  # as in the logistic regression
            model.fit(design.matrix, (labels - mean) / scale)
        return cls(
            design.learned(scale * np.atleast_2d(model.coef_), np.array([mean + scale * model.intercept_]))
        )

    def scores(self, inputs: Inputs) -> NDArray[np.float64]:
        """Expected labels."""
        return self.linear.values(inputs)[:, 0]

    def save(self, folder: Path) -> None:
        """Write the weights."""
        self.linear.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the weights."""
        return cls(Linear.load(folder))


kind = Kind(predictor=Ridge, params=RidgeParams, learns=frozenset({"squared"}), files=FILES)
