"""What a column of text may be instead."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from slipway.starter.texts import PLAIN, Odd
from tests.slipway.starter.reading import look
from tests.slipway.starter.tables import write


@pytest.mark.parametrize(
    ("other", "odd"),
    [
        (["unknown"], Odd("unknown", 20, 19)),
        (["inf"], Odd("inf", 20, 19)),
        (["x", "1.2.3"], Odd("x", 20, 19)),
        (["x", "y", "z"], Odd("x", 20, 19)),
        (["x"] * 19, Odd("x", 20, 19)),
        (["x"] * 20, None),
        (["nan", "x"], Odd("x", 21, 20)),
        (["NA", "nan"], None),
        (["07", "x"], None),
    ],
)
def test_a_column_of_numbers_but_for_a_few_is_seen(tmp_path: Path, other: list[str], odd: Odd | None) -> None:
    """With the first value that is none, and its row; infinite ones are none to ingestion either."""
    path = write(
        tmp_path / "t.csv", ["a,b", *(f"{row}.5,x" for row in range(19)), *(f"{one},x" for one in other)]
    )
    assert look(path).column("a").text.odd == odd


@pytest.mark.parametrize("mark", ["NA", "\\N", "<NA>"])
def test_marks_of_missing_values_are_found_among_numbers(tmp_path: Path, mark: str) -> None:
    """Then they are missing everywhere, which is told; a question mark among words alone is a word."""
    path = write(tmp_path / "t.csv", ["a,b,c", f"1,?,{mark}", f"{mark},x,y", "3,y,z"])
    found = look(path)

    assert found.source.missing == [mark]
    assert (found.column("a").kind, found.column("a").nulls) == ("integer", 1)
    assert found.column("b").values == ("?", "x", "y")
    assert found.column("b").text == PLAIN
    assert (found.column("c").nulls, found.column("c").text.marked) == (1, 1)


@pytest.mark.parametrize("nothing", ["", " ", "\t\u00a0"])
def test_a_text_of_blanks_is_missing(tmp_path: Path, nothing: str) -> None:
    """In the column where it stands, be it one of numbers or of words, which nobody has to be told."""
    pq.write_table(pa.table({"a": ["1.5", nothing], "b": [nothing, " x"]}), tmp_path / "t.parquet")
    found = look(tmp_path / "t.parquet")

    assert found.source.missing == []
    assert (found.column("a").kind, found.column("a").nulls) == ("number", 1)
    assert (found.column("b").nulls, found.column("b").values, found.column("b").text) == (1, (" x",), PLAIN)


@pytest.mark.parametrize(
    ("labels", "missing"),
    [
        (["none", "default", "none"], ["NA"]),
        (["none", "yes", "no"], ["NA", "none"]),
        (["none", "1", "0"], ["NA", "none"]),
        (["none", "1", "1"], ["NA", "none"]),
    ],
)
def test_one_of_two_labels_is_no_mark_of_a_missing_value(
    tmp_path: Path, labels: list[str], missing: list[str]
) -> None:
    """Whatever it is among numbers elsewhere; a third one, or one among numbers, is."""
    values = ["NA", "2", "none"]
    path = write(
        tmp_path / "t.csv",
        ["a,b,y", *(f"{one},{one[-1:]}1,{y}" for one, y in zip(values, labels, strict=True))],
    )
    assert look(path, label="y").source.missing == missing


@pytest.mark.parametrize(
    ("values", "dates"),
    [
        (["31/01/1950", "1/2/1950"], True),
        (["03/04/1950", "05/06/1950"], True),
        (["31.01.1950 09:05:01", ""], True),
        (["1 Jan 1950", "28 Feb 1950"], True),
        (["31/01/1950", "soon"], False),
        (["1.2.10", "1.10.2"], False),
        (["0123456789", "0987654321"], False),
    ],
)
def test_dates_in_a_format_of_their_own_are_seen(tmp_path: Path, values: list[str], dates: bool) -> None:
    """Whichever of two formats it is; versions and numbers of accounts are none."""
    path = write(tmp_path / "t.csv", ["a,b", *(f"{value},x" for value in values)])
    assert look(path).column("a").text.dates is dates


def test_times_in_another_format_than_the_table_s_are_no_timestamps(tmp_path: Path) -> None:
    """Ingestion reads all times by one format; the others stay the texts that they are."""
    path = write(tmp_path / "t.csv", ["when,seen", "31/01/2026,2026-02-01", "01/02/2026,2026-02-02"])
    found = look(path, time="when").column("seen")
    assert (found.kind, found.text.dates) == ("string", True)
    assert look(path).column("seen").kind == "timestamp"
