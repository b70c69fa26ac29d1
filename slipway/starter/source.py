"""What kind of table a path leads to, before any of its columns is known."""

import csv
import io
from pathlib import Path
from typing import Literal

from slipway.base.errors import SlipwayError
from slipway.data.source_files import first_row, head, is_gzip, require_whole
from slipway.settings.data import TableSource

Format = Literal["csv", "tsv", "parquet"]
FORMATS: tuple[Format, ...] = ("csv", "tsv", "parquet")
OTHER = ";|"
"""Separators that some files have and a table source does not take."""


def describe(path: Path, header: list[str] | None) -> TableSource:
    """How to read the file or folder at `path`.

    Args:
        header: names of the columns, where the first line is a row like any other.

    Raises:
        SlipwayError: it holds no table that can be read.
    """
    kind, file = _format(path)
    trim = False
    if kind != "parquet":
        delimiter = {"csv": ",", "tsv": "\t"}[kind]
        row = first_row(file, delimiter)
        if len(row) == 1 and (other := [one for one in OTHER if one in row[0]]):
            raise SlipwayError(f"{file}: line 1 is separated by {other[0]!r}, expected commas or tabs")
        trim = _is_padded(file, delimiter)
    return TableSource(kind="table", format=kind, header=header or True, trim=trim)


def ending(path: Path, kind: Format) -> str:
    """What the name of such a table ends in, whatever the user's is called; a folder's ends in nothing."""
    if path.is_dir():
        return ""
    return f".{kind}.gz" if is_gzip(path) else f".{kind}"


def _format(path: Path) -> tuple[Format, Path]:
    """The format and one file of it."""
    if path.is_dir():
        return _format_inside(path)
    with path.open("rb") as file:
        # Every Parquet file begins with these bytes, whatever it is called.
        if file.read(4) == b"PAR1":
            return "parquet", path
    if is_gzip(path):
        require_whole(path)
    line = head(path).split("\n", 1)[0]
    return ("tsv" if line.count("\t") > line.count(",") else "csv"), path


def _format_inside(path: Path) -> tuple[Format, Path]:
    files: dict[Format, Path] = {}
    for file in sorted(path.rglob("*")):
        # Hidden files and marks such as _SUCCESS are no table to ingestion either.
        name = file.name.removesuffix(".gz") if file.is_file() and file.name[0] not in "._" else ""
        for kind in FORMATS:
            if name.endswith(f".{kind}"):
                files.setdefault(kind, file)
    if len(files) != 1:
        found = " and ".join(files) or "none"
        raise SlipwayError(f"{path}: expected files of one kind of {', '.join(FORMATS)}, found {found}")
    return next(iter(files.items()))


def _is_padded(path: Path, delimiter: str) -> bool:
    """Whether values have spaces around them, as far as the beginning of the file shows."""
    # Without the last line, which may be cut off where the head ends.
    lines = head(path).splitlines(keepends=True)[:-1]
    cells = (cell for row in csv.reader(io.StringIO("".join(lines)), delimiter=delimiter) for cell in row)
    try:
        return any(cell != cell.strip(" ") for cell in cells)
    except csv.Error:
        # What is wrong with a row is for the profile to say, which reads all of them.
        return False
