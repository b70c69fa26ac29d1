"""No part holds copies of rows of an earlier part."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.base.errors import Refused
from slipway.data.apart import later_copies, without_copies
from slipway.data.copies import NONE

BOUNDS = [0, 400, 600, 800, 1000]


@given(
    groups=st.lists(st.integers(-1, 4), min_size=40, max_size=40),
    kept=st.lists(st.booleans(), min_size=40, max_size=40),
    cuts=st.lists(st.integers(1, 39), min_size=3, max_size=3, unique=True),
)
def test_later_copies_are_those_of_earlier_parts(
    groups: list[int], kept: list[bool], cuts: list[int]
) -> None:
    """Of what is kept, row by row."""
    bounds = [0, *sorted(cuts), 40]
    later = later_copies(np.array(groups), np.array(kept), bounds)

    for row in range(40):
        begins = max(bound for bound in bounds if bound <= row)
        earlier = [groups[one] for one in range(begins) if kept[one]]
        assert later[row] == (kept[row] and groups[row] != NONE and groups[row] in earlier)


@pytest.mark.gate(
    "split.copies",
    fed="a part of which hardly a row is no copy of one of an earlier part",
    stops="split",
    exit=3,
    reason="190 of 200 rows of the validation part are copies of rows of an earlier part",
    untouched="nothing is written",
)
def test_a_part_of_copies_is_refused() -> None:
    """One line says how many, how many are left, and what to do."""
    group = np.full(1000, NONE)
    group[:190] = group[400:590] = np.arange(190)
    with pytest.raises(Refused) as caught:
        without_copies(group, np.ones(1000, np.bool_), BOUNDS)

    assert str(caught.value) == (
        "190 of 200 rows of the validation part are copies of rows of an earlier part, equal in all that is "
        "known of them: 10 are left, expected at least 100; copies show nothing: take them out of the table, "
        "or find out what repeats rows"
    )


def test_a_part_that_was_small_lacks_rows_and_no_copies() -> None:
    """The checks of parts say that."""
    assert without_copies(np.full(250, NONE), np.ones(250, np.bool_), [0, 200, 220, 240, 250]).all()
