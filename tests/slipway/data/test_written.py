"""A table that was written is read equal to it, or refused with a line that says where."""

import gzip
import re
from dataclasses import dataclass
from pathlib import Path

import duckdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slipway.data.source_files import reader
from slipway.settings.data import TableSource

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
    content = text.encode(draw(st.sampled_from(["utf-8", "utf-8-sig"])))
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
