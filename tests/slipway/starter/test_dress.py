"""Numbers with something about them."""

from collections.abc import Sequence

import duckdb
import pyarrow as pa
import pytest

from slipway.starter.dress import Dress, dress, is_dressed

MANY = [f"{number}.5" for number in range(60)]


def found(values: Sequence[str], *missing: str) -> Dress | None:
    """What a column of these values holds."""
    with duckdb.connect() as connection:
        table = pa.table({"v": values, "row number": range(1, len(values) + 1)})
        connection.register("source", table)
        return dress(connection, "v", missing)


@pytest.mark.parametrize(
    "values",
    [
        ["1,5", "-1.234,56"],
        ["123,456", "1,234"],
        ["5,432.10", "12"],
        ["1,23,456.7", "12"],
        ["1 234,5", "7"],
        ["12'345", "7"],
        ["12\u2019345.50", "7"],
        ["$12.50", "-$1,000"],
        ["USD 12.50", "EUR 7"],
        ["7%", "12 %"],
        ["10,000+", "5+"],
        ["(1,234)", "12"],
        ["\u22125", "12"],
        ["1,5", "n/a"],
    ],
)
def test_commas_and_signs_are_seen(values: list[str]) -> None:
    """Nobody but the user knows what a comma means; marks of missing values are no values."""
    assert found(values, "n/a") == Dress(
        "numbers as text", values[0], "1234.56", dressed=len(values) - values.count("n/a")
    )


@pytest.mark.parametrize(
    ("form", "value", "plain"),
    [
        ("{}K", "0.5K", "500"),
        ("{} kg", "0.5 kg", "0.5"),
        ("{}m", "0.5m", "0.5"),
        ("{}M", "0.5M", "500000"),
        ("${}M", "$0.5M", "500000"),
        ("{} min.", "0.5 min.", "0.5"),
        ("{} floors", "0.5 floors", "0.5"),
        ("{} mg/dL", "0.5 mg/dL", "0.5"),
        ("{} m²", "0.5 m²", "0.5"),
        ("{}m2", "0.5m2", "0.5"),
        ("-{}K", "-0.5K", "-500"),
        ("+{}°C", "+0.5°C", "0.5"),
        ("1.000,{}K", None, ""),
        ("{} p.m.", None, ""),
        ("{} Main Street", None, ""),
        ("<{}", None, ""),
        ("{}/10", None, ""),
    ],
)
def test_a_unit_is_seen(form: str, value: str | None, plain: str) -> None:
    """With the number that it stands for, also where some have none."""
    seen = found([*(form.format(one) for one in MANY), "7"])
    assert seen == (value and Dress("numbers with a unit", value, plain, dressed=61))


@pytest.mark.parametrize(
    ("units", "what"),
    [
        (["K", "M"], "numbers with a unit, such as '0.5K'; write them as 500"),
        (["GB", "MB"], "numbers with several units, such as '0.5GB'; write them as numbers of one unit"),
        ([" bags", " boxes"], "numbers with several units, such as '0.5 bags'; write them as numbers of one"),
        (["A", "B"], ""),
        ([" A", " B"], ""),
        (["st", "nd", "rd", "th"], ""),
        ([" am", " pm"], ""),
        ([f" {month}" for month in ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep"]], ""),
    ],
)
def test_several_units_are_units_where_they_are_known_or_few_words(units: list[str], what: str) -> None:
    """The letters of rooms and numbers of days are none."""
    seen = found([f"{row}.5{units[row % len(units)]}" for row in range(100)])
    assert (is_dressed(seen).removeprefix("holds ") if seen else "")[: len(what)] == what
    assert bool(seen) is bool(what)


@pytest.mark.parametrize(
    "form",
    ["{0:02d}:{1:02d}", "{1}:{0:02d}:00.5", "{0}h {1}m", "{0} days 0{1}:00:00", "PT{0}H{1}M", "{0} d, 2 h"],
)
def test_durations_are_seen(form: str) -> None:
    """A time of day looks like one."""
    values = [form.format(row, row % 7) for row in range(60)]
    seen = found(values)
    assert seen is not None
    assert is_dressed(seen).startswith("holds durations or times of day, such as ")
    assert found(values[:40]) is None


def test_few_values_are_a_category() -> None:
    """Whatever stands beside the numbers; commas are told all the same, for they are no category's."""
    assert found(["36 months", "60 months"] * 50) is None
    assert found(["1,5", "2,5"] * 50) is not None


def test_other_values_are_told_where_most_are_numbers() -> None:
    """With the first of them; where few are, the numbers are part of a text."""
    sizes = [f"{one}M" for one in MANY]
    seen = found([*sizes[:5], "varies", *sizes[5:], "NA", "?"], "NA")
    assert seen == Dress("numbers with a unit", "0.5M", "500000", "varies", 6, 60)
    assert found([*sizes, *["x"] * 61]) is None
    assert found(["NA"], "NA") is None


@pytest.mark.parametrize(
    "values", [["1.5", "2.5"], ["1.2.3", "1.2.4"], ["a", "b"], ["1,234,567", "1,5"] * 99]
)
def test_plain_texts_carry_nothing(values: list[str]) -> None:
    """Nothing that the user could take off, or not from all."""
    assert found(values) is None
