"""How times are written, found out by their values."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import duckdb
import pyarrow as pa
import pytest

from slipway.starter.times import ISO, SAMPLE, sound_formats, time_formats

DAYS = [datetime(2023, 1, 1) + timedelta(hours=13 * row, minutes=row) for row in range(60)]


def formats(values: Sequence[str | None], sound: bool = True) -> list[str]:
    """What is found of a column."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register(
            "source", pa.table({"raw": pa.array(values, pa.string()), "row number": range(len(values))})
        )
        return (sound_formats if sound else time_formats)(connection, "raw")


@pytest.mark.parametrize(
    "one",
    [
        "%d/%m/%Y",
        "%m/%d/%Y %I:%M %p",
        "%d/%m/%y",
        "%m/%d/%y %H:%M",
        "%d-%b-%y",
        "%d.%m.%y %H:%M:%S",
        "%Y%m%d",
        "%Y%m%d%H%M%S",
    ],
)
def test_a_format_is_found(one: str) -> None:
    """Alone, also where a year has two digits or digits are all there is."""
    assert formats([day.strftime(one) for day in DAYS]) == [one]


@pytest.mark.parametrize("one", ["%Y-%m-%d", "%Y/%m/%d %H:%M", "%Y-%m-%dT%H:%M:%SZ"])
def test_iso_8601_needs_none(one: str) -> None:
    """Nor does it fit another."""
    assert formats([day.strftime(one) for day in DAYS]) == [ISO]


@pytest.mark.parametrize(("unit", "name"), [(1, "epoch"), (1000, "epoch_ms")])
def test_seconds_and_milliseconds_are_told_apart(unit: int, name: str) -> None:
    """By how large they are, with parts of them; small numbers are neither."""
    assert formats([str(1_672_542_704 * unit + row / 2) for row in range(60)]) == [name]
    assert formats([str(row) for row in range(60)]) == []


def test_what_may_mean_two_things_has_both_formats() -> None:
    """Day or month, a minute or a millisecond."""
    assert formats(["01/02/23", "03/04/23"]) == ["%d/%m/%y", "%m/%d/%y"]
    assert formats(["202301311200", "202302011530"]) == ["%Y%m%d%H%M", "epoch_ms"]


@pytest.mark.parametrize("one", ["%Y-%m-%d", "%d/%m/%Y"])
@pytest.mark.parametrize("wrong", ["2024-02-30", "soon", "01/01/0023"])
def test_a_few_that_are_no_times_hide_nothing(one: str, wrong: str) -> None:
    """Ingestion names the first; only half of the values make no format."""
    days = [day.strftime(one) for day in DAYS]
    assert formats([wrong, *days]) == [ISO if one == "%Y-%m-%d" else one]
    assert formats([*days, *["soon"] * len(days)]) == []


def test_whole_years_of_any_century_fit_all_or_nothing() -> None:
    """For a column that is no time of rows, such as a date of birth."""
    born = ["31/12/1954", "01/01/2031"]
    assert formats(born, sound=False) == ["%d/%m/%Y"]
    assert formats([*born, "soon"], sound=False) == []
    assert formats(["1.2.10", "31.12.11"], sound=False) == ["%d.%m.%Y"]


def test_a_column_that_begins_with_nothing_is_looked_at() -> None:
    """Its first values are, wherever they stand."""
    assert formats([None] * SAMPLE + ["31/12/2024"]) == ["%d/%m/%Y"]


def test_no_value_fits_no_format() -> None:
    """A column of missing values is none of times."""
    assert formats([None], sound=False) == formats([None]) == []
