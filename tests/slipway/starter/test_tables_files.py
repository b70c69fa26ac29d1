"""What docs/tables.md says of files is what is read and said."""

import bz2
import gzip
import pickle
import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from slipway.base.errors import SlipwayError
from slipway.data.source_files import reader
from slipway.starter.source import describe
from tests.slipway.data.test_file_kinds import WORKBOOK, database, zipped
from tests.slipway.root import REPOSITORY
from tests.slipway.starter.tables import write

HIVE = "__HIVE_DEFAULT_PARTITION__"
Write = Callable[[Path], object]
Rows = list[tuple[object, ...]]
PAGE = (REPOSITORY / "docs" / "tables.md").read_text(encoding="utf-8")
FILES = PAGE.split("## Files\n")[1].split("\n## ")[0]
READ, REFUSED = (
    dict(
        row
        for row in re.findall(r"^\| (.+?) \| (.+) \|$", part, re.MULTILINE)
        if row[1] not in ("as", "said")
    )
    for part in FILES.split("**Refused**")
)
"""What is told beside each thing, by the two tables."""


def content(found: bytes | str) -> Write:
    """A file of it."""
    return lambda path: path.write_bytes(found if isinstance(found, bytes) else found.encode())


def folder(files: dict[str, str]) -> Write:
    """A folder of files, each with its lines."""
    return lambda path: [write(path / name, text.split()) for name, text in files.items()]


def parquet(values: pa.Array) -> Write:
    """A file with one column."""
    return lambda path: pq.write_table(pa.table({"plan": values}), path)


SOUND: dict[str, list[tuple[Write, Rows]]] = {
    "commas or tabs": [
        (content("plan,left\na,1\n"), [("a", "1")]),
        (content("plan\tleft\na,b\t1\n"), [("a,b", "1")]),
    ],
    r"`;`, `\|` or another character": [(content("plan;left\na,b;1\n"), [("a,b", "1")])],
    "LF, CRLF or CR, also several in one file": [
        (content('plan,left\na,1\r\n"b\r\n",2\rc,3\n'), [("a", "1"), ("b\r\n", "2"), ("c", "3")])
    ],
    "UTF-8, and UTF-16 or UTF-32 with a byte order mark": [
        (content("plan,left\né,1\n".encode(name)), [("é", "1")]) for name in ("utf-8-sig", "utf-16", "utf-32")
    ],
    "gzip": [(content(gzip.compress(b"plan,left\na,1\n")), [("a", "1")])],
    "quotes": [(content('plan,left\n "a ""b""" ,5" pipe\n'), [('a "b"', '5" pipe')])],
    "an empty cell, quoted or not": [(content('plan,left\n"",1\na,,,\n'), [(None, "1"), ("a", None)])],
    "folders named `key=value` below the given one": [
        (folder({"k=20%2F1/t.csv": "plan a", f"k={HIVE}/t.csv": "plan b"}), [("a", "20/1"), ("b", None)])
    ],
    "a key that the files have as a column too": [(folder({"left=2/t.csv": "plan,left a,1"}), [("a", "1")])],
    "Parquet's durations, intervals and times of day": [
        (parquet(pa.array([timedelta(minutes=1)])), [(60.0,)]),
        (parquet(pa.array([1000], pa.time32("ms"))), [(1.0,)]),
    ],
    "decimals, dictionaries, dates, whole numbers of any width": [
        (parquet(pa.array([Decimal("1.5")])), [(Decimal("1.5"),)]),
        (parquet(pa.array(["a"]).dictionary_encode()), [("a",)]),
        (parquet(pa.array([7], pa.int16())), [(7,)]),
    ],
}
FAULTY: dict[str, Write] = {
    "an Excel or OpenDocument workbook": content(zipped(**WORKBOOK)),
    "a zip archive": content(zipped(**{"t.csv": b"plan,left\n"})),
    "bzip2, xz, zstd": content(bz2.compress(b"plan,left\n")),
    "UTF-16 without a mark": content("plan,left\n".encode("utf-16-le")),
    "Windows-1252": content("plan,left\né,1\n".encode("cp1252")),
    "JSON": content('[{"plan": "a", "left": 1}]'),
    "JSON lines": content('{"plan": "a", "left": 1}\n{"plan": "b", "left": 0}\n'),
    "HTML": content("<!doctype html><p>Sign in"),
    "SQLite": content(database()),
    "a pickle": content(pickle.dumps({"plan": ["a"]})),
    "semicolons": content("plan;left\na;1\n"),
    "`sep=;` in the first line": content("sep=;\nplan;left\na;1\n"),
    "a title above the header": content("Sales\nplan,left\na,1\n"),
    "the same, with the commas of its empty cells": content("Sales,,\nplan,left,x\na,1,2\n"),
    "a row too short": content("plan,left\na,1\nb\n"),
    "a row too long": content("plan,left\na,1\nb,1,5\na,1\n"),
    "a quote that is never closed": content('plan,left\na,"1\nb,2\n'),
    "text behind a closing quote": content('plan,left\n"a"b,1\n'),
    "a gzip file cut off": content(gzip.compress(b"plan,left\na,1\n")[:-5]),
    "two names that differ in case alone": content("plan,Plan\na,1\n"),
    "files in folders of different keys": folder({"a.csv": "plan a", "year=1/t.csv": "plan a"}),
    "a file and its copy, of more than 4,096 bytes": folder(
        {"t copy.csv": "plan " + "a" * 5000, "t.csv": "plan " + "a" * 5000}
    ),
    "a folder of CSV and Parquet": lambda path: [
        write(path / f"t.{one}", ["x"]) for one in ("csv", "parquet")
    ],
}


def read(path: Path, delimiter: str | None = None) -> Rows:
    """The rows as `new-system` and ingestion read them."""
    source = describe(path, None, delimiter)
    found = reader(source, path, [], path.parent)
    columns = ", ".join(f'"{name}"' for name in found.types)
    with duckdb.connect() as connection:
        try:
            return connection.execute(f"SELECT {columns} FROM {found.sql}").fetchall()  # noqa: S608
        except duckdb.Error as error:
            raise found.refusal(path, error) from error


@pytest.mark.parametrize("thing", [one for one in READ if one != "spaces about a name or any value"])
def test_what_is_told_to_be_read_is_read(tmp_path: Path, thing: str) -> None:
    """Each line of the first table."""
    for place, (made, rows) in enumerate(SOUND[thing]):
        path = tmp_path / f"t{place}"
        made(path)
        assert read(path, ";" if thing.startswith("`;`") else None) == rows


def test_spaces_are_cut_where_the_page_says_so(tmp_path: Path) -> None:
    """By the card."""
    assert "`trim: true`" in READ["spaces about a name or any value"]
    assert describe(write(tmp_path / "t.csv", ["plan,left", "a ,1"]), None).trim


@pytest.mark.parametrize("thing", REFUSED)
def test_what_is_told_to_be_said_is_said(tmp_path: Path, thing: str) -> None:
    """Each line of the second table, behind the file's path."""
    FAULTY[thing](tmp_path / "t")
    with pytest.raises(SlipwayError) as caught:
        read(tmp_path / "t")

    assert REFUSED[thing].strip("`").replace(r"\|", "|") in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "t"))


def test_nothing_is_tried_that_the_page_does_not_tell() -> None:
    """So that a line that is taken away is missed."""
    assert set(SOUND) == {*READ} - {"spaces about a name or any value"}
    assert set(FAULTY) == set(REFUSED)
