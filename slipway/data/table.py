"""A user's own table as canonical Parquet: streamed by DuckDB, every value converted or refused."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa

from slipway.base.errors import SlipwayError
from slipway.data import values
from slipway.data.conversion import PLACE, ROW, Field, cleaned, converted
from slipway.data.duckdb_engine import connect
from slipway.data.gather import gather_copies
from slipway.data.offsets import refuse_two_clocks
from slipway.data.parquet import ROW_GROUP, write_batches
from slipway.data.source_files import FILE, Reader, listed, reader
from slipway.settings import Card, Column
from slipway.settings.data import TableSource
from slipway.tasks.columns import SHUFFLED

ARROW = {
    "integer": pa.int64(),
    "number": pa.float64(),
    "string": pa.string(),
    "timestamp": pa.timestamp("us"),
}
_FILE = f'"{FILE}"'
NO_TEXT = re.compile(r"^(BLOB|STRUCT|MAP|UNION)|\]$")
"""Types that DuckDB would turn into text of its own spelling; the last alternative is lists and arrays."""


def write_table(card: Card, source: TableSource, path: Path, limit: int | None, out: Path) -> None:
    """Write the newest `limit` rows at `path` (None: all) to the Parquet file `out`, in the order of time.

    Copies of a row have one unit, and one place in a shuffle, where ingestion makes these.

    Raises:
        SlipwayError: a file, a column or a value is not what the card says; the line names it.
    """
    import duckdb

    fields = [field_of(card, name, column) for name, column in card.data.columns.items()]
    needed = [field.source for field in fields if not field.column.made]
    with TemporaryDirectory(dir=out.parent) as folder:
        found = reader(source, path, needed, Path(folder))
        require_columns(fields, found, path)
        try:
            with connect(Path(folder)) as connection:
                connection.execute(convert_by(fields, found, source))
                _refuse_faults(connection, fields, path)
                _refuse_labels(connection, fields, path)
                if source.time_format is None:
                    refuse_two_clocks(connection, fields, path)
                newest = connection.sql(_query(card, fields, limit))
                schema = pa.schema([(field.name, ARROW[field.column.type]) for field in fields])
                batches = (batch.cast(schema) for batch in newest.to_arrow_reader(ROW_GROUP))
                write_batches(out, schema, batches)
            gather_copies(out, card.data)
        except duckdb.Error as error:
            raise found.refusal(path, error) from error


def field_of(card: Card, name: str, column: Column) -> Field:
    """A column of the card as one of its source."""
    label = card.task.allowed(f'"{name}"') if column.role == "label" else None
    return Field(name, column.source or name, column, label)


def require_columns(fields: list[Field], found: Reader, path: Path) -> None:
    """Require that the source has each of them, as something that can be one value.

    Raises:
        SlipwayError: a column is not there, or holds lists or the like where text is expected.
    """
    for field in (one for one in fields if not one.column.made):
        kind = found.types.get(field.source)
        if kind is None:
            raise SlipwayError(
                f"{path}: no column {field.source!r} for data.columns.{field.name}; "
                f"found {listed(list(found.types))}"
            )  # guard ingest.column
        if field.column.type == "string" and NO_TEXT.search(kind):
            # guard ingest.text
            raise SlipwayError(f"{path}: column {field.source!r} holds {values.shown(kind)}, expected text")


def convert_by(fields: list[Field], found: Reader, source: TableSource) -> str:
    """SQL of the view `converted`: every row with its number, the raw values and the converted ones."""
    raw = [
        f"{cleaned(field.source, found.types[field.source], source, field.is_number)} AS {field.raw}"
        for field in fields
        if not field.column.made
    ]
    ready = ", ".join(f'{converted(field, source.time_format)} AS "{field.name}"' for field in fields)
    numbered = f"SELECT {', '.join([f'row_number() OVER () AS {ROW}', _FILE, *raw])} FROM {found.sql}"  # noqa: S608 - all quoted
    if any(field.source == SHUFFLED for field in fields):
        # MD5, for DuckDB's own hash may be another one in its next version
        order = f"md5(CAST({ROW} AS VARCHAR)), {ROW}"
        numbered = f"SELECT *, row_number() OVER (ORDER BY {order}) AS {PLACE} FROM ({numbered})"  # noqa: S608
    return f"CREATE VIEW converted AS SELECT *, {ready} FROM ({numbered})"  # noqa: S608


def _refuse_faults(connection: Any, fields: list[Field], path: Path) -> None:
    # One pass counts the faults of all columns; only where there is one is its first row looked for.
    counts = ", ".join(f"count(*) FILTER ({field.fault})" for field in fields)
    [(rows, *faults)] = connection.execute(f"SELECT count(*), {counts} FROM converted").fetchall()  # noqa: S608
    if not rows:
        raise SlipwayError(f"{path}: no rows")  # guard ingest.rows
    for field, count in zip(fields, faults, strict=True):
        if count:
            first = f"FROM converted WHERE {field.fault} ORDER BY {ROW} LIMIT 1"
            [(number, file, value)] = connection.execute(
                f"SELECT {ROW}, {_FILE}, {field.raw} {first}"
            ).fetchall()
            # Rows are numbered through all files, and a person looks for one in its own file.
            before = f"SELECT count(*) FROM converted WHERE {ROW} < ? AND {_FILE} = ?"  # noqa: S608
            [(earlier,)] = connection.execute(before, [number, file]).fetchall()
            found = "nothing" if value is None else f"'{values.shown(value)}'"
            raise SlipwayError(
                f"{file}: column {field.source!r}, row {earlier + 1}: found {found}, "
                f"expected {field.expected} ({count} of {rows} rows)"
            )  # guard ingest.value


def _refuse_labels(connection: Any, fields: list[Field], path: Path) -> None:
    """Refuse a label with one positive value that has not exactly one other: a third would pass for a 0.

    With several positive values there may be any number of others, but at least one.
    """
    for field in fields:
        if positives := field.column.positives:
            query = f"SELECT DISTINCT CAST({field.raw} AS VARCHAR) AS v FROM converted ORDER BY v LIMIT 99"  # noqa: S608
            found = [str(value) for (value,) in connection.execute(query).fetchall()]
            expected, said = "two" if len(positives) == 1 else "more", " and ".join(map(repr, positives))
            if not set(positives) < set(found) or (len(positives) == 1 and len(found) != 2):
                raise SlipwayError(
                    f"{path}: column {field.source!r}: found the values {listed(found[:4])}, expected "
                    f"{expected}, of which {said} counts as 1 (data.columns.{field.name}.positive)"
                )  # guard ingest.label


def _query(card: Card, fields: list[Field], limit: int | None) -> str:
    """SQL: the newest rows, sorted by time, request and option; equal ones keep the order of the source."""
    time = card.data.required("time")
    newest = "SELECT * FROM converted"
    if limit is not None:
        newest = f'{newest} ORDER BY "{time}" DESC, {ROW} DESC LIMIT {limit}'
    keys = [name for name in (time, card.data.column("request"), card.data.column("option")) if name]
    names = ", ".join(f'"{field.name}"' for field in fields)
    order = ", ".join(f'"{name}"' for name in keys)
    return f"SELECT {names} FROM ({newest}) ORDER BY {order}, {ROW}"  # noqa: S608 - the card's names
