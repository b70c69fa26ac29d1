"""What every predictor does; each is saved in a data format of its own, never as a pickle."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from slipway.system import Inputs

Params = Mapping[str, int | float | str]


class Predictor(Protocol):
    """A trained model of the probability that an outcome is 1."""

    @classmethod
    def fit(
        cls,
        train: Inputs,
        labels: NDArray[np.int8],
        validation: Inputs,
        validation_labels: NDArray[np.int8],
        params: Params,
        seed: int,
    ) -> Self:
        """Train; `validation` may stop the training early, nothing else.

        Raises:
            pydantic.ValidationError: `params` has a name or a value that this kind does not take.
        """
        ...

    def scores(self, inputs: Inputs) -> NDArray[np.float64]:
        """Probabilities, [rows]."""
        ...

    def save(self, folder: Path) -> None:
        """Write the model into an existing, empty folder."""
        ...

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        ...
