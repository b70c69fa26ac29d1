"""The files of a user's own table, and how DuckDB is to read them."""

import codecs
import csv
import gzip
import io
import zlib
from dataclasses import dataclass
from pathlib import Path

from slipway.data.duckdb_engine import column_types, quoted, quoted_list
from slipway.errors import SlipwayError
from slipway.settings.data import TableSource

_HEAD = 65_536
_DELIMITER = {"csv": ",", "tsv": "\t"}


@dataclass(frozen=True)
class Reader:
    """A DuckDB table function over the files, and the columns that it gives."""

    sql: str
    columns: list[str]


def reader(source: TableSource, path: Path) -> Reader:
    """How to read the file or folder at `path`.

    Raises:
        SlipwayError: there is no file, or the first lines are not what the card says.
    """
    files = _files(path, source.format)
    if source.format == "parquet":
        return Reader(f"read_parquet({quoted_list(files)})", list(column_types(files)))
    packed = [_is_gzip(file) for file in files]
    if len(set(packed)) > 1:
        raise SlipwayError(f"{path}: some files are gzip and some are not; all or none must be")
    columns = _columns(source, files)
    types = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in columns)
    return Reader(
        f"read_csv({quoted_list(files)}, auto_detect=false, columns={{{types}}}, "
        f"delim={quoted(_DELIMITER[source.format])}, quote='\"', escape='\"', "
        f"header={str(source.header is True).lower()}, compression='{'gzip' if packed[0] else 'none'}')",
        columns,
    )


def _files(path: Path, kind: str) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise SlipwayError(f"{path}: no such file or folder; data.source.path names it")
    endings = (".parquet",) if kind == "parquet" else (f".{kind}", f".{kind}.gz")
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
    rows = [_first_row(file, _DELIMITER[source.format]) for file in files]
    if isinstance(source.header, list):
        names = source.header
    elif source.header:
        names = rows[0]
        for file, row in zip(files, rows, strict=True):
            if row != names:
                raise SlipwayError(f"{file}: header {row}, that of {files[0].name} is {names}")
    else:
        names = [f"column{place}" for place in range(len(rows[0]))]
    if len(rows[0]) != len(names):
        raise SlipwayError(f"{files[0]}: {len(rows[0])} columns, data.source.header names {len(names)}")
    if len(set(names)) < len(names):
        raise SlipwayError(f"{files[0]}: two columns have the same name: {names}")
    return names


def _first_row(path: Path, delimiter: str) -> list[str]:
    head = _head(path)
    if head.lstrip().lower().startswith(("<!doctype html", "<html")):
        raise SlipwayError(f"{path}: an HTML page, expected delimited text")
    row = next(csv.reader(io.StringIO(head), delimiter=delimiter), None)
    if not row:
        raise SlipwayError(f"{path}: empty, expected rows")
    return row


def _head(path: Path) -> str:
    try:
        with gzip.open(path) if _is_gzip(path) else path.open("rb") as file:
            head = file.read(_HEAD)
        return codecs.getincrementaldecoder("utf-8-sig")().decode(head)
    except UnicodeDecodeError as error:
        raise SlipwayError(f"{path}: not UTF-8 text (byte {error.start})") from error
    except (EOFError, zlib.error, OSError) as error:
        raise SlipwayError(f"{path}: cannot be read: {error}") from error


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"
