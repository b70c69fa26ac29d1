"""What the user says of a table, held against it."""

import pytest

from slipway.starter.choices import Choices, faults, positive
from tests.slipway.starter.profiles import column, label, table

FOUND = table(
    label(),
    label("word", ("no", "yes")),
    label("three", ("a", "b", "c"), (1, 1, 1)),
    label("one", ("a",), (1,)),
    column("holes", "integer", 2, nulls=3, values=("0", "1"), counts=(1, 1)),
    column("when", "timestamp"),
    column("n", "integer"),
    column("39", "integer"),
)


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        (
            Choices("x"),
            "--label: no column 'x'; found ['y', 'word', 'three', 'one', 'holes', 'when', 'n', '39']; '39'",
        ),
        (Choices("y", time="x"), "--time: no column 'x'; found ['y',"),
        (Choices("y", unit="x"), "--unit: no column 'x'; found ['y',"),
        (Choices("y", unit="y"), "a column has one role; found --label y, --unit y"),
        (Choices("one"), "--label: 'one' has the one value ['a'], expected two"),
        (Choices("holes"), "--label: 3 of 10,000 rows have no 'holes'; leave them out"),
        (Choices("word", positive="maybe"), "--positive: found 'maybe', 'word' has ['no', 'yes']"),
        (Choices("y", time="n"), "--time: column 'n' holds whole numbers, expected times; name their format"),
    ],
)
def test_what_does_not_fit_is_told(choices: Choices, said: str) -> None:
    """With the file, and what there is instead."""
    assert next(faults(FOUND, choices)).startswith(f"t.csv: {said}")


def test_what_fits_has_no_fault() -> None:
    """Also times in a format of their own."""
    assert [*faults(FOUND, Choices("word", time="when", unit="n", positive="no"))] == []
    found = table(*FOUND.columns, time_format="%d/%m/%Y")
    assert [*faults(found, Choices("y", time="n"))] == []


@pytest.mark.parametrize(
    ("values", "asked", "said"),
    [
        (("0.0", "1.0"), "2", "--positive: found '2', 'y' has ['0.0', '1.0']"),
        (("0.0", "1.0"), "no", "--positive: found 'no', 'y' has ['0.0', '1.0']"),
        (
            ("1", "1.0", "2"),
            None,
            "--label: 'y' has two values, written as ['1', '1.0', '2']; expected one way",
        ),
        (("0.0", "1.0"), "1", None),
        (("0", "0.0", "1.0"), None, None),
    ],
)
def test_a_label_of_numbers_is_written_in_one_way(
    values: tuple[str, ...], asked: str | None, said: str | None
) -> None:
    """Ingestion compares with the text that counts as 1; 0 and 1 need none."""
    found = table(column("y", "integer", 2, values=values, counts=(1,) * len(values)))
    told = [*faults(found, Choices("y", positive=asked))]
    assert said in told[0] if said else told == []


CASE = "'Yes' and 'yes', which differ in case alone; write them one way, or say --positive Yes,yes where they"
UNKNOWN = "--label: 'y' is 'N/A' in 1 rows: where that is a missing value, leave them out; else say --task"


@pytest.mark.parametrize(
    ("values", "asked", "said"),
    [
        (("Yes", "no", "yes"), {}, CASE),
        (("Yes", "yes"), {}, CASE),
        (("Yes", "no", "yes"), {"positive": "Yes"}, CASE),
        (("Yes", "no", "yes"), {"positive": "Yes,yes"}, None),
        (("Yes", "no", "yes"), {"positive": "no"}, None),
        (("Yes", "no", "yes"), {"task": "multiclass"}, None),
        (("N/A", "no", "yes"), {}, UNKNOWN),
        (("N/A", "a", "b", "c"), {}, UNKNOWN),
        (("N/A", "no", "yes"), {"positive": "yes"}, None),
        (("N/A", "no", "yes"), {"task": "multiclass"}, None),
        (("?", "yes"), {}, None),
        (("high", "low", "none"), {}, None),
    ],
)
def test_a_spelling_or_a_mark_makes_no_class(
    values: tuple[str, ...], asked: dict[str, str], said: str | None
) -> None:
    """Three classes would be made of yes and no, and a model that tells how a word was written."""
    found = table(column("y", "string", len(values), values=values, counts=(1,) * len(values)))
    told = [*faults(found, Choices("y", **asked))]  # type: ignore[arg-type]
    assert said in told[0] if said else told == []


def test_a_mark_that_makes_a_label_missing_is_named() -> None:
    """It may stand for something there."""
    found = table(*FOUND.columns, missing=["NA", "none"])
    said = "--label: 3 of 10,000 rows have no 'holes' ('NA' or 'none' counts as missing); leave them out"
    assert [one for one in faults(found, Choices("holes")) if said in one]


def test_a_handful_of_rows_is_told() -> None:
    """Four parts of them would decide nothing."""
    found = table(label(), rows=999)
    assert [*faults(found, Choices("y"))] == [
        "t.csv: 999 rows, expected at least 1,000: they are cut into four parts"
    ]


@pytest.mark.parametrize(
    ("values", "counts", "asked", "value"),
    [
        (("0", "1"), (1, 9), None, None),
        (("0", "1"), (9, 1), "0", "0"),
        (("0.0", "1.0"), (1, 9), None, None),
        (("0", "0.0", "1.0"), (1, 1, 9), None, None),
        (("0.0", "1.0"), (9, 1), "0", "0.0"),
        (("1.0", "2.0"), (9, 1), None, "1.0"),
        (("1.0", "2.0"), (9, 1), "2", "2.0"),
        (("1.0", "2.0"), (9, 1), "x", "x"),
        (("1", "2"), (9, 1), None, "1"),
        (("False", "True"), (1, 9), None, "True"),
        (("no", "yes"), (1, 9), "no", "no"),
        (("<=50K", ">50K"), (9, 1), None, ">50K"),
        (("<=50K", ">50K"), (1, 9), None, "<=50K"),
    ],
)
def test_which_value_counts_as_one(
    values: tuple[str, ...], counts: tuple[int, ...], asked: str | None, value: str | None
) -> None:
    """What is asked for, else a word that says yes, else the rarer one."""
    kind = "integer" if values[0][0].isdigit() else "string"
    found = column("y", kind, 2, values=values, counts=counts)  # type: ignore[arg-type]
    assert positive(found, asked) == ([] if value is None else [value])
