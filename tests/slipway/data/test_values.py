"""What ingestion takes a value for: texts as numbers, texts of blanks, and times."""

import math
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slipway.base.errors import SlipwayError
from tests.slipway.data.small import of_table
from tests.slipway.data.test_conversion import ROW, TIME, card_of, rows, write

LABEL = {"type": "integer", "role": "label"}


@pytest.mark.parametrize("kind", ["integer", "number"])
@pytest.mark.parametrize("text", ["1_2", "1_20.5", "0x1F", "0b11", "+-5", "1e", ".", "five"])
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_what_is_no_numeral_is_refused(tmp_path: Path, kind: str, text: str, ending: str) -> None:
    """DuckDB takes most of these for numbers."""
    path = tmp_path / f"t.{ending}"
    if ending == "csv":
        write(path, "x,y", "7,0", f"{text},1")
    else:
        pq.write_table(pa.table({"x": ["7", text], "y": [0, 1]}), path)
    found = card_of(path, {"format": ending}, x={"type": kind}, y=LABEL)
    with pytest.raises(SlipwayError, match=r"column 'x', row 2: found '.*', expected") as caught:
        rows(found, tmp_path / "raw")
    assert f"found '{text}'" in str(caught.value)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.floats(allow_infinity=False) | st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=9))
def test_a_number_is_read_as_it_was_written(tmp_path: Path, numbers: list[float]) -> None:
    """As Python writes it, with spaces around or a sign before it; NaN is missing."""
    forms = [str(one) for one in numbers] + [f" {abs(one)!r} " for one in numbers]
    path = write(tmp_path / "t.csv", "x,y", *(f"{form},{row % 2}" for row, form in enumerate(forms)))
    found = rows(card_of(path, x={"type": "number", "null_share": 1}, y=LABEL), tmp_path / "raw")

    expected = [float(form) for form in forms]
    ordered = [x for _, x in sorted(zip(found["row"], found["x"], strict=True))]
    assert ordered == [None if math.isnan(one) else one for one in expected]


@pytest.mark.parametrize("trim", [True, False])
def test_a_text_of_blanks_is_missing_in_its_column(tmp_path: Path, trim: bool) -> None:
    """Whatever the blanks are, and whether the column holds numbers or words; spaces beside words stay."""
    path = write(tmp_path / "t.csv", "x,word,y", "1, a,0", "  ,\t,1", '\u00a0," ",0')
    columns = {"x": {"type": "integer", "null_share": 1}, "word": {"type": "string", "null_share": 1}}
    found = rows(card_of(path, {"trim": trim}, **columns, y=LABEL), tmp_path / "raw")

    seen = sorted(zip(found["row"], found["x"], found["word"], strict=True))
    assert seen == [(1, 1, "a" if trim else " a"), (2, None, None), (3, None, None)]


@pytest.mark.parametrize(
    ("time_format", "written", "read"),
    [
        ("epoch", "1767225600.25", datetime(2026, 1, 1, 0, 0, 0, 250_000)),
        ("epoch_ms", "1767225600001", datetime(2026, 1, 1, 0, 0, 0, 1000)),
        ("epoch_us", "1767225600123457", datetime(2026, 1, 1, 0, 0, 0, 123_457)),
        ("epoch_ns", "1767225600123457999", datetime(2026, 1, 1, 0, 0, 0, 123_457)),
        ("epoch_ns", "1.7672256e18", datetime(2026, 1, 1)),
        ("excel", "45292.5", datetime(2024, 1, 1, 12)),
        ("excel", "45292.229872685", datetime(2024, 1, 1, 5, 31, 1)),
    ],
)
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_time_that_is_a_number_keeps_its_microseconds(
    tmp_path: Path, time_format: str, written: str, read: datetime, ending: str
) -> None:
    """Those that a spreadsheet's day has; of a nanosecond, as many as a timestamp holds."""
    path = tmp_path / f"t.{ending}"
    if ending == "csv":
        write(path, "when,y", f"{written},0", f"{written},1")
    else:
        number = float(written) if {".", "e"} & set(written) else int(written)
        pq.write_table(pa.table({"when": [number, number], "y": [0, 1]}), path)
    timed = of_table(path, {"row": ROW, "when": TIME, "y": LABEL}, time_format=time_format, format=ending)
    assert rows(timed, tmp_path / "raw")["when"] == [read, read]


@pytest.mark.parametrize("written", ["1e300", "-1", "x", "1_7", "nan", ""])
@pytest.mark.parametrize("time_format", ["epoch_us", "epoch_ns", "excel"])
def test_a_number_that_is_no_time_is_refused(tmp_path: Path, time_format: str, written: str) -> None:
    """With its row."""
    path = write(tmp_path / "t.csv", "when,y", f"{written},0")
    timed = of_table(path, {"row": ROW, "when": TIME, "y": LABEL}, time_format=time_format)
    with pytest.raises(SlipwayError, match=r"column 'when', row 1: found .*, expected a timestamp from 1970"):
        rows(timed, tmp_path / "raw")


@pytest.mark.gate(
    "ingest.offsets",
    fed="a column in which some times have an offset from UTC and some have none",
    stops="ingest",
    exit=1,
    reason="'2026-01-01 10:00' (row 1) has no offset from UTC and '2026-01-01 10:00Z' (row 3) has one",
    untouched="no rows written",
)
@pytest.mark.parametrize(
    "other", ["2026-01-01 10:00Z", "2026-01-01T10:00:00.5+02:00", "2026-01-01 10:00 Asia/Tokyo"]
)
def test_times_with_and_without_an_offset_are_refused(tmp_path: Path, other: str) -> None:
    """Nobody knows which comes first; a row of each is named."""
    path = write(tmp_path / "t.csv", "when,y", "2026-01-01 10:00,0", "2026-01-01,1", f"{other},1")
    with pytest.raises(SlipwayError) as caught:
        rows(of_table(path, {"row": ROW, "when": TIME, "y": LABEL}), tmp_path / "raw")

    assert str(caught.value) == (
        f"{path}: column 'when': '2026-01-01 10:00' (row 1) has no offset from UTC and '{other}' (row 3) has "
        "one, so they cannot be put in order; give all of them one, or none"
    )
    assert not (tmp_path / "raw").exists()


def test_the_rows_of_two_kinds_of_times_are_named_with_their_files(tmp_path: Path) -> None:
    """Rows are counted in each."""
    (tmp_path / "many").mkdir()
    write(tmp_path / "many" / "1.csv", "when,y", "2026-01-01 10:00Z,0", "2026-01-01 11:00Z,0")
    write(tmp_path / "many" / "2.csv", "when,y", "2026-01-01 10:00Z,0", "2026-01-01 11:00,1")
    with pytest.raises(
        SlipwayError, match=r"11:00' \(row 2 of 2.csv\) has no .* '2026-01-01 10:00Z' \(row 1 of 1.csv\)"
    ):
        rows(of_table(tmp_path / "many", {"row": ROW, "when": TIME, "y": LABEL}), tmp_path / "raw")


@pytest.mark.parametrize(
    "times", [["2026-01-01 10:00Z", "2026-01-01 10:00+02"], ["2026-01-01", "2026/1/1T10:00"]]
)
def test_times_of_one_kind_are_read(tmp_path: Path, times: list[str]) -> None:
    """Whatever their offsets are."""
    path = write(tmp_path / "t.csv", "when,y", *(f"{time},{place}" for place, time in enumerate(times)))
    assert len(rows(of_table(path, {"row": ROW, "when": TIME, "y": LABEL}), tmp_path / "raw")["when"]) == 2
