"""Each part of a split holds only rows whose outcome was known before the next part begins."""

from datetime import timedelta
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from slipway.base.errors import Refused
from slipway.data.manifest import MIN_ROWS, PARTS

ALWAYS = np.iinfo(np.int64).max


def embargo(
    time: NDArray[np.int64], known_at: NDArray[np.int64], request: NDArray[np.int64], bounds: list[int]
) -> NDArray[np.bool_]:
    """The rows that parts keep, [rows]; a request is kept or left out with all of its rows.

    The last part keeps all: nothing comes after it.

    Args:
        time: int64 [rows], sorted, microseconds since 1970.
        known_at: int64 [rows]; when each outcome became known, microseconds since 1970.
        request: int64 [rows] from 0; rows of one request have one number.
        bounds: the first row of each part and, last, the number of rows.

    Raises:
        Refused: a part spans too little time for its outcomes to become known in it.
    """
    whole = np.zeros(int(request.max()) + 1, np.int64)
    np.maximum.at(whole, request, known_at)
    sizes = np.diff(bounds)
    # Earlier, not at the same time: what becomes known as the next part begins was not known before it.
    kept: NDArray[np.bool_] = whole[request] < np.repeat([*time[bounds[1:-1]], ALWAYS], sizes)
    for place, (start, stop) in enumerate(pairwise(bounds[:-1])):
        left = int(kept[start:stop].sum())
        # A part that was smaller to begin with lacks rows and not time, and the checks of parts say so.
        if left < min(MIN_ROWS, stop - start):
            delay = int((known_at[start:stop] - time[start:stop]).max())
            part, after = PARTS[place], PARTS[place + 1]
            raise Refused(
                f"the {part} part spans {_shown(time[stop] - time[start])}, and its outcomes become known up "
                f"to {_shown(delay)} after their rows: {left:,} of {stop - start:,} rows are known before "
                f"the {after} part begins, expected at least {MIN_ROWS}; a part needs as many rows beyond "
                "the delay: take more rows (data.source.rows) or larger shares (data.split)"
            )  # guard split.span
    return kept


def _shown(microseconds: int) -> str:
    return str(timedelta(seconds=int(microseconds) // 1_000_000))
