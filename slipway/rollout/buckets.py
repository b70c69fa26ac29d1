"""Which arm serves a unit behind a gateway: callers send a constant of the unit, and routes match it.

`x-slipway-bucket` is the first 32 bits of the unit's SHA-256, modulo 100. It needs no state, so that callers
know neither weight nor experiment; the experiment permutes the buckets.
"""

from collections.abc import Sequence
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from slipway.rollout.assignment import position

HEADER = "x-slipway-bucket"
BUCKETS = 100


def bucket(unit: str) -> int:
    """The bucket of a unit; see `docs/cluster.md` for the same in a shell."""
    # Text of the data may hold lone surrogates, as in `assignment`.
    return int(sha256(unit.encode("utf-8", "surrogatepass")).hexdigest()[:8], 16) % BUCKETS


def of_canary(experiment: str, weight: float) -> list[int]:
    """The buckets that the canary serves; a rising weight only adds to them.

    Args:
        weight: percent of the buckets; a part of one is none.
    """
    places = position([str(number) for number in range(BUCKETS)], experiment)
    return [int(number) for number in np.argsort(places, kind="stable")[: int(weight)]]


def in_canary(units: Sequence[str], experiment: str, weight: float) -> NDArray[np.bool_]:
    """Whether the canary serves each unit, [units]; see `assignment.in_canary`."""
    served = set(of_canary(experiment, weight))
    of = {unit: bucket(unit) in served for unit in dict.fromkeys(units)}
    return np.fromiter((of[unit] for unit in units), np.bool_, len(units))
