"""Sources of rows with one fault each, and the line that must say so."""

import bz2
import gzip
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.slipway.data.small import HEADER, lines

Write = Callable[[Path], object]
TITLE = ",".join(HEADER)
SOUND = lines(120)
NOTHING = "previous rows and previous split are the same bytes"
NO_SPLIT = "previous split is the same bytes"


@dataclass(frozen=True)
class Bad:
    """A source with a fault.

    Attributes:
        write: writes it to a path, a file or a folder.
        words: what the line names: the file or column, what was found, what was expected.
        code: the exit code.
        kind: the format that the card says.
    """

    write: Write
    words: tuple[str, ...]
    code: int = 1
    kind: str = "csv"


def text(*rows: str, end: str = "\n") -> bytes:
    """Lines as a file has them."""
    return (end.join(rows) + end).encode()


def content(found: bytes) -> Write:
    """A file of these bytes."""
    return lambda path: path.write_bytes(found)


def row(when: str = "2026-01-01 00:09", who: str = "a", score: str = "1", clicked: str = "0") -> Write:
    """Sound rows and, last, one with a value that is not."""
    return content(text(TITLE, *SOUND, ",".join([when, who, score, clicked])))


def column(place: int, value: str) -> Write:
    """Sound rows that all have the same value in one column."""
    rows = (line.split(",") for line in SOUND)
    return content(text(TITLE, *(",".join([*one[:place], value, *one[place + 1 :]]) for one in rows)))


