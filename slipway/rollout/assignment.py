"""Which arm serves a unit: a stable hash, so that nothing has to be remembered."""

from collections.abc import Callable, Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

Assign = Callable[[Sequence[str], str, float], NDArray[np.bool_]]
"""Whether the canary serves each unit, as `in_canary`; a target may have its own."""


def position(units: Sequence[str], experiment: str) -> NDArray[np.float64]:
    """Where each unit stands in [0, 100), [units]; uniform, and independent between experiments.

    The same unit stands at the same place on every machine and in every process.
    """
    # BLAKE2b takes a key of at most 64 bytes; the name of an experiment may be longer.
    salt = blake2b(experiment.encode(), digest_size=16).digest()
    places = {unit: _place(unit, salt) for unit in dict.fromkeys(units)}
    return np.fromiter((places[unit] for unit in units), np.float64, len(units))


def in_canary(units: Sequence[str], experiment: str, weight: float) -> NDArray[np.bool_]:
    """Whether the canary serves each unit, [units].

    A rising weight only adds units to the canary: none moves back.

    Args:
        weight: percent of the units.
    """
    return position(units, experiment) < weight


def _place(unit: str, salt: bytes) -> float:
    # Text of the data may hold lone surrogates, and such a unit needs a place too.
    digest = blake2b(unit.encode("utf-8", "surrogatepass"), digest_size=8, key=salt).digest()
    # 53 bits are what a float holds: with all 64 the largest would round to 100.
    return (int.from_bytes(digest, "big") >> 11) * 100 / 2**53
