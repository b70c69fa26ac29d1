"""Which columns become inputs, as what."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.starter.answers import Answers, positive
from slipway.starter.design import Design, design
from slipway.starter.profile import ColumnProfile
from slipway.starter.render import Plan, card_text
from slipway.starter.sizes import PROVISIONAL, split_shares
from tests.starter.profiles import ROWS, column, label, table
from tests.starter.reading import card_of

NOW = Answers("y")


def designed(*columns: ColumnProfile, **unfit: str) -> Design:
    """The design of a table with a label and these columns, some of them found unfit."""
    return design(table(label(), *columns), NOW, unfit)


@pytest.mark.parametrize(
    ("one", "uses"),
    [
        (column("x", "string"), "c"),
        (column("x", "number"), "n"),
        (column("x", "integer", 5000), "n"),
        (column("x", "integer", 50), "cn"),
        (column("x", "integer", 2), "n"),
        (column("shop_id", "integer", 5000), "c"),
        (column("zip", "integer", 50), "c"),
    ],
)
def test_a_column_is_a_category_or_a_number(one: ColumnProfile, uses: str) -> None:
    """Whole numbers that come again and again may be both."""
    found = designed(one)
    name = found.columns[-1].name
    assert ("c" * (name in found.categorical) + "n" * (name in found.numeric)) == uses
    assert found.both == ((name,) if uses == "cn" else ())


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (column("x", "nested", 0), "holds lists or structures"),
        (column("x", "string", 0, nulls=ROWS), "is empty"),
        (column("x", "number", 1), "is the same in every row"),
        (column("x", "string", ROWS, commas=True), "has decimal commas, which make it text; write points"),
        (column("x", "string", ROWS), "differs in almost every row, as an id or free text does"),
        (column("x", "integer", ROWS), "differs in almost every row, as an id or free text does"),
        (column("x", "timestamp"), "is a second time; make numbers of it in features.py if it helps"),
    ],
)
def test_what_tells_nothing_is_left_out(one: ColumnProfile, why: str) -> None:
    """With a reason, and how it would stand in the card."""
    (left,) = designed(one).left
    assert (left.name, left.why) == ("x", why)


def test_what_tells_the_label_is_left_out() -> None:
    """Before anything else is said of it."""
    (left,) = designed(column("ended", "timestamp"), ended="alone tells the label").left
    assert left.why == "alone tells the label"


@pytest.mark.parametrize(
    "one", [column("x", "number", ROWS), column("x", "string", 1, nulls=5), column("x", "integer", 9500)]
)
def test_what_may_tell_something_is_kept(one: ColumnProfile) -> None:
    """Measurements differ in every row; that a value is missing is a value."""
    assert designed(one).left == ()


def test_bounds_leave_room() -> None:
    """What is not negative stays so, few words stay these, and half as much again may be missing."""
    found = designed(
        column("x", "number", nulls=1000), column("t", "string", 2, values=("a", "no"), counts=(1, 9))
    )
    number, text = (one.column for one in found.columns[-2:])
    assert (number.min, number.max, number.null_share) == (0, None, 0.2)
    assert text.values == ["a", "no"]
    assert [one.comment for one in found.columns[-2:]] == [
        "review: seen 0 to 9, 10 % missing",
        "review: all that were seen; any other stops the run",
    ]


def test_a_table_without_time_and_unit_gets_both() -> None:
    """Made by ingestion, no inputs, and named apart from its own columns."""
    found = designed(column("time", "string"), column("row", "integer"))
    time, row = found.columns[:2]
    assert (time.name, time.column.source, time.column.role) == ("time_2", "#shuffled", "time")
    assert (row.name, row.column.source, row.column.role) == ("row_2", "#row", "unit")
    assert not {"time_2", "row_2"} & {*found.categorical, *found.numeric}
    assert (found.timed, found.united, found.time_of_day) == (False, False, False)


@pytest.mark.parametrize(("hours", "told"), [(1, False), (24, True)])
def test_the_time_of_day_is_a_feature_where_times_tell_it(hours: int, told: bool) -> None:
    """Dates alone do not."""
    found = design(table(label(), column("t", "timestamp", hours=hours)), Answers("y", time="t"), {})
    assert found.time_of_day is told


@pytest.mark.parametrize(("distinct", "inputs"), [(ROWS, ()), (200, ("u",))])
def test_a_unit_that_comes_back_is_an_input(distinct: int, inputs: tuple[str, ...]) -> None:
    """One that is always new has nothing to be known by."""
    found = design(table(label(), column("u", "integer", distinct)), Answers("y", unit="u"), {})
    assert found.categorical == inputs
    assert found.united


def test_slices_are_words_with_few_values() -> None:
    """At most three, the fewest values first."""
    words = [column(f"s{count}", "string", count) for count in (9, 2, 11, 5, 3)]
    assert designed(*words).slices == ("s2", "s3", "s5")


KINDS = st.sampled_from(["integer", "number", "string", "timestamp", "nested"])
COLUMNS = st.lists(
    st.builds(
        column,
        source=st.text(max_size=20),
        kind=KINDS,
        distinct=st.integers(0, ROWS),
        nulls=st.integers(0, ROWS),
        values=st.lists(st.text(max_size=10), max_size=4, unique=True).map(tuple),
    ),
    max_size=8,
    unique_by=lambda one: one.source,
)


@settings(deadline=None, max_examples=50)
@given(COLUMNS, st.lists(st.text(max_size=9), min_size=2, max_size=2, unique=True))
def test_any_profile_becomes_a_card(columns: list[ColumnProfile], values: list[str]) -> None:
    """Whatever columns are called and hold, the text is YAML that fits the model and says the same."""
    last = column("the label", "string", 2, values=tuple(values), counts=(1, 2))
    found = table(*(one for one in columns if one.source != "the label"), last)
    chosen = design(found, Answers("the label"), {})
    card = card_of(card_text(Plan("any", found.source, found, chosen, split_shares(ROWS), PROVISIONAL)))

    assert card.data.columns == {one.name: one.column for one in chosen.columns}
    assert (card.features.categorical, card.features.numeric) == ([*chosen.categorical], [*chosen.numeric])
    assert card.data.columns[card.data.required("label")].positive == positive(last, None)
