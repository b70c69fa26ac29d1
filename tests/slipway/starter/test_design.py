"""Which columns become inputs, as what."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.starter.choices import Choices, positive
from slipway.starter.design import SECOND, Design, design
from slipway.starter.dress import Dress
from slipway.starter.profile import ColumnProfile
from slipway.starter.render import Plan, card_text
from slipway.starter.sizes import PROVISIONAL, split_shares
from slipway.starter.texts import Odd, Text
from tests.slipway.starter.profiles import ROWS, column, label, table
from tests.slipway.starter.reading import card_of

NOW = Choices("y")


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
        (column("movieId", "integer", 5000), "c"),
        (column("PULocationID", "integer", 50), "c"),
        (column("paid", "integer", 5000), "n"),
        (column("item", "integer", 5000), "c"),
        (column("calls per item", "integer", 5000), "n"),
        (column("zip", "integer", 50), "c"),
        (column("x", "integer", 50, high=2.0**53), "cn"),
        (column("x", "integer", 50, high=2.0**60), "c"),
        (column("x", "integer", 50, low=-(2.0**60)), "c"),
    ],
)
def test_a_column_is_a_category_or_a_number(one: ColumnProfile, uses: str) -> None:
    """Whole numbers that come again and again may be both."""
    found = designed(one)
    name = found.columns[-1].name
    assert ("c" * (name in found.categorical) + "n" * (name in found.numeric)) == uses
    assert found.both == ((name,) if uses == "cn" else ())


UNIQUE = "differs in almost every row, as an id or free text does"


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (column("x", "nested", 0), "holds lists or structures"),
        (column("x", "string", 0, nulls=ROWS), "is empty"),
        (column("x", "number", 1), "is the same in every row"),
        (
            column("x", "string", ROWS, text=Text(dress=Dress("numbers as text", "1,5", "1234.56"))),
            "holds numbers as text, such as '1,5'; write them as 1234.56",
        ),
        (column("x", "string", ROWS), UNIQUE),
        (column("x", "integer", ROWS, high=2.0 * ROWS - 1), UNIQUE),
        (column("x", "integer", ROWS, high=2.0**60), UNIQUE),
        (column("x", "timestamp"), SECOND),
        (column("x", "string", text=Text(dates=True)), SECOND),
        (
            column("x", "string", 9900, nulls=1, text=Text(odd=Odd("unknown", 78, 9997))),
            "is text: 9,997 of 9,999 are numbers; 'unknown' (row 78) is not: a mark of a missing value?",
        ),
        (
            column("x", "string", ROWS, text=Text(alike=("1.1", "1.10"))),
            "is text: '1.1' and '1.10' would be one number, so the values stay texts",
        ),
    ],
)
def test_what_tells_nothing_is_left_out(one: ColumnProfile, why: str) -> None:
    """With a reason, and how it would stand in the card."""
    (left,) = designed(one).left
    assert (left.name, left.why) == ("x", why)


@pytest.mark.parametrize("source", ["", "#row", "#shuffled"])
def test_a_name_that_no_card_can_say_is_left_out(source: str) -> None:
    """It means something else there."""
    (left,) = designed(column(source, "string")).left
    assert (left.why, left.column.source) == ("has a name that no card can say", None)


def test_whole_numbers_that_are_new_in_each_row_are_left_out_by_their_name() -> None:
    """However far apart; without it they may be an amount."""
    high = 15e6
    found = designed(
        column("shop id", "integer", ROWS, high=high), column("cents", "integer", ROWS, high=high)
    )
    assert [one.name for one in found.left] == ["shop_id"]
    assert found.numeric == ("cents",)
    assert found.columns[-1].doubt == "differs in almost every row; an id or an amount?"


@pytest.mark.parametrize("one", [column("ended", "timestamp"), column("x", "string", text=Text(dates=True))])
def test_a_second_time_is_tried_on_the_label(one: ColumnProfile) -> None:
    """For what tells the label has to be told, and only then is it left out."""
    assert design(table(label(), one), NOW).left == ()


def test_numbers_without_an_order_are_categories_too() -> None:
    """And it is said, for they may be amounts all the same."""
    found = design(table(label(), column("No", "integer", 1682)), NOW, {}, {"No": 0.973})
    assert found.both == ("no",)
    assert found.columns[-1].doubt == (
        "an id? 97 % of what its 1,682 values tell of the label is not by their order, so it is taken as a "
        "category too"
    )


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
        "review: all that were seen; any other stops a run, and is refused in a request",
    ]


@pytest.mark.parametrize(
    ("nulls", "share"), [(1, 0.01), (2000, 0.5), (4000, 0.7), (6000, 0.9), (7000, 0.9), (9000, 1.0)]
)
def test_missing_values_have_room(nulls: int, share: float) -> None:
    """Also where most are missing: a share of 1 would be no check."""
    assert designed(column("x", "number", nulls=nulls)).columns[-1].column.null_share == share


@pytest.mark.parametrize(
    ("one", "comment"),
    [
        (
            column("x", "integer", ROWS, low=1.5e6, high=2e7),
            "seen 1,500,000 to 20,000,000, differs in almost every row; an id or an amount?",
        ),
        (
            column("x", "string", 67, text=Text(odd=Odd("\n", 178, 9999))),
            r"67 values seen, 9,999 of 10,000 are numbers; '\n' (row 178) is not: a mark of a missing value?",
        ),
        (
            column("x", "string", 67, text=Text(alike=("1e5", "100000"))),
            "67 values seen, '1e5' and '100000' would be one number, so the values stay texts",
        ),
        (
            column("x", "string", 67, text=Text(dress=Dress("sizes", "19M", "1", "no", 38, 9000))),
            "67 values seen, 9,000 of 10,000 are sizes, such as '19M'; write them as 1; 'no' (row 38) is not",
        ),
        (
            column("x", "string", 67, text=Text(marked=1200)),
            "67 values seen, 1,200 texts are taken for missing, as they are among numbers elsewhere",
        ),
    ],
)
def test_what_may_be_a_mistake_is_told(one: ColumnProfile, comment: str) -> None:
    """In the comment, and apart for whoever reads no card."""
    chosen = designed(one).columns[-1]
    assert chosen.comment == f"review: {comment}"
    assert chosen.doubt
    assert chosen.comment.endswith(chosen.doubt)


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
    found = design(table(label(), column("t", "timestamp", hours=hours)), Choices("y", time="t"), {})
    assert found.time_of_day is told


@pytest.mark.parametrize(("distinct", "inputs"), [(ROWS, ()), (200, ("u",))])
def test_a_unit_that_comes_back_is_an_input(distinct: int, inputs: tuple[str, ...]) -> None:
    """One that is always new has nothing to be known by."""
    found = design(table(label(), column("u", "integer", distinct)), Choices("y", unit="u"), {})
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
        text=st.builds(
            Text,
            dress=st.none() | st.builds(Dress, st.just("numbers"), st.text(max_size=5), st.just("1")),
            alike=st.none() | st.tuples(st.text(), st.text()),
            odd=st.none() | st.builds(Odd, st.text(), st.just(3), st.just(7)),
        ),
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
    chosen = design(found, Choices("the label"), {})
    text = card_text(Plan("any", found.source, found, chosen, split_shares(ROWS), PROVISIONAL))
    card = card_of(text)

    assert card.data.columns == {one.name: one.column for one in chosen.columns}
    assert (card.features.categorical, card.features.numeric) == ([*chosen.categorical], [*chosen.numeric])
    assert card.data.columns[card.data.required("label")].positives == positive(last, None)

    lines = [line.replace("# ", "", 1) if " # left out: it " in line else line for line in text.splitlines()]
    assert card_of("\n".join(lines)).data.columns == {
        one.name: one.column for one in (*chosen.columns, *chosen.left)
    }
