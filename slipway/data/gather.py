"""Copies of a row count as one unit, and stand together in a shuffle."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from slipway.data.conversion import made_time
from slipway.data.copies import NONE, Copies, find_copies
from slipway.data.duckdb_engine import connect, parquet
from slipway.data.parquet import ROW_GROUP, write_batches
from slipway.tasks.columns import SHUFFLED, Columns

# Spaces keep them apart from the card's names.
GROUP, FIRST, PLACE = '"group of copies"', '"first of the copies"', '"place in the file"'


def gather_copies(rows: Path, columns: Columns) -> None:
    """Write ingested rows anew where there are copies, and a unit or an order that ingestion made.

    Copies then have the unit of the first of them. In a shuffle they follow each other at a new place, so
    that one part of the split has them all, but where it ends among them.
    """
    time, unit = columns.required("time"), columns.required("unit")
    made: dict[str, str] = {}
    if columns.columns[unit].made:
        made[unit] = f'min("{unit}") OVER (PARTITION BY {GROUP})'
    if columns.columns[time].source == SHUFFLED:
        # Not where the first of them stood: that would bring copies into the training part.
        made[time] = made_time(f'row_number() OVER (ORDER BY md5(CAST({FIRST} AS VARCHAR)), "{time}")')
    if made and (found := find_copies([rows], columns)).copies:
        _rewrite(rows, time, made, _groups(found))


def _groups(found: Copies) -> pa.Table:
    """The group of each row by its place in the file; a row without a copy is a group of its own."""
    places = np.arange(len(found.group))
    groups = np.where(found.group == NONE, found.requests + places, found.group)
    return pa.table({GROUP.strip('"'): groups, PLACE.strip('"'): places})


def _rewrite(rows: Path, time: str, made: dict[str, str], groups: pa.Table) -> None:
    schema, aside = pq.read_schema(rows), rows.with_suffix(".gathered")
    names = ", ".join(f'"{name}"' for name in schema.names)
    ready = ", ".join(f'{sql} AS "{name}"' for name, sql in made.items())
    query = f"""
        WITH numbered AS (
            SELECT * RENAME (file_row_number AS {PLACE})
            FROM {parquet(rows, file_row_number="true")}
        ), grouped AS (
            SELECT *, min("{time}") OVER (PARTITION BY {GROUP}) AS {FIRST}
            FROM numbered JOIN groups USING ({PLACE})
        )
        SELECT {names} FROM (SELECT * REPLACE ({ready}) FROM grouped) ORDER BY "{time}", {PLACE}
    """  # noqa: S608 - the card's names
    with connect(rows.parent) as connection:
        connection.register("groups", groups)
        batches = (batch.cast(schema) for batch in connection.sql(query).to_arrow_reader(ROW_GROUP))
        write_batches(aside, schema, batches)
    aside.replace(rows)
