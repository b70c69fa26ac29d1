"""What kind of table a path leads to, before any of its columns is known."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from slipway.base.errors import SlipwayError
from slipway.data.delimited import first_row
from slipway.data.duckdb_engine import quoted_name
from slipway.data.folders import table_files
from slipway.data.source_files import Reader, reader
from slipway.data.text_file import is_gzip
from slipway.settings.data import TableSource

Format = Literal["csv", "tsv", "parquet"]
FORMATS: tuple[Format, ...] = ("csv", "tsv", "parquet")
OTHER = ";|"
"""Separators that are taken only where somebody says so."""
TWICE = "::"
"""What some tables have in place of one, such as MovieLens's."""


def describe(
    path: Path,
    header: list[str] | None,
    delimiter: str | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> TableSource:
    """How to read the file or folder at `path`.

    Args:
        header: names of the columns, where the first line is a row like any other.
        delimiter: what stands between two cells; None where the first line shows a comma or a tab.
        tell: takes a line on what somebody might have expected otherwise.

    Raises:
        SlipwayError: it holds no table that can be read.
    """
    kind, file = _format(path)
    source = TableSource(kind="table", format=kind, header=header or True)
    if kind == "parquet":
        if delimiter is not None:
            raise SlipwayError(f"{file}: a Parquet file, which has no --delimiter")
    elif delimiter is not None:
        source = source.model_copy(update={"delimiter": delimiter})
        _require_names(file, source)
    else:
        # The endings in a folder say what its files are; of a file, its first line does.
        source = source.model_copy(update={"format": kind if path.is_dir() else _separated(file)})
        _require_separated(file, source.separator)
        _require_names(file, source)
    with TemporaryDirectory() as folder:
        found = reader(source, path, [], Path(folder))
        for key in found.overruled:
            tell(
                f"{key!r} is a column of the files, which is read, and in the names of folders, which is not"
            )
        return source.model_copy(update={"trim": kind != "parquet" and _is_padded(found, path)})


def ending(path: Path, kind: Format) -> str:
    """What the name of such a table ends in, whatever the user's is called; a folder's ends in nothing."""
    if path.is_dir():
        return ""
    return f".{kind}.gz" if is_gzip(path) else f".{kind}"


def _format(path: Path) -> tuple[Format, Path]:
    """The format and one file of it; every file of text counts as CSV until its first line is known."""
    if path.is_dir():
        return _format_inside(path)
    with path.open("rb") as file:
        # Every Parquet file begins with these bytes, whatever it is called.
        return ("parquet" if file.read(4) == b"PAR1" else "csv"), path


def _format_inside(path: Path) -> tuple[Format, Path]:
    files: dict[Format, Path] = {}
    for kind in FORMATS:
        try:
            files[kind] = table_files(path, kind)[0]
        except SlipwayError:
            continue
    if len(files) != 1:
        found = " and ".join(files) or "none"
        raise SlipwayError(f"{path}: expected files of one kind of {', '.join(FORMATS)}, found {found}")
    return next(iter(files.items()))


def _separated(file: Path) -> Format:
    return "tsv" if _width(file, "\t") > _width(file, ",") else "csv"


def _width(file: Path, by: str) -> int:
    """How many cells a separator makes of the first line; none where quotes then stand where none can."""
    try:
        return len(first_row(file, by))
    except SlipwayError:
        # What else may be wrong is said where the line is read.
        return 0


def _require_separated(file: Path, by: str) -> None:
    """Refuse a first line that another separator divides better: nobody has said that it is one."""
    if _width(file, by) == 1 and TWICE in first_row(file, by)[0]:
        # guard new_system.delimiter
        raise SlipwayError(
            f"{file}: line 1 is separated by {TWICE!r}, expected one character; write a tab in its place"
        )
    cells = {one: _width(file, one) for one in (by, *OTHER)}
    if (other := max(cells, key=lambda one: cells[one])) != by:
        # guard new_system.delimiter
        raise SlipwayError(
            f"{file}: line 1 is separated by {other!r}: say --delimiter {other!r}, or --delimiter {by!r} if "
            "that is meant; numbers are read as 1234.56 only"
        )


def _require_names(file: Path, source: TableSource) -> None:
    """Refuse a first line that names hardly a column: a title, as spreadsheets write it."""
    row = first_row(file, source.separator)
    if source.header is True and 2 * row.count("") > len(row):
        # guard new_system.header
        raise SlipwayError(
            f"{file}: line 1 names {len(row) - row.count('')} of {len(row)} columns; where it is a title, "
            "take away what stands above the header"
        )


def _is_padded(found: Reader, path: Path) -> bool:
    """Whether a name or any value of the whole table has spaces around it."""
    import duckdb

    if any(name != name.strip(" ") for name in found.types):
        return True
    padded = " OR ".join(f"{quoted_name(name)} <> trim({quoted_name(name)})" for name in found.types)
    try:
        with duckdb.connect() as connection:
            [(is_padded,)] = connection.execute(f"SELECT bool_or({padded}) FROM {found.sql}").fetchall()  # noqa: S608 - all quoted
    except duckdb.Error as error:
        raise found.refusal(path, error) from error
    return bool(is_padded)
