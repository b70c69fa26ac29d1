"""A user's own table as canonical Parquet: streamed by DuckDB, every value converted or refused."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from slipway.data import values
from slipway.data.duckdb_engine import quoted, said
from slipway.data.parquet import ROW_GROUP, write_batches
from slipway.data.source_files import FILE, Reader, listed, reader
from slipway.errors import SlipwayError
from slipway.settings import Card, Column
from slipway.settings.data import TableSource

ARROW = {
    "integer": pa.int64(),
    "number": pa.float64(),
    "string": pa.string(),
    "timestamp": pa.timestamp("us"),
}
_ROW = '"row number"'  # a space keeps it apart from the card's names
_FILE = f'"{FILE}"'
_NO_TEXT = re.compile(r"^(BLOB|STRUCT|MAP|UNION)|\]$")
_REPRESENTABLE = "TIMESTAMP '0001-01-01' AND TIMESTAMP '9999-12-31'"


@dataclass(frozen=True)
class _Field:
    """One column of the card and where its values come from."""

    name: str
    source: str
    column: Column

    @property
    def raw(self) -> str:
        return f'"raw {self.name}"'

    @property
    def fault(self) -> str:
        """SQL: true where the value cannot be used."""
        fault = f'"{self.name}" IS NULL AND {self.raw} IS NOT NULL'
        if self.column.type in ("integer", "number"):
            fault = f"{fault} AND NOT coalesce(isnan(TRY_CAST({self.raw} AS DOUBLE)), false)"
        if self.column.role:
            fault = f'"{self.name}" IS NULL'
        return f'({fault} OR "{self.name}" NOT IN (0, 1))' if self.column.role == "label" else f"({fault})"

    @property
    def expected(self) -> str:
        """What `fault` holds values against, in words."""
        if self.column.role == "label":
            return "0 or 1"
        if self.column.role == "time":
            return values.TIME
        return {"number": values.NUMBER, "string": values.TEXT}.get(
            self.column.type, f"a value of type {self.column.type}"
        )


def write_table(card: Card, source: TableSource, path: Path, limit: int | None, out: Path) -> None:
    """Write the newest `limit` rows at `path` (None: all) to the Parquet file `out`, in the order of time.

    Raises:
        SlipwayError: a file, a column or a value is not what the card says; the line names it.
    """
    import duckdb

    fields = [_Field(name, column.source or name, column) for name, column in card.data.columns.items()]
    found = reader(source, path, [field.source for field in fields])
    _require_columns(fields, found, path)
    try:
        with _connection(out.parent) as connection:
            connection.execute(_view(fields, found, source))
            _refuse_faults(connection, fields, path)
            newest = connection.sql(_query(card, fields, limit))
            schema = pa.schema([(field.name, ARROW[field.column.type]) for field in fields])
            batches = (batch.cast(schema) for batch in newest.to_arrow_reader(ROW_GROUP))
            write_batches(out, schema, batches)
    except duckdb.Error as error:
        raise SlipwayError(f"{path}: {said(error)}") from error


@contextmanager
def _connection(folder: Path) -> Iterator[Any]:
    """DuckDB in memory that sorts what is larger in `folder`, with one time zone on every machine."""
    import duckdb

    with duckdb.connect() as connection:
        connection.execute(f"SET temp_directory = {quoted(str(folder / 'spill'))}")
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


def _require_columns(fields: list[_Field], found: Reader, path: Path) -> None:
    for field in fields:
        kind = found.types.get(field.source)
        if kind is None:
            raise SlipwayError(
                f"{path}: no column {field.source!r} for data.columns.{field.name}; "
                f"found {listed(list(found.types))}"
            )
        if field.column.type == "string" and _NO_TEXT.search(kind):
            raise SlipwayError(f"{path}: column {field.source!r} holds {values.shown(kind)}, expected text")


def _view(fields: list[_Field], found: Reader, source: TableSource) -> str:
    """SQL: every row with its number, the raw values and the converted ones."""
    raw = ", ".join(f'"{field.source.replace(chr(34), chr(34) * 2)}" AS {field.raw}' for field in fields)
    converted = ", ".join(f'{_converted(field, source)} AS "{field.name}"' for field in fields)
    numbered = f"SELECT row_number() OVER () AS {_ROW}, {_FILE}, {raw} FROM {found.sql}"  # noqa: S608 - all quoted
    return f"CREATE VIEW converted AS SELECT *, {converted} FROM ({numbered})"  # noqa: S608


def _converted(field: _Field, source: TableSource) -> str:
    """SQL: the value in the card's type, NULL where it is missing or cannot be one."""
    number = f"TRY_CAST({field.raw} AS DOUBLE)"
    match field.column.type:
        case "string":
            text = f"CAST({field.raw} AS VARCHAR)"
            return f"CASE WHEN {values.sound_text(text)} THEN {text} END"
        case "number":
            return f"CASE WHEN {values.sound_number(number)} THEN {number} END"
        case "integer":
            whole = f"TRY_CAST({field.raw} AS BIGINT)"
            return f"CASE WHEN {whole} = {number} THEN {whole} END"
        case _:
            time = f"TRY_CAST({field.raw} AS TIMESTAMPTZ) AT TIME ZONE 'UTC'"
            if source.time_format:
                time = f"try_strptime(CAST({field.raw} AS VARCHAR), {quoted(source.time_format)})"
            sound = f"{time} BETWEEN {_REPRESENTABLE}"
            if field.column.role == "time":
                sound = values.sound_time(time)
            return f"CASE WHEN {sound} THEN {time} END"


def _refuse_faults(connection: Any, fields: list[_Field], path: Path) -> None:
    counts = ", ".join(f"count(*) FILTER ({field.fault})" for field in fields)
    [(rows, *faults)] = connection.execute(f"SELECT count(*), {counts} FROM converted").fetchall()  # noqa: S608
    if not rows:
        raise SlipwayError(f"{path}: no rows")
    for field, count in zip(fields, faults, strict=True):
        if count:
            first = f"FROM converted WHERE {field.fault} ORDER BY {_ROW} LIMIT 1"
            [(number, file, value)] = connection.execute(
                f"SELECT {_ROW}, {_FILE}, {field.raw} {first}"
            ).fetchall()
            before = f"SELECT count(*) FROM converted WHERE {_ROW} < ? AND {_FILE} = ?"  # noqa: S608
            [(earlier,)] = connection.execute(before, [number, file]).fetchall()
            found = "nothing" if value is None else f"'{values.shown(value)}'"
            raise SlipwayError(
                f"{file}: column {field.source!r}, row {earlier + 1}: found {found}, "
                f"expected {field.expected} ({count} of {rows} rows)"
            )


def _query(card: Card, fields: list[_Field], limit: int | None) -> str:
    """SQL: the newest rows, sorted by time, request and option; equal ones keep the order of the source."""
    time = card.data.required("time")
    newest = "SELECT * FROM converted"
    if limit is not None:
        newest = f'{newest} ORDER BY "{time}" DESC, {_ROW} DESC LIMIT {limit}'
    keys = [name for name in (time, card.data.column("request"), card.data.column("option")) if name]
    names = ", ".join(f'"{field.name}"' for field in fields)
    order = ", ".join(f'"{name}"' for name in keys)
    return f"SELECT {names} FROM ({newest}) ORDER BY {order}, {_ROW}"  # noqa: S608 - the card's names
