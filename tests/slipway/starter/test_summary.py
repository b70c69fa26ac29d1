"""What is printed of a new system."""

from dataclasses import replace

import pytest

from slipway.starter.choices import Choices
from slipway.starter.design import design
from slipway.starter.profile import ColumnProfile
from slipway.starter.render import Plan
from slipway.starter.sizes import PROVISIONAL, PartSize, split_shares
from slipway.starter.summary import AT_ONCE, lines
from slipway.starter.texts import Odd, Text
from tests.slipway.starter.profiles import ROWS, column, label, table


def planned(*columns: ColumnProfile) -> Plan:
    """The plan of a table with a label and these columns."""
    found = table(label(), *columns)
    return Plan("t", found.source, found, design(found, Choices("y"), {}), split_shares(ROWS), PROVISIONAL)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ((column("x", "number"),), "inputs: 1 as a number, 0 as a category"),
        (
            (column("x", "number"), column("t", "string"), column("n", "integer"), column("m", "integer")),
            "inputs: 1 as a number, 1 as a category, 2 as both, being amounts or codes: n, m",
        ),
    ],
)
def test_inputs_are_counted_once(columns: tuple[ColumnProfile, ...], said: str) -> None:
    """And those that somebody has to decide on are named."""
    assert said in [*lines(planned(*columns))]


def test_several_values_count_as_one() -> None:
    """In words for several."""
    found = table(label("stars", ("2", "4", "5"), (1, 1, 1)), column("x", "number"))
    liked = design(found, Choices("stars", positive="4,5"), {})
    first = next(lines(Plan("t", found.source, found, liked, split_shares(ROWS), PROVISIONAL)))

    assert first == "10,000 rows, label stars; '4' and '5' count as 1 (--positive names others)"


@pytest.mark.parametrize(("delay", "said"), [(None, True), (0.0, False), (24.0, False)])
def test_a_delay_that_nobody_gave_is_told(delay: float | None, said: bool) -> None:
    """And what 0 means; rows without a time have none."""
    found = table(label(), column("when", "timestamp"), column("x", "number"))
    timed = design(found, Choices("y", "when"), {})
    plan = Plan("t", found.source, found, timed, split_shares(ROWS), PROVISIONAL, delay)

    assert (AT_ONCE in [*lines(plan)]) is said
    assert AT_ONCE not in [*lines(planned(column("x", "number")))]


def test_doubts_are_printed() -> None:
    """What a comment in the card says too, so that nobody has to find it there."""
    odd = column("x", "string", text=Text(odd=Odd("unknown", 78, 9999)))
    said = "review: x: 9,999 of 10,000 are numbers; 'unknown' (row 78) is not: a mark of a missing value?"
    assert said in [*lines(planned(odd))]


def test_a_holdout_that_shows_little_is_told() -> None:
    """With the key of the card that lets something pass all the same."""
    one = planned(column("x", "number"))
    few = replace(one.sizes, holdout=PartSize(500, 40, 40), min_outcomes=36)

    assert (
        "review: the holdout has 40 rows with the rarer label: gate.min_outcomes is 36, for the 100 of the "
        "default cannot be had"
    ) in [*lines(replace(one, sizes=few))]


@pytest.mark.parametrize(
    ("holdout", "said"),
    [
        (
            PartSize(4000, 6, 6),
            "of 4,000 rows in the holdout, 6 have the label 1: hardly anything can be decided",
        ),
        (PartSize(4000, 3981, 19), "of 4,000 rows in the holdout, 19 have the label 0: hardly anything"),
        (PartSize(4000, 20, 20), None),
        (PartSize(4000, 3980, 20), None),
    ],
)
def test_a_handful_of_labels_is_told(holdout: PartSize, said: str | None) -> None:
    """Whatever is decided by them is chance."""
    one = planned(column("x", "number"))
    told = [
        line for line in lines(replace(one, sizes=replace(one.sizes, holdout=holdout))) if "holdout" in line
    ]
    assert [line[: len(said or "")] for line in told] == ([said] if said else [])
