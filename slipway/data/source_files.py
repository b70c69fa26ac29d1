"""The files of a user's own table, and how DuckDB is to read them."""

import codecs
import csv
import gzip
import io
import zlib
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from slipway.base.errors import SlipwayError
from slipway.data.duckdb_engine import column_types, quoted, quoted_list
from slipway.data.values import shown
from slipway.settings.data import TableSource

FILE = "file of the row"
"""The column that holds where a row comes from; spaces keep it apart from the card's names."""
_HEAD = 65_536
"""Bytes in which the first line should end; of a longer one the rest is not seen."""
_BLOCK = 1_048_576
_DELIMITER = {"csv": ",", "tsv": "\t"}
_MARKUP = ("<!doctype", "<!--", "<?xml", "<html", "<head", "<body")


@dataclass(frozen=True)
class Reader:
    """A DuckDB table function over the files, and the columns that it gives, each with DuckDB's type."""

    sql: str
    types: dict[str, str]


def reader(source: TableSource, path: Path, needed: list[str]) -> Reader:
    """How to read the file or folder at `path`.

    Args:
        needed: the columns that will be read; Parquet files must agree in them.

    Raises:
        SlipwayError: there is no file, one is damaged, or the first lines are not what the card says.
    """
    files = _files(path, source.format)
    if source.format == "parquet":
        types = column_types(files, needed)
        for file in files:
            _require_distinct(file, pq.read_schema(file).names)
        return Reader(f"read_parquet({quoted_list(files)}, filename={quoted(FILE)})", types)
    packed = [is_gzip(file) for file in files]
    if len(set(packed)) > 1:
        raise SlipwayError(f"{path}: some files are gzip and some are not; all or none must be")
    if packed[0]:
        for file in files:
            require_whole(file)  # guard ingest.gzip
    columns = _columns(source, files)
    # All as text: `conversion` decides what a value is, not DuckDB by the look of the first rows.
    kinds = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in columns)
    return Reader(
        f"read_csv({quoted_list(files)}, auto_detect=false, columns={{{kinds}}}, filename={quoted(FILE)}, "
        f"delim={quoted(_DELIMITER[source.format])}, quote='\"', escape='\"', "
        f"header={str(source.header is True).lower()}, compression='{'gzip' if packed[0] else 'none'}')",
        dict.fromkeys(columns, "VARCHAR"),
    )


def listed(names: list[str]) -> str:
    """The names of columns, as many as fit on a line."""
    few = ", ".join(f"'{shown(name, 40)}'" for name in names[:20])
    return f"[{few}{f', … {len(names)} in all' if len(names) > 20 else ''}]"


def _files(path: Path, kind: str) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise SlipwayError(f"{path}: no such file or folder; the table should lie there")  # guard ingest.file
    endings = (".parquet",) if kind == "parquet" else (f".{kind}", f".{kind}.gz")
    # Sorted, as rows are numbered through all files.
    files = sorted(
        file
        for file in path.rglob("*")
        if file.is_file() and file.name.endswith(endings) and not file.name.startswith((".", "_"))
    )
    if not files:
        raise SlipwayError(f"{path}: no file in this folder ends in {' or '.join(endings)}")
    return files


def _columns(source: TableSource, files: list[Path]) -> list[str]:
    """The names of the columns; every file must have the first one's header."""
    rows = [first_row(file, _DELIMITER[source.format], source.trim) for file in files]
    numbered = [f"column{place}" for place in range(len(rows[0]))]
    if isinstance(source.header, list):
        names = source.header
    elif source.header:
        names = [name or number for name, number in zip(rows[0], numbered, strict=True)]
        for file, row in zip(files, rows, strict=True):
            if row != rows[0]:
                expected = f"that of {files[0].name} is {listed(rows[0])}"
                raise SlipwayError(f"{file}: header {listed(row)}, {expected}")
    else:
        names = numbered
    if len(rows[0]) != len(names):
        raise SlipwayError(f"{files[0]}: {len(rows[0])} columns, data.source.header names {len(names)}")
    _require_distinct(files[0], names)
    return names


def _require_distinct(file: Path, names: list[str]) -> None:
    """DuckDB would call the second of two names that differ in case alone by another one."""
    if len({name.lower() for name in names}) < len(names):
        # guard ingest.names
        raise SlipwayError(f"{file}: two columns have the same name, case aside: {listed(names)}")


def first_row(path: Path, delimiter: str, trim: bool = False) -> list[str]:
    """What stands in the first line, cell by cell.

    Raises:
        SlipwayError: the file holds no delimited text.
    """
    text = head(path)
    if not text.strip():
        raise SlipwayError(f"{path}: empty, expected rows")  # guard ingest.empty
    if text.lstrip().lower().startswith(_MARKUP):
        raise SlipwayError(f"{path}: an HTML or XML page, expected delimited text")  # guard ingest.markup
    try:
        row = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise SlipwayError(f"{path}: line 1 cannot be read: {error}") from error
    if not row:
        raise SlipwayError(f"{path}: line 1 is blank, expected the columns")  # guard ingest.header
    # Spaces and nothing else, as DuckDB's trim does with values.
    return [cell.strip(" ") for cell in row] if trim else row


def head(path: Path) -> str:
    """The beginning of a text file, unpacked.

    Raises:
        SlipwayError: it is not UTF-8.
    """
    try:
        with gzip.open(path) if is_gzip(path) else path.open("rb") as file:
            begun = file.read(_HEAD)
        # Incremental, so that a character which is cut in two at the end is no error.
        return codecs.getincrementaldecoder("utf-8-sig")().decode(begun)
    except UnicodeDecodeError as error:
        raise SlipwayError(f"{path}: not UTF-8 text (byte {error.start})") from error  # guard ingest.encoding


def is_gzip(path: Path) -> bool:
    """Whether a file begins as gzip files do, whatever its name."""
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def require_whole(path: Path) -> None:
    """Read a gzip file to its end, for DuckDB does not compare the checksum that stands there.

    Raises:
        SlipwayError: it is cut off or damaged.
    """
    try:
        with gzip.open(path) as file:
            while file.read(_BLOCK):
                pass
    except (EOFError, zlib.error, OSError) as error:
        raise SlipwayError(f"{path}: not a whole gzip file: {error}") from error
