"""What is known of requests: arrays of one size, a value of each for every request."""

from collections.abc import Sequence
from dataclasses import MISSING, dataclass, fields
from typing import Any, Self, get_args, get_type_hints

import numpy as np
from numpy.typing import NDArray

from slipway.base.errors import SlipwayError


@dataclass(frozen=True)
class PerRequest:
    """Requests in the order in which they were sent; every array is [requests], None where nobody has it.

    Attributes:
        unit: int64; codes 0 .. u-1 of the units of assignment.
    """

    unit: NDArray[np.int64]

    def __post_init__(self) -> None:
        sizes = {name: len(values) for name, values in self._arrays.items()}
        if len(set(sizes.values())) > 1:
            raise SlipwayError(f"{type(self).__name__}: found arrays of sizes {sizes}, expected one size")

    def __len__(self) -> int:
        return len(self.unit)

    @property
    def units(self) -> int:
        """How many different units sent these requests."""
        return different(self.unit)

    def where(self, chosen: NDArray[np.bool_] | NDArray[np.intp] | slice) -> Self:
        """The chosen requests, by whether each is one or by their places."""
        return type(self)(**{name: values[chosen] for name, values in self._arrays.items()})

    @classmethod
    def concat(cls, parts: Sequence[Self]) -> Self:
        """All requests of all parts, in order; of no parts, none.

        Raises:
            SlipwayError: some parts have an array that others have not.
        """
        if not parts:
            return cls.none()
        every = [part._arrays for part in parts]
        for name in {name for arrays in every for name in arrays}:
            if (having := sum(name in arrays for arrays in every)) < len(parts):
                raise SlipwayError(
                    f"{cls.__name__}: found {having} of {len(parts)} parts that say what was {name}"
                )
        return cls(**{name: np.concatenate([arrays[name] for arrays in every]) for name in every[0]})

    @classmethod
    def none(cls) -> Self:
        """No requests; every array has the type that its field says."""
        types, empty = get_type_hints(cls), {}
        for one in fields(cls):
            if one.default is MISSING and one.default_factory is MISSING:
                (kind,) = get_args(get_args(types[one.name])[1])
                empty[one.name] = np.empty(0, kind)
        return cls(**empty)

    @property
    def _arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays that there are, by name."""
        every = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: values for name, values in every.items() if values is not None}


def different(codes: NDArray[np.int64]) -> int:
    """How many different codes there are, of those from 0."""
    return int(np.count_nonzero(np.bincount(codes)))
