"""A table that was written is read equal to it, or refused with a line that says where."""

import csv
import gzip
import io
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slipway.data.source_files import reader
from slipway.settings.data import TableSource
from tests.slipway.data.small import ingest, of_table

QUICK = settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
ENDS = ("\n", "\r\n", "\r")
CHARACTERS = st.sampled_from([*"ab01 .,;|\t\"'=#\\\n\r-é流\u00a0\u2028"])


@dataclass(frozen=True)
class Written:
    """The cells of a table, header and all, and a file of them."""

    rows: list[list[str]]
    named: bool
    delimiter: str
    content: bytes


@st.composite
def written(draw: st.DrawFn, ends: tuple[str, ...] = ENDS) -> Written:
    """Cells of any text, as programs write them: quoted where that is needed, or more often."""
    delimiter, columns = draw(st.sampled_from(",;|\t")), draw(st.integers(2, 4))
    rows = draw(
        st.lists(
            st.lists(st.text(CHARACTERS, max_size=5), min_size=columns, max_size=columns),
            min_size=1,
            max_size=8,
        )
    )
    named = draw(st.booleans())
    header = [f"c{place}{draw(st.text(CHARACTERS, max_size=3))}" for place in range(columns)]
    some = draw(st.lists(st.sampled_from(ends), min_size=1, max_size=3))
    text = ""
    for cells in [header, *rows] if named else rows:
        need = [
            bool(re.search(r'["\r\n]', cell)) or delimiter in cell or (columns == 1 and not cell.strip())
            for cell in cells
        ]
        quote = [one or draw(st.booleans()) for one in need]
        said = ['"' + c.replace('"', '""') + '"' if q else c for c, q in zip(cells, quote, strict=True)]
        text += delimiter.join(said) + draw(st.sampled_from(some))
    content = text.encode(draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"])))
    return Written(
        [header, *rows], named, delimiter, gzip.compress(content) if draw(st.booleans()) else content
    )


def read(found: Written, path: Path) -> list[list[str | None]]:
    """The rows as ingestion and profile get them."""
    path.write_bytes(found.content)
    header = True if found.named else found.rows[0]
    source = TableSource(kind="table", format="csv", delimiter=found.delimiter, header=header)
    how = reader(source, path, [], path.parent)
    assert list(how.types) == found.rows[0]
    columns = ", ".join('"' + name.replace('"', '""') + '"' for name in how.types)
    with duckdb.connect() as connection:
        try:
            return [list(row) for row in connection.execute(f"SELECT {columns} FROM {how.sql}").fetchall()]  # noqa: S608
        except duckdb.Error as error:
            raise how.refusal(path, error) from error


@QUICK
@given(found=written())
def test_what_was_written_is_read(found: Written, tmp_path: Path) -> None:
    """Cell by cell, however it was quoted, its lines ended or its bytes packed; empty text is missing."""
    expected = [[cell or None for cell in row] for row in found.rows[1:]]
    assert read(found, tmp_path / "t.csv") == expected


COLUMNS = {
    "time": {"type": "timestamp", "role": "time"},
    "n": {"type": "integer", "role": "unit"},
    "whole": {"type": "integer", "null_share": 1},
    "number": {"type": "number", "null_share": 1},
    "when": {"type": "timestamp", "null_share": 1},
    "word": {"type": "string", "null_share": 1},
    "y": {"type": "integer", "role": "label", "positive": "yes"},
}
WORDS = st.text(CHARACTERS, min_size=1, max_size=5).filter(lambda one: one.strip() and one != "NA")
VALUES = st.tuples(
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.floats(allow_nan=False, allow_infinity=False),
    st.none() | st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)),
    st.none() | WORDS,
)


@settings(QUICK, max_examples=40)
@given(
    values=st.lists(VALUES, min_size=2, max_size=6),
    end=st.sampled_from(ENDS),
    mark=st.sampled_from(["", "NA"]),
    delimiter=st.sampled_from(",;|"),
)
def test_values_of_every_type_are_ingested(
    values: list[tuple[object, ...]], end: str, mark: str, delimiter: str, tmp_path: Path
) -> None:
    """As they were before they were text; a mark that the card names is a missing value."""
    rows = [
        (datetime(2026, 1, 1) + timedelta(minutes=place), place, *one, place % 2)
        for place, one in enumerate(values)
    ]
    text = io.StringIO(newline="")
    # Text is quoted, for Python 3.11 and 3.12 write a carriage return bare where lines end otherwise.
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(COLUMNS)
    for *known, label in rows:
        writer.writerow([*(mark if one is None else one for one in known), "yes" if label else "no"])
    (tmp_path / "t.csv").write_bytes(text.getvalue().encode())
    ingest(of_table(tmp_path / "t.csv", COLUMNS, delimiter=delimiter, missing=["NA"]), tmp_path / "raw")

    read = pq.read_table(tmp_path / "raw" / "rows.parquet").to_pydict()
    assert list(zip(*(read[name] for name in COLUMNS), strict=True)) == rows
