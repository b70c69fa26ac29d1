"""Delimited text cell by cell, as DuckDB divides it, with a line for whatever does not fit the columns.

DuckDB reads what is plain. It tells a broken line in words of its own, and reads some sound files wrongly, so
those are divided here.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from slipway.base.errors import SlipwayError
from slipway.data.numerals import NUMERAL
from slipway.data.text_file import encoding, opened, require_text
from slipway.data.values import shown

_LONGEST = 2_000_000
"""Characters of a line; DuckDB reads no longer ones."""
_TITLE = 30
"""Lines that may stand above a header."""
_TEXT = 40
"""Characters of a name or value that are shown in a line."""
_CELLS = 500_000
"""Cells that are held at once."""
_SEPARATOR = re.compile(r'"?sep=(.)"?[ \t]*', re.IGNORECASE)
_QUOTED = r' *"(?:[^"]|"")*" *'


@dataclass(frozen=True)
class Text:
    """Files of delimited text.

    Attributes:
        names: of the columns.
        is_named: whether the first line of each file holds them.
    """

    files: list[Path]
    names: list[str]
    delimiter: str
    is_named: bool


@dataclass(frozen=True)
class _Record:
    """The text of a row without the end of its last line, and the line where it begins, counted from 1."""

    line: int
    written: str


class _EndlessError(Exception):
    """A line or a cell has no end; says in which line it begins."""


class _QuoteError(Exception):
    """The quotes of a cell are wrong; its place, and what is wrong."""


def first_row(path: Path, delimiter: str, trim: bool = False) -> list[str]:
    """What stands in the first line, cell by cell.

    Raises:
        SlipwayError: the file holds no delimited text.
    """
    require_text(path)
    try:
        written = next(_records(path, delimiter)).written
        row = _cells(written, delimiter)
    except _EndlessError as error:
        raise SlipwayError(f"{path}: {error}") from error
    except _QuoteError as error:
        raise SlipwayError(f"{path}: line 1: {error.args[1]}") from error
    if not written:
        raise SlipwayError(f"{path}: line 1 is blank, expected the columns")  # guard ingest.header
    if told := _SEPARATOR.fullmatch(written):
        # guard ingest.separator
        raise SlipwayError(
            f"{path}: line 1 tells Excel that {told[1]!r} separates; take the line away and say "
            f"--delimiter {told[1]!r} (data.source.delimiter in a card)"
        )
    # The space alone; of values DuckDB's trim cuts each kind of space.
    return [cell.strip(" ") for cell in row] if trim else row


def require_whole_header(path: Path, delimiter: str) -> None:
    """Refuse a header that a line break in a name has cut in two.

    Raises:
        SlipwayError: lines 1 and 2 together have as many columns as each line below.
    """
    try:
        few = [_cells(one.written, delimiter) for one in islice(_records(path, delimiter), 5)]
        first, second, *below = map(len, few)
    except (ValueError, _EndlessError, _QuoteError):  # too short; or told where that line is read
        return
    # A row of numbers is no part of a header; then the rows below are too long.
    named = second < first + second - 1 and not any(NUMERAL.fullmatch(cell) for cell in few[1])
    if named and {*below} == {first + second - 1}:
        # guard ingest.header
        raise SlipwayError(
            f"{path}: lines 1 and 2 have {first} and {second} cells, and together the {below[0]} columns of "
            "those below: is line 2 the rest of the header? A name with a line break stands in double quotes"
        )


def rows(text: Text, file: Path) -> Iterator[list[str]]:
    """The cells of each row of one of the files; further cells are none where they are empty.

    Raises:
        SlipwayError: a line does not fit the columns; it is named, with how to mend it.
    """
    names, width = text.names, len(text.names)
    found = (one for one in _records(file, text.delimiter) if one.written)
    try:
        for one in islice(found, int(text.is_named), None):
            try:
                cells = _cells(one.written, text.delimiter)
            except _QuoteError as error:
                place, said = error.args
                name = _name(names[min(place, width - 1)])
                # guard ingest.lines
                raise SlipwayError(f"{file}: line {one.line}: column {name}: {said}") from error
            if len(cells) < width or any(cells[width:]):
                below = [next_.written.count(text.delimiter) + 1 for next_ in islice(found, 3)]
                # guard ingest.lines
                raise SlipwayError(f"{file}: line {one.line}: {_ragged(one, cells, below, text)}")
            yield cells[:width]
    except _EndlessError as error:
        raise SlipwayError(f"{file}: {error}; is a quote not closed there?") from error


def copy(text: Text, file_column: str, to: Path) -> None:
    """Write the rows of the files, one after the other, to a Parquet file; empty text is missing.

    Args:
        file_column: the column that says which file a row is of.

    Raises:
        SlipwayError: a line does not fit the columns.
    """
    schema = pa.schema([(name, pa.string()) for name in (*text.names, file_column)])
    most = max(1, _CELLS // len(text.names))
    # Read once or twice and thrown away, so not worth to be packed.
    with pq.ParquetWriter(to, schema, compression="none") as writer:
        for file in text.files:
            cells = rows(text, file)
            while held := list(islice(cells, most)):
                arrays = [pa.array(column, pa.string()) for column in zip(*held, strict=True)]
                known = [pc.if_else(pc.equal(one, ""), None, one) for one in arrays]
                of = pa.repeat(pa.scalar(str(file)), len(held))
                writer.write_batch(pa.record_batch([*known, of], schema=schema))


def _records(path: Path, delimiter: str) -> Iterator[_Record]:
    """The rows as text, blank lines too.

    Raises:
        _EndlessError: a line or a cell does not end.
    """
    taken: list[str] = []
    line = 1
    with opened(path) as file, io.TextIOWrapper(file, encoding(path), "replace", newline="") as text:

        def lines() -> Iterator[str]:
            while written := text.readline(_LONGEST):
                if len(written) == _LONGEST:
                    raise _EndlessError(f"line {line} has {_LONGEST:,} characters and more")
                taken.append(written)
                yield written

        # It knows where a row ends; what its cells are is told by `_cells`, as DuckDB tells it.
        reader = csv.reader(lines(), delimiter=delimiter, skipinitialspace=True)
        while True:
            taken.clear()
            line = reader.line_num + 1
            try:
                next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise _EndlessError(f"line {line} holds a cell without an end: {error}") from error
            yield _Record(line, "".join(taken).rstrip("\r\n"))


def _cells(written: str, delimiter: str) -> list[str]:
    """The cells of a row; spaces about quotes are passed over, others are kept.

    Raises:
        _QuoteError: the quotes of a cell are wrong.
    """
    if '"' not in written:
        return written.split(delimiter)
    cells: list[str] = []
    at = 0
    while (found := _cell(delimiter).match(written, at)) is not None:
        cells.append(found[2] if found[1] is None else found[1].strip(" ")[1:-1].replace('""', '"'))
        if found.end() == len(written):
            return cells
        at = found.end() + 1
    if re.compile(_QUOTED).match(written, at):
        raise _QuoteError(len(cells), 'text follows a closing quote; a quote in a value is written twice, ""')
    raise _QuoteError(
        len(cells), "a quote opens and is never closed; close it, or write it twice inside of quotes"
    )


@lru_cache
def _cell(delimiter: str) -> re.Pattern[str]:
    """One cell, quoted or not, with what follows it."""
    between = re.escape(delimiter)
    return re.compile(rf'(?:({_QUOTED})|((?! *")[^{between}]*))(?={between}|\Z)')


def _ragged(row: _Record, cells: list[str], below: list[int], text: Text) -> str:
    """How a row of too few or too many cells is told.

    Args:
        below: how many cells the next rows have.
    """
    found, expected = len(cells), len(text.names)
    if not row.written.strip():
        return "blanks only; take the line away"
    counts = f"{found} cell{'' if found == 1 else 's'}, expected {expected}"
    if found < expected:
        return f"{counts}: nothing for {_name(text.names[found])}; write the row whole, or take the line away"
    if set(below) == {found} and row.line == 2 and found == expected + 1 and expected > 1:
        return f"{counts} as line 1 names; where rows begin with a name of their own, give that a column too"
    if set(below) <= {found} and row.line <= _TITLE and text.is_named:
        title = f"{counts} as in line 1, {_name(text.delimiter.join(text.names))}"
        return f"{title}; where that is a title, take away what stands above the header"
    more = f"{_name(cells[expected])} follows {_name(text.names[-1])}"
    return f"{counts}: {more}; a value that holds {shown(text.delimiter)!r} stands in double quotes"


def _name(text: str) -> str:
    return f"'{shown(text, _TEXT)}'"
