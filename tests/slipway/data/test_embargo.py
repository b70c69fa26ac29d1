"""No part holds an outcome that was not known when the next part began."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.base.errors import Refused
from slipway.data.embargo import embargo

ALONE = np.arange(1000)
BOUNDS = [0, 400, 600, 800, 1000]


def test_without_a_delay_nothing_is_left_out() -> None:
    """A label that is known at once is known before the next part."""
    assert embargo(ALONE, ALONE, ALONE, BOUNDS).all()


def test_what_was_not_known_when_the_next_part_began_is_left_out() -> None:
    """The last rows of each part but the last, after which nothing comes."""
    kept = embargo(ALONE, ALONE + 50, ALONE, BOUNDS)

    assert np.flatnonzero(~kept).tolist() == [*range(350, 400), *range(550, 600), *range(750, 800)]


def test_one_late_label_is_left_out_wherever_it_stands() -> None:
    """And one that is known just before the next part begins is not."""
    known = ALONE.copy()
    known[[10, 20, 700]] = [400, 399, 950]

    assert np.flatnonzero(~embargo(ALONE, known, ALONE, BOUNDS)).tolist() == [10, 700]


def test_a_request_is_left_out_whole() -> None:
    """Half of the options are another question."""
    known = ALONE.copy()
    known[101] = 999

    assert np.flatnonzero(~embargo(ALONE, known, ALONE // 2, BOUNDS)).tolist() == [100, 101]


@given(
    delays=st.lists(st.integers(0, 30), min_size=300, max_size=300),
    size=st.integers(1, 3),
)
def test_properties(delays: list[int], size: int) -> None:
    """What is kept, and nothing else, was known in time with all of its request."""
    time, request, bounds = np.arange(900), np.arange(900) // size, [0, 240, 480, 720, 900]
    known = time + np.repeat(delays, 3)
    kept = embargo(time, known, request, bounds)

    for row in range(900):
        after = next((bound for bound in bounds[1:-1] if bound > row), 10**6)
        assert kept[row] == (known[request == request[row]].max() < after)


@pytest.mark.gate(
    "split.span",
    fed="parts that span less time than the labels need",
    stops="split",
    exit=3,
    reason="a part needs as many rows beyond the delay",
    untouched="nothing is written",
)
def test_a_part_that_spans_less_than_the_delay_is_refused() -> None:
    """One line names span, delay, what would be left and what to do."""
    hours = ALONE * 3_600_000_000
    with pytest.raises(Refused) as caught:
        embargo(hours, hours + 7 * 24 * 3_600_000_000, ALONE, BOUNDS)

    assert str(caught.value) == (
        "the validation part spans 8 days, 8:00:00, and its outcomes become known up to 7 days, 0:00:00 "
        "after their rows: 32 of 200 rows are known before the holdout part begins, expected at least 100; "
        "a part needs as many rows beyond the delay: take more rows (data.source.rows) or larger shares "
        "(data.split)"
    )
