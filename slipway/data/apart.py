"""No part of a split holds copies of rows of an earlier part."""

import numpy as np
from numpy.typing import NDArray

from slipway.base.errors import Refused
from slipway.data.compared import Numbers
from slipway.data.copies import NONE
from slipway.data.manifest import MIN_ROWS, PARTS


def later_copies(group: Numbers, kept: NDArray[np.bool_], bounds: list[int]) -> NDArray[np.bool_]:
    """Kept rows that copy a kept row of an earlier part, [rows].

    Args:
        group: int64 [rows], as `Copies` has it.
        kept: [rows]; what is left out already copies nothing and is not copied.
        bounds: the first row of each part and, last, the number of rows.
    """
    part = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    copied = kept & (group != NONE)
    first = np.full(int(group.max(initial=0)) + 1, len(bounds))
    np.minimum.at(first, group[copied], part[copied])
    later: NDArray[np.bool_] = copied & (part > first[group])
    return later


def without_copies(group: Numbers, kept: NDArray[np.bool_], bounds: list[int]) -> NDArray[np.bool_]:
    """What parts keep, [rows], of the rows that are `kept` so far: no copies of rows of an earlier part.

    Args:
        group, bounds: as `later_copies` takes them.

    Raises:
        Refused: a part has hardly any row that is no copy.
    """
    left: NDArray[np.bool_] = kept & ~later_copies(group, kept, bounds)
    for part, start, stop in zip(PARTS, bounds[:-1], bounds[1:], strict=True):
        before, after = int(kept[start:stop].sum()), int(left[start:stop].sum())
        # A part that was smaller to begin with lacks rows, and the checks of parts say so.
        if after < min(MIN_ROWS, before):
            raise Refused(
                f"{before - after:,} of {before:,} rows of the {part} part are copies of rows of an earlier "
                f"part, equal in all that is known of them: {after:,} are left, expected at least "
                f"{MIN_ROWS}; copies show nothing: take them out of the table, or find out what repeats rows"
            )  # guard split.copies
    return left
