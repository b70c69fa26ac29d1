"""When outcomes count: a window of one length for both arms, after which the book of a request is closed.

Were each outcome counted as it came, an arm whose outcomes come late would be judged by those that come fast:
purchases, say, and not what was never bought. So nothing counts before the window has passed, nor what comes
after it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NEVER = np.iinfo(np.int64).max
"""The time of an outcome that has not come."""


@dataclass(frozen=True)
class Matured:
    """What may be counted of some requests, bool [requests] each.

    Attributes:
        due: the window has passed.
        known: the outcome came within it.
        late: it came in the second half.
    """

    due: NDArray[np.bool_]
    known: NDArray[np.bool_]
    late: NDArray[np.bool_]


def matured(sent: NDArray[np.int64], known_at: NDArray[np.int64], now: int, window_hours: float) -> Matured:
    """Which outcomes count by now, for an arena whose outcomes come in real time.

    Args:
        sent: int64 [requests]; when each was sent, microseconds since 1970.
        known_at: int64 [requests]; when its outcome came, `NEVER` where it has not.
        now: microseconds since 1970.
        window_hours: from a request until its outcome counts.
    """
    window = round(window_hours * 3_600_000_000)
    came = known_at != NEVER
    # Where none came the difference means nothing, and may be out of range.
    waited = np.where(came, known_at, sent) - sent
    known = came & (waited <= window)
    return Matured(due=sent + window <= now, known=known, late=known & (2 * waited > window))
