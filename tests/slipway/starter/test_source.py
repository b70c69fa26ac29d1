"""What kind of table a path leads to."""

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from slipway.base.errors import SlipwayError
from slipway.starter.source import describe, ending
from tests.slipway.starter.tables import write


def test_delimiters_are_seen_whatever_the_name(tmp_path: Path) -> None:
    """By the first line, packed or not."""
    comma, tab = write(tmp_path / "a.data", ['"x\t1\t2","y;1;2"', "1,2"]), tmp_path / "b.txt"
    tab.write_bytes(gzip.compress(b"x\ty\n1,5\t2\n"))

    assert (describe(comma, None).format, ending(comma, "csv")) == ("csv", ".csv")
    assert (describe(tab, None).format, ending(tab, "tsv")) == ("tsv", ".tsv.gz")


def test_parquet_is_seen_by_its_first_bytes(tmp_path: Path) -> None:
    """A file, and a folder by the endings in it."""
    pq.write_table(pa.table({"x": [1]}), tmp_path / "one")
    (tmp_path / "many").mkdir()
    pq.write_table(pa.table({"x": [1]}), tmp_path / "many" / "1.parquet")

    assert describe(tmp_path / "one", None).format == "parquet"
    assert describe(tmp_path / "many", None).format == "parquet"
    assert ending(tmp_path / "many", "parquet") == ""


@pytest.mark.parametrize(
    ("lines", "trim"), [(["x, y", "1,2"], True), (["x,y", "1,2 ", ""], True), (["x,y"], False)]
)
def test_spaces_around_values_are_seen(tmp_path: Path, lines: list[str], trim: bool) -> None:
    """In the header or below it; spaces inside a value are its own."""
    assert describe(write(tmp_path / "a.csv", [*lines, "a b,c"]), None).trim is trim


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty, expected rows"),
        (b"  \n", "empty, expected rows"),
        (b"<!DOCTYPE html><p>sign in</p>", "an HTML or XML page"),
        (b"a;b\n1;2\n", "line 1 is separated by ';': say --delimiter ';'"),
        (b"\x1f\x8b\x08cut", "not a whole gzip file"),
        (b"a,b\n\xff\xe4,1", "line 2: not UTF-8 text"),
    ],
)
def test_what_is_no_table_is_told(tmp_path: Path, content: bytes, said: str) -> None:
    """With its path, on one line."""
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(SlipwayError, match=said) as caught:
        describe(path, None)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("files", "said"), [([], "found none"), (["a.csv", "b.parquet"], "found csv and parquet")]
)
def test_a_folder_holds_one_kind(tmp_path: Path, files: list[str], said: str) -> None:
    """Or nobody knows which is meant."""
    for name in [*files, "notes.txt"]:
        write(tmp_path / name, ["x,y"])
    with pytest.raises(SlipwayError, match=said):
        describe(tmp_path, None)
