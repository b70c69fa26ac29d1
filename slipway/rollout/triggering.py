"""Which requests tell two versions apart: only where they answer differently can they make a difference.

Triggered is a unit from its first request on which the versions differ, by what both would have answered it
and so alike in both arms. What came after it counts too, for an earlier answer may change what a user does
and is offered later; by requests alone, the arm would choose what is counted. Deng and Hu, Diluted treatment
effect estimation for trigger analysis in online controlled experiments, WSDM 2015.
"""

import numpy as np
from numpy.typing import NDArray

from slipway.records.evidence import Interval
from slipway.rollout.observations import Observations


def by_unit(differs: NDArray[np.bool_], unit: NDArray[np.int64]) -> NDArray[np.bool_]:
    """All requests of a unit from the first on that differs, [requests], which are in order."""
    place = np.arange(len(unit))
    first = np.full(int(unit.max(initial=-1)) + 1, len(unit))
    np.minimum.at(first, unit[differs], place[differs])
    return np.asarray(place >= first[unit], np.bool_)


def counted(seen: Observations) -> Observations:
    """The requests that may differ; an answer that failed is one, whatever both versions would have said.

    On the rest the difference is zero by construction.
    """
    chosen = _may_differ(seen)
    return seen if chosen.all() else seen.where(chosen)


def share(seen: Observations) -> float:
    """How many of the requests are counted; 1 of none."""
    return float(_may_differ(seen).mean()) if len(seen) else 1.0


def overall(gain: Interval | None, seen: Observations) -> Interval | None:
    """The difference over all requests: diluted by those on which there is none."""
    if gain is None:
        return None
    part = share(seen)
    return Interval(value=part * gain.value, low=part * gain.low, high=part * gain.high)


def _may_differ(seen: Observations) -> NDArray[np.bool_]:
    return seen.triggered | seen.error
