"""What every kind of model declares and does; each is saved in a data format, never as a pickle."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Literal, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from slipway.base.strict import Strict
from slipway.models.inputs import Inputs

Params = Mapping[str, Any]
"""Parameters by name: numbers, texts, truths, or lists of them."""
Labels = NDArray[np.int8] | NDArray[np.int64] | NDArray[np.float64]
Learns = Literal["binary", "squared", "absolute", "classes"]
FORMATS = frozenset({".npy", ".npz", ".txt", ".json", ".onnx", ".safetensors"})
"""Endings of files that hold data and no code; a pickle may run code when it is read."""


@dataclass(frozen=True)
class Objective:
    """What is made small: the log loss, or the error of a number.

    Attributes:
        name: `binary`, labels 0 or 1; `classes`, labels 0 to classes - 1; `squared` and `absolute`,
            labels that are any number.
        classes: how many; 0 unless the name is `classes`.
    """

    name: Learns
    classes: int = 0

    def __post_init__(self) -> None:
        """Hold both against each other."""
        if (self.name == "classes") != (self.classes >= 2):
            raise ValueError(f"objective {self.name!r} with {self.classes} classes")

    @property
    def outputs(self) -> int:
        """How many numbers an answer has: one for each class, else one."""
        return max(self.classes, 1)


BINARY = Objective("binary")


@dataclass(frozen=True)
class Labelled:
    """Rows to learn from, in the order of their times.

    Attributes:
        inputs: of `rows` rows.
        labels: [rows]; see `Objective`.
        at: int64 [rows]; the time of each row, microseconds since 1970 in UTC.
        known_at: int64 [rows]; when its label became known, likewise; a model that learns from one row's
            label about another must not use what was not known then.
    """

    inputs: Inputs
    labels: Labels
    at: NDArray[np.int64]
    known_at: NDArray[np.int64]


class Predictor(Protocol):
    """A trained model."""

    @classmethod
    def fit(
        cls,
        train: Labelled,
        validation: Labelled,
        params: Params,
        seed: int,
        objective: Objective = BINARY,
    ) -> Self:
        """Train; `validation` may stop the training early, nothing else.

        Raises:
            pydantic.ValidationError: `params` has a name or a value that this kind does not take.
        """
        ...

    def scores(self, inputs: Inputs) -> NDArray[np.float64]:
        """Probabilities of a 1, or numbers, [rows]; of classes the probability of each, [rows, classes]."""
        ...

    def save(self, folder: Path) -> None:
        """Write the model into an existing, empty folder."""
        ...

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        ...


@dataclass(frozen=True)
class Kind:
    """What the module of a kind declares as `kind`.

    Attributes:
        predictor: trains and answers.
        params: what a card may set, each with its default.
        learns: the objectives by name.
        files: what `save` writes, all of it data.
        tolerance: how far a served score may lie from that of training.
        gains: by input, the share of what splits by it took from the loss of the training rows; None where a
            kind has no such thing.
    """

    predictor: type[Predictor]
    params: type[Strict]
    learns: frozenset[Learns]
    files: frozenset[str]
    tolerance: float = 1e-6
    gains: Callable[[Any, Inputs], dict[str, float]] | None = None

    def __post_init__(self) -> None:
        """Refuse formats that could hold code.

        Raises:
            ValueError: the line names the file.
        """
        for name in sorted(self.files):
            if PurePath(name).suffix not in FORMATS:
                raise ValueError(f"files: {name!r} is none of {', '.join(sorted(FORMATS))}")
