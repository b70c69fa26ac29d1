"""Different texts that would be one number."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.slipway.starter.reading import look
from tests.slipway.starter.tables import write

SAME = [
    ["1", "1.0", "1.00", "2.0"],
    ["5", "5.00", "4.50"],
    ["0.5", ".5", "1."],
    ["-0.0", "0", "+0", "0.00"],
    [" 5", "5", "5 "],
    ["12.5", "12.50", "3.05"],
    ["0.0001", "1e-4", "1.0E-4"],
    ["2.5", "2.5", "nan"],
    ["0.1", "0.10000000000000001"],
    ["+5", "-5", "4"],
    ["1e5", "2e5"],
]
APART = [
    (["1.1", "1.10", "1.9"], ("1.1", "1.10")),
    (["100000", "1e5", "2"], ("100000", "1e5")),
    (["7", "5", "+5"], ("5", "+5")),
    (["0.05", "9007199254740993", "9007199254740992"], ("9007199254740993", "9007199254740992")),
]


@pytest.mark.parametrize("values", SAME)
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_formatting_tells_no_numbers_apart(tmp_path: Path, values: list[str], ending: str) -> None:
    """A fraction of zeros, a zero before the point, spaces, and digits of a measurement."""
    assert look(_table(tmp_path, values, ending)).column("a").kind in ("integer", "number")


@pytest.mark.parametrize(("values", "pair"), APART)
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_texts_that_would_be_one_number_stay_texts(
    tmp_path: Path, values: list[str], pair: tuple[str, str], ending: str
) -> None:
    """Versions and codes; the first two are named."""
    found = look(_table(tmp_path, values, ending)).column("a")
    assert (found.kind, found.distinct, found.text.alike) == ("string", 3, pair)


@pytest.mark.parametrize(
    "values", [["1_20", "12_0"], ["0x1F", "31"], ["0b11", "3"], ["+-5", "5"], ["-07", "7"], ["inf", "2"]]
)
def test_what_only_duckdb_takes_for_a_number_is_text(tmp_path: Path, values: list[str]) -> None:
    """Whichever else it would be equal to."""
    found = look(_table(tmp_path, values, "csv")).column("a")
    assert (found.kind, found.distinct) == ("string", 2)


@pytest.mark.parametrize("values", [["1-2-3", "12-10-2"], ["epoch", "infinity"]])
def test_what_only_duckdb_takes_for_a_time_is_text(tmp_path: Path, values: list[str]) -> None:
    """A date has a whole year; its month and day may have one digit."""
    assert look(_table(tmp_path, values, "csv")).column("a").kind == "string"
    assert look(_table(tmp_path, ["2024-1-2", "2024/11/3"], "csv")).column("a").kind == "timestamp"


def _table(folder: Path, values: list[str], ending: str) -> Path:
    path = folder / f"t.{ending}"
    if ending == "csv":
        return write(path, ["a\tb", *(f"{value}\tx" for value in values)])
    pq.write_table(pa.table({"a": values}), path)
    return path
