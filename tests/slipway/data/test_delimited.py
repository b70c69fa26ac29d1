"""Which line of a text does not fit, what is wrong with it, and how to mend it."""

from pathlib import Path

import duckdb
import pytest

from slipway.base.errors import SlipwayError
from slipway.data.delimited import Text, first_row, require_whole_header, rows
from slipway.data.source_files import reader
from slipway.settings.data import TableSource

FAULTS = {
    "a,b\n1,2\n3\n": "line 3: 1 cell, expected 2: nothing for 'b'; write the row whole",
    'a,b\n"1\n\n",2\n3\n': "line 5: 1 cell, expected 2: nothing for 'b'",
    "a,b\n1,2\n1,5,2\n1,2\n": "line 3: 3 cells, expected 2: '2' follows 'b'; a value that holds ','",
    "a,b\n1,2\n  \n": "line 3: blanks only; take the line away",
    'a,b\n1,"2\n3,4\n': "line 2: column 'b': a quote opens and is never closed; close it, or write it twice",
    'a,b\n1,"2"x\n': "line 2: column 'b': text follows a closing quote; a quote in a value is written twice",
    'a,b\n1,"the 5" pipe"\n': "line 2: column 'b': text follows a closing quote",
    "Sales of May\n\na,b\n1,2\n": "line 3: 2 cells, expected 1 as in line 1, 'Sales of May'; where",
    "a,b\n1,2,3\n4,5,6\n": "line 2: 3 cells, expected 2 as line 1 names; where rows begin with",
    f"a,b\n1,{'x' * 200_000}\n": "line 2 holds a cell without an end: field larger than field limit",
}


@pytest.mark.parametrize("text", FAULTS, ids=list(FAULTS.values()))
def test_a_line_that_does_not_fit_is_told(tmp_path: Path, text: str) -> None:
    """With the file, the line in it and the names that the user gave; all kinds of line ending alike."""
    for place, end in enumerate(("\n", "\r\n", "\r")):
        path = tmp_path / f"{place}.csv"
        path.write_bytes(text.replace("\n", end).encode())
        with pytest.raises(SlipwayError) as caught:
            list(rows(Text([path], first_row(path, ","), ",", is_named=True), path))
        assert str(caught.value).startswith(f"{path}: {FAULTS[text]}")
        assert str(caught.value).isprintable()


@pytest.mark.parametrize("text", [one for one in FAULTS if len(one) < 1000])
def test_duckdb_refuses_the_same_lines(tmp_path: Path, text: str) -> None:
    """Which reads what is plain; it is told in our words."""
    path = tmp_path / "t.csv"
    path.write_text(text)
    found = reader(TableSource(kind="table", format="csv"), path, [], tmp_path)
    with duckdb.connect() as connection, pytest.raises(duckdb.Error) as caught:
        connection.execute(f"SELECT * FROM {found.sql}").fetchall()  # noqa: S608

    assert str(found.refusal(path, caught.value)).startswith(f"{path}: {FAULTS[text]}")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_programs_write_is_read(tmp_path: Path, encoding: str) -> None:
    """Spaces about quotes, quotes inside of words, blank lines, empty cells at the end of a row."""
    path = tmp_path / "t.csv"
    path.write_text('a, "b, c"\n1, "2, 3" \n\n5" pipe,"say ""no"""\n x ,,\n', encoding=encoding)
    found = reader(TableSource(kind="table", format="csv"), path, [], tmp_path)
    with duckdb.connect() as connection:
        read = connection.execute(f'SELECT a, "b, c" FROM {found.sql}').fetchall()  # noqa: S608

    assert read == [("1", "2, 3"), ('5" pipe', 'say "no"'), (" x ", None)]


def test_a_header_may_be_longer_than_what_is_looked_at_first(tmp_path: Path) -> None:
    """As that of a table with thousands of columns is."""
    names = [f"{place:05d}{'x' * 60}" for place in range(3000)]
    (tmp_path / "t.csv").write_text(",".join(names) + "\n")

    assert first_row(tmp_path / "t.csv", ",") == names


@pytest.mark.gate("ingest.header")
@pytest.mark.parametrize("header", ["a,b,cli\ncked,d", "a,b,c,cli\ncked"])
def test_a_line_break_in_a_name_without_quotes(tmp_path: Path, header: str) -> None:
    """Else the line tells of a column that is missing, or of a long row; the first name alone is a title."""
    path = tmp_path / "rows.csv"
    path.write_text(f"{header}\n" + "1,2,3,4\n" * 9, encoding="utf-8")
    said = "together the 4 columns of those below: is line 2 the rest"
    with pytest.raises(SlipwayError, match=said):
        require_whole_header(path, ",")
    with pytest.raises(SlipwayError, match=said):
        reader(TableSource(kind="table", format="csv"), path, ["clicked"], tmp_path)


QUOTED, TITLED, ALONE = 'a,"b\nc",d\n1,2,3\n', "a title\na,b\n1,2\n", "a\n1\n2\n"


@pytest.mark.parametrize("text", [QUOTED, TITLED, ALONE, "a,b\n1\n", "a,b\n", "a,b\n1,2\n3\n", ""])
def test_other_headers_are_left_to_others(tmp_path: Path, text: str) -> None:
    """Quoted, below a title, of one column, or with nothing below."""
    (tmp_path / "rows.csv").write_text(text, encoding="utf-8")
    require_whole_header(tmp_path / "rows.csv", ",")