def table(**columns: Any) -> pa.Table:
    """Sound rows as Arrow, with other columns; None drops one."""
    count = 120
    start = datetime(2026, 1, 1)
    found = {
        "when": pa.array([start + timedelta(minutes=one) for one in range(count)], pa.timestamp("us")),
        "who": [f"user {one}" for one in range(count)],
        "score": [float(one % 10) for one in range(count)],
        "clicked": [one * 7 % 10 // 5 for one in range(count)],
    }
    return pa.table({name: values for name, values in (found | columns).items() if values is not None})


def parquet(found: pa.Table) -> Write:
    """A Parquet file."""
    return lambda path: pq.write_table(found, path)


def placed(tables: dict[str, pa.Table]) -> Write:
    """A folder of Parquet files by their names in it."""

    def write(path: Path) -> None:
        for name, one in tables.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(one, path / name)

    return write


def folder(*tables: pa.Table) -> Write:
    """A folder of Parquet files `0.parquet`, `1.parquet`, ..."""
    return placed({f"{place}.parquet": one for place, one in enumerate(tables)})


def spans(unit: str) -> pa.Array:
    """Durations of 0 to 9 units."""
    return pa.array([one % 10 for one in range(120)], pa.int64()).cast(pa.duration(unit))


def damaged(change: Callable[[bytearray], bytes | bytearray]) -> Write:
    """A Parquet file whose bytes were changed."""

    def write(path: Path) -> None:
        pq.write_table(pa.concat_tables([table()] * 50), path)
        path.write_bytes(change(bytearray(path.read_bytes())))

    return write


def _half(found: bytearray) -> bytearray:
    return found[: len(found) // 2]


def _overwritten(found: bytearray) -> bytearray:
    start, end = len(found) // 10, len(found) // 3
    found[start:end] = bytes(byte ^ 0x5A for byte in found[start:end])
    return found


def _one_digit_of_gzip(path: Path) -> None:
    """Whole and of the right length, and only the checksum tells that a byte is another."""
    packed = bytearray(gzip.compress(text(TITLE, *SOUND), compresslevel=0))
    place = packed.index(b"user 7,") + len("user ")
    packed[place] = ord("8")
    path.write_bytes(packed)


def _latin(*rows: str) -> bytes:
    return "\n".join([TITLE, *rows, "2026-01-01 00:09,J\xf6rg,1,0", ""]).encode("latin-1")


def gate(
    name: str, fed: str, reason: str, code: int = 1, stops: str = "ingest", **guard: list[str]
) -> pytest.MarkDecorator:
    """The marker of a fault that leaves what was there before as it was."""
    untouched = NO_SPLIT if stops == "check" else NOTHING
    return pytest.mark.gate(
        name, fed=fed, stops=stops, exit=code, reason=reason, untouched=untouched, **guard
    )


VALUE = gate(
    "ingest.value",
    "a label that is not 0 or 1, a time that cannot be read or has not come, a word or an infinity where a "
    "number belongs, a NUL, a million characters",
    "column 'clicked', row 121: found '2', expected 0 or 1",
)
COLUMN = gate(
    "ingest.column",
    "a table without a column of the card",
    "no column 'score' for data.columns.score",
)
NO_TEXT = gate(
    "ingest.text",
    "bytes, lists or structures where the card says text",
    "column 'who' holds BLOB, expected text",
)
NO_ROWS = gate("ingest.rows", "a table without rows", "no rows")
ABSENT = gate("ingest.file", "no file", "no such file or folder")
EMPTY = gate("ingest.empty", "an empty file", "empty, expected rows")
PAGE = gate(
    "ingest.markup",
    "a CSV that is an HTML page",
    "an HTML or XML page, expected delimited text",
)
CUT = "a blank first line, or a header that a line break in a name has cut in two"
BLANK = gate("ingest.header", CUT, "line 1 is blank")
TWICE = gate("ingest.names", "two columns of one name", "two columns have the same name")
PACKED = gate(
    "ingest.gzip",
    "a gzip file that was cut off or whose checksum does not fit",
    "not a whole gzip file",
)
ENCODING = gate("ingest.encoding", "text that is not UTF-8", "not UTF-8 text")
KIND = gate(
    "ingest.kind",
    "another kind of file under the name of a CSV",
    "compressed by bzip2, expected delimited text; unpack it",
)
SEPARATOR = gate(
    "ingest.separator",
    "a first line that tells Excel the separator",
    "line 1 tells Excel that ';' separates",
)
LINES = gate(
    "ingest.lines",
    "a row with a cell more or less, or an open quote, in a file whose lines end in several ways",
    "line 123: 3 cells, expected 4: nothing for 'clicked'",
)
FOLDERS = gate(
    "ingest.folders",
    "files in folders of different keys",
    "lies below no folder of a key, region=eu/0.parquet below region=…",
)
DURATIONS = gate(
    "ingest.durations",
    "a folder of Parquet files whose durations are in different units",
    "durations in other units than in 0.parquet",
)
SCHEMAS = gate(
    "ingest.schemas",
    "a folder of Parquet files whose columns or types differ",
    "column 'score' is of type DOUBLE, in 0.parquet of type BIGINT",
)
ONE_CLASS = gate(
    "check.label",
    "rows of one class only",
    "clicked: distinct values to equal set",
    3,
    "check",
    guard=["check.stops", "check.label"],
)
NULLS = gate(
    "check.null_share",
    "a column without values, or with fewer than the card allows",
    "score: values to not be null",
    3,
    "check",
    guard=["check.stops", "check.null_share"],
)
RANGE = gate(
    "check.range",
    "a negative price",
    "score: values to be between",
    3,
    "check",
    guard=["check.stops", "check.range"],
)
LONG = "x" * 10**6
CSV = {
    "no file": (Bad(lambda path: None, ("rows.csv", "no such file")), ABSENT),
    "empty": (Bad(content(b""), ("rows.csv", "empty")), EMPTY),
    "blanks": (Bad(content(b" \n\n"), ("rows.csv", "empty")), EMPTY),
    "header only": (Bad(content(text(TITLE)), ("rows.csv", "no rows")), NO_ROWS),
    "blank first line": (Bad(content(text("", TITLE, *SOUND)), ("line 1 is blank",)), BLANK),
    "missing column": (Bad(content(text("when,who,clicked")), ("no column 'score'", "'clicked'")), COLUMN),
    "other separator": (Bad(content(text(TITLE.replace(",", ";"))), ("no column 'when'",)), COLUMN),
    "endless header": (
        Bad(content(text(f"{LONG},{TITLE}")), ("rows.csv: line 1 holds a cell without an end",)),
        None,
    ),
    "5000 columns": (Bad(content(text(",".join(map(str, range(5000))))), ("5000 in all",)), COLUMN),
    "two of a name": (Bad(content(text(f"{TITLE},WHO")), ("same name", "'WHO'")), TWICE),
    "HTML": (Bad(content(b"<!DOCTYPE html><html>Log in</html>"), ("rows.csv", "an HTML or XML page")), PAGE),
    "HTML after a comment": (Bad(content(b"\n<!-- saved --><html></html>"), ("an HTML or XML page",)), PAGE),
    "HTML below the header": (
        Bad(content(text(TITLE, "<html>Timed out</html>")), ("line 2: 1 cell, expected 4",)),
        None,
    ),
    "short row": (
        Bad(
            content(text(TITLE, *SOUND, "2026-01-01,a,1")),
            ("line 122: 3 cells, expected 4: nothing for 'clicked'",),
        ),
        None,
    ),
    "long row": (
        Bad(
            content(text(TITLE, *SOUND, "2026-01-01,a,1,0,9")),
            ("line 122: 5 cells, expected 4: '9' follows 'clicked'",),
        ),
        None,
    ),
    "open quote": (
        Bad(content(text(TITLE, '2026-01-01,"a,1,0')), ("line 2: column 'who': a quote opens",)),
        None,
    ),
    "endless line": (Bad(row(who=LONG * 3), ("line 122 has 2,000,000 characters",)), None),
    "bzip2": (Bad(content(bz2.compress(text(TITLE, *SOUND))), ("compressed by bzip2", "unpack")), KIND),
    "sep=": (Bad(content(text("sep=;", TITLE, *SOUND)), ("line 1", "--delimiter ';'")), SEPARATOR),
    "short row, two endings": (
        Bad(content(text(TITLE, *SOUND, end="\r\n") + b"\n2026-01-01,a,1\n"), ("line 123: 3 cells",)),
        LINES,
    ),
    "open quote, two endings": (
        Bad(content(text(TITLE, end="\r\n") + text(*SOUND, '2026,"a,1,0')), ("line 122: column 'who'",)),
        LINES,
    ),
    "Latin-1": (Bad(content(_latin()), ("rows.csv", "not UTF-8", "byte")), ENCODING),
    "Latin-1 far down": (Bad(content(_latin(*SOUND * 30)), ("line 3602", "not UTF-8", "0xf6")), ENCODING),
    "gzip cut off": (Bad(content(gzip.compress(text(TITLE, *SOUND))[:-9]), ("not a whole gzip",)), PACKED),
    "gzip checksum": (Bad(_one_digit_of_gzip, ("not a whole gzip", "CRC")), PACKED),
    "label 2": (Bad(row(clicked="2"), ("'clicked', row 121", "'2'", "0 or 1", "1 of 121")), VALUE),
    "label word": (Bad(row(clicked="yes"), ("'clicked', row 121", "'yes'")), VALUE),
    "no label": (Bad(row(clicked=""), ("'clicked'", "found nothing")), VALUE),
    "no unit": (Bad(row(who=""), ("'who'", "found nothing")), VALUE),
    "time word": (Bad(row(when="yesterday"), ("'when'", "'yesterday'", "timestamp")), VALUE),
    "February 30": (Bad(row(when="2026-02-30"), ("'when'", "'2026-02-30'")), VALUE),
    "time to come": (Bad(row(when="2199-01-01"), ("'when'", "'2199-01-01'", "until now")), VALUE),
    "sentinel time": (Bad(row(when="1900-01-01"), ("'when'", "'1900-01-01'", "from 1970")), VALUE),
    "endless time": (Bad(row(when="infinity"), ("'when'", "'infinity'")), VALUE),
    "number word": (Bad(row(score="many"), ("'score'", "'many'", "finite number")), VALUE),
    "infinity": (Bad(row(score="-inf"), ("'score'", "'-inf'", "finite number")), VALUE),
    "overflow": (Bad(row(score="1e999"), ("'score'", "'1e999'")), VALUE),
    "NUL": (Bad(row(who="a\0b"), ("'who'", r"'a\x00b'", "without NUL")), VALUE),
    "million characters": (Bad(row(who=LONG), ("'who'", "xxx…'", "at most 10000 characters")), VALUE),
    "markup": (Bad(row(when="<script>"), ("'when'", "'<script>'")), VALUE),
    "lines in a value": (Bad(row(when='"a\nRefused: b"'), ("'when'", r"'a\nRefused: b'")), VALUE),
    "terminal codes": (Bad(row(when="\x1b[31m"), ("'when'", r"'\x1b[31m'")), VALUE),
    "zeros only": (Bad(column(3, "0"), ("clicked", "missing [1]"), 3), ONE_CLASS),
    "ones only": (Bad(column(3, "1"), ("clicked", "missing [0]"), 3), ONE_CLASS),
    "no values": (Bad(column(2, ""), ("score: values to not be null", "120 of 120"), 3), NULLS),
    "NaN only": (Bad(column(2, "NaN"), ("score: values to not be null", "120 of 120"), 3), NULLS),
    "negative": (Bad(row(score="-3"), ("score: values to be between", "such as -3.0"), 3), RANGE),
}
OTHER = table(score=[str(one) for one in range(120)])
PARQUET = {
    "text": (Bad(content(b"PAR1 nothing"), ("rows.parquet", "not a readable Parquet file")), None),
    "nothing": (Bad(content(b""), ("rows.parquet", "not a readable Parquet file")), None),
    "truncated": (Bad(damaged(_half), ("rows.parquet", "not a readable Parquet file")), None),
    "overwritten": (Bad(damaged(_overwritten), ("rows.parquet",)), None),
    "no rows at all": (Bad(parquet(table().slice(0, 0)), ("no rows",)), NO_ROWS),
    "a column less": (Bad(parquet(table(score=None)), ("no column 'score'",)), COLUMN),
    "bytes": (Bad(parquet(table(who=[b"\xff"] * 120)), ("'who' holds BLOB", "expected text")), NO_TEXT),
    "structures": (Bad(parquet(table(who=[{"a": 1}] * 120)), ("'who' holds STRUCT",)), NO_TEXT),
    "lists": (Bad(parquet(table(who=[["a"]] * 120)), ("'who' holds VARCHAR[]",)), NO_TEXT),
    "two of a name": (Bad(parquet(table(WHO=["a"] * 120)), ("same name", "'WHO'")), TWICE),
    "numbers as times": (Bad(parquet(table(when=range(120))), ("'when', row 1", "'0'")), VALUE),
    "infinite number": (Bad(parquet(table(score=[float("inf")] * 120)), ("'score'", "'inf'")), VALUE),
    "null label": (Bad(parquet(table(clicked=[0, 1, None] * 40)), ("'clicked', row 3", "nothing")), VALUE),
    "folder, a file less": (
        Bad(folder(table(), table(score=None)), ("1.parquet: no column 'score', which 0.parquet has",)),
        SCHEMAS,
    ),
    "folder, first file": (
        Bad(folder(table(score=None), table()), ("0.parquet: no column 'score', which 1.parquet has",)),
        SCHEMAS,
    ),
    "folder, words": (Bad(folder(table(), OTHER), ("1.parquet", "'score' is of type VARCHAR")), SCHEMAS),
    "folder, rounded": (
        Bad(folder(table(score=range(120)), table()), ("1.parquet", "DOUBLE, in 0.parquet of type BIGINT")),
        SCHEMAS,
    ),
    "folder, keys": (
        Bad(placed({"0.parquet": table(), "region=eu/0.parquet": table()}), ("below region=…",)),
        FOLDERS,
    ),
    "folder, durations": (
        Bad(folder(table(score=spans("s")), table(score=spans("us"))), ("1.parquet: durations",)),
        DURATIONS,
    ),
    "folder, value": (
        Bad(folder(table(), table(clicked=[7] * 120)), ("1.parquet: column 'clicked', row 1", "'7'")),
        VALUE,
    ),
    "folder, nothing": (Bad(lambda path: path.mkdir(), ("no file in this folder ends in .parquet",)), None),
}
