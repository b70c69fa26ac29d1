"""A card tried on its table before it is written: what ingestion, split and the leak check make of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from slipway.data.duckdb_engine import quoted
from slipway.data.leak import leak_query
from slipway.data.manifest import PARTS, Part
from slipway.data.parts import MIN_ROWS
from slipway.data.requests import request_codes
from slipway.data.split import boundaries
from slipway.data.table import write_table
from slipway.errors import SlipwayError
from slipway.settings import Card
from slipway.settings.data import TableSource
from slipway.starter.sizes import PartSize

CLOCK = 0.99
"""Correlation with the time, or with the order of the rows, from which on a number is one more clock."""
LEAK = "alone tells the label"
FOLLOWS = "follows the time, so that later rows have values that no model has seen"


@dataclass(frozen=True)
class Trial:
    """What became of the rows.

    Attributes:
        parts: what the split would give.
        unfit: names of the columns that no model may see, each with the reason.
    """

    parts: Mapping[Part, PartSize]
    unfit: Mapping[str, str]


def attempt(card: Card, source: TableSource, path: Path, limit: int | None, folder: Path) -> Trial:
    """Ingest the newest `limit` rows at `path` into `folder`, and look at them.

    Raises:
        SlipwayError: they cannot be ingested, or not be cut into parts that models can be judged on.
    """
    rows = folder / f"{limit or 'all'}.parquet"
    write_table(card, source, path, limit, rows)
    parts = _parts(card, rows)
    for part, size in parts.items():
        if size.rows < MIN_ROWS or not 0 < size.positives < size.rows:
            raise SlipwayError(
                f"{path}: the {part} part would have {size.rows:,} rows, {size.positives:,} of them with the "
                f"label 1; expected at least {MIN_ROWS} rows and both labels"
            )
    unfit = dict.fromkeys(_clocks(card, rows), FOLLOWS) | dict.fromkeys(_leaks(card, rows), LEAK)
    return Trial(parts, unfit)


def _parts(card: Card, rows: Path) -> dict[Part, PartSize]:
    time, label = card.data.required("time"), card.data.required("label")
    table = pq.read_table(rows, columns=[time, label])
    stamps = table[time].cast(pa.timestamp("us")).cast(pa.int64()).to_numpy()
    bounds = boundaries(card, stamps, request_codes(table, None))
    labels = table[label].to_numpy()
    return {
        part: PartSize(stop - start, int(labels[start:stop].sum()))
        for part, start, stop in zip(PARTS, bounds[:-1], bounds[1:], strict=True)
    }


def _leaks(card: Card, rows: Path) -> list[str]:
    import duckdb

    label, time = card.data.required("label"), card.data.required("time")
    batch = f"read_parquet({quoted(str(rows))})"
    with duckdb.connect() as connection:
        return [
            name
            for name in card.data.inputs
            if not card.data.columns[name].made
            and connection.execute(leak_query(name, label, time).format(batch=batch)).fetchall()
        ]


def _clocks(card: Card, rows: Path) -> list[str]:
    """Numbers that rise or fall with time: counters, dates as numbers, the time once more."""
    import duckdb

    time = card.data.required("time")
    if card.data.columns[time].made:
        return []
    numbers = [
        name
        for name, column in card.data.columns.items()
        if column.type in ("integer", "number") and not column.role
    ]
    found = []
    with duckdb.connect() as connection:
        for name in numbers:
            query = f"""
                SELECT abs(corr("{name}", epoch("{time}"))), abs(corr("{name}", file_row_number))
                FROM read_parquet({quoted(str(rows))}, file_row_number=true)
            """  # noqa: S608 - the card's names
            [both] = connection.execute(query).fetchall()
            if any(one is not None and one > CLOCK for one in both):
                found.append(name)
    return found
