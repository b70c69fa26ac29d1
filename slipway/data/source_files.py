"""The files of a user's own table, and how DuckDB is to read them."""

from collections import deque
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from slipway.base.errors import SlipwayError
from slipway.data.delimited import Text, copy, first_row, require_whole_header, rows
from slipway.data.duckdb_engine import column_types, parquet, quoted, quoted_list, quoted_name, said
from slipway.data.folders import keys, require_no_copy, table_files
from slipway.data.text_file import is_gzip, is_plain
from slipway.data.values import shown
from slipway.settings.data import TableSource

FILE = "file of the row"
"""The column that holds where a row comes from; spaces keep it apart from the card's names."""
_COPY = "text.parquet"
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


@dataclass(frozen=True)
class Reader:
    """A DuckDB table function over the files, and the columns that it gives, each with DuckDB's type.

    Attributes:
        overruled: keys in the names of folders that a column of the files stands for.
    """

    sql: str
    types: dict[str, str]
    overruled: tuple[str, ...] = ()
    text: Text | None = None

    def refusal(self, path: Path, error: Exception) -> SlipwayError:
        """Why DuckDB could not read the table at `path`: the line that is wrong, where it is text."""
        if self.text is not None:
            try:
                for file in self.text.files:
                    deque(rows(self.text, file), maxlen=0)
            except SlipwayError as found:
                return found
        return SlipwayError(f"{path}: {said(error)}")


def reader(source: TableSource, path: Path, needed: list[str], folder: Path) -> Reader:
    """How to read the file or folder at `path`.

    Args:
        needed: the columns that will be read; Parquet files must agree in them.
        folder: takes a copy of text that DuckDB would not read as it stands.

    Raises:
        SlipwayError: there is no file, one is damaged, or its lines are not what the card says.
    """
    files = table_files(path, source.format)
    require_no_copy(path, files)
    found = _parquet(files, needed) if source.format == "parquet" else _text(source, path, files, folder)
    own = {name.lower() for name in found.types}
    made = keys(path, files, quoted_name(FILE))
    new = {name: sql for name, sql in made.items() if name.lower() not in own}
    if not made:
        return found
    columns = ", ".join(["*", *(f"{sql} AS {quoted_name(name)}" for name, sql in new.items())])
    return Reader(
        f"(SELECT {columns} FROM {found.sql})",  # noqa: S608 - all quoted
        found.types | dict.fromkeys(new, "VARCHAR"),
        tuple(name for name in made if name not in new),
        found.text,
    )


def listed(names: list[str]) -> str:
    """The names of columns, as many as fit on a line."""
    few = ", ".join(f"'{shown(name, 40)}'" for name in names[:20])
    return f"[{few}{f', … {len(names)} in all' if len(names) > 20 else ''}]"


def _parquet(files: list[Path], needed: list[str]) -> Reader:
    types = column_types(files, needed)
    schemas = [pq.read_schema(file) for file in files]
    for file, schema in zip(files, schemas, strict=True):
        _require_distinct(file, schema.names)
        if _durations(schema) != _durations(schemas[0]):
            # guard ingest.durations
            raise SlipwayError(f"{file}: durations in other units than in {files[0].name}")
    seconds = {
        name: f"{quoted_name(name)} / {_PER_SECOND[unit]}.0" for name, unit in _durations(schemas[0]).items()
    } | {
        name: f"epoch({quoted_name(name)})"
        for name, kind in types.items()
        if kind == "INTERVAL" or kind.startswith("TIME_NS") or kind in ("TIME", "TIME WITH TIME ZONE")
    }
    sql = parquet(*files, filename=quoted(FILE))
    if seconds:
        replaced = ", ".join(f"{one} AS {quoted_name(name)}" for name, one in seconds.items())
        sql = f"(SELECT * REPLACE ({replaced}) FROM {sql})"  # noqa: S608 - all quoted
    return Reader(sql, types | dict.fromkeys(seconds, "DOUBLE"))


def _durations(schema: pa.Schema) -> dict[str, str]:
    """The unit of each column of durations, which Parquet itself holds as whole numbers without one."""
    return {one.name: str(one.type.unit) for one in schema if pa.types.is_duration(one.type)}


def _text(source: TableSource, path: Path, files: list[Path], folder: Path) -> Reader:
    packed = {is_gzip(file) for file in files}
    if len(packed) > 1:
        raise SlipwayError(f"{path}: some files are gzip and some are not; all or none must be")
    text = Text(files, _columns(source, files), source.separator, source.header is True)
    types = dict.fromkeys(text.names, "VARCHAR")
    # All are looked at, for each may be damaged.
    plain = [is_plain(file) for file in files]
    if not all(plain):
        copy(text, FILE, folder / _COPY)
        return Reader(parquet(folder / _COPY), types)
    # All as text: `conversion` decides what a value is, not DuckDB by the look of the first rows.
    kinds = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in text.names)
    return Reader(
        f"read_csv({quoted_list(files)}, auto_detect=false, columns={{{kinds}}}, filename={quoted(FILE)}, "
        f"delim={quoted(text.delimiter)}, quote='\"', escape='\"', hive_partitioning=false, "
        f"header={str(text.is_named).lower()}, compression='{'gzip' if True in packed else 'none'}')",
        types,
        text=text,
    )


def _columns(source: TableSource, files: list[Path]) -> list[str]:
    """The names of the columns; every file must have the first one's header."""
    rows = [first_row(file, source.separator, source.trim) for file in files]
    numbered = [f"column{place}" for place in range(len(rows[0]))]
    if isinstance(source.header, list):
        names = source.header
    elif source.header:
        require_whole_header(files[0], source.separator)
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
