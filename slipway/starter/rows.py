"""Rows that a design card allows, drawn from a seed: for tests of a system where its data is not at hand."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from slipway.settings import Card, Column

START = 1_767_225_600_000_000
"""The time of the first row, microseconds since 1970: the beginning of 2026, UTC."""
OPTIONS = 4
"""Rows to a request, where rows have one."""


def rows_of(card: Card, rows: int, seed: int, missing: float = 0.2) -> pa.Table:
    """A table with the card's columns; both labels, values within their bounds.

    Args:
        missing: the share of missing values where the card allows any.
    """
    random = np.random.default_rng(seed)
    return pa.table(
        {name: _column(column, rows, random, missing) for name, column in card.data.columns.items()}
    )


def _column(column: Column, rows: int, random: np.random.Generator, missing: float) -> pa.Array:
    mask = random.random(rows) < missing if column.null_share and not column.role else None
    number = np.arange(rows)
    if column.role == "label":
        return _labels(column, number)
    if column.role in ("request", "option"):
        values = number // OPTIONS if column.role == "request" else number
        return pa.array(values) if column.type == "integer" else pa.array(values).cast(pa.string())
    if column.type == "timestamp":
        # The rows of one request have one time.
        times = pa.array(START + number // OPTIONS * 60_000_000, mask=mask)
        return times.cast(pa.timestamp("us"))
    if column.type == "string":
        known = column.values or [f"value {place}" for place in range(20)]
        return pa.array([known[place] for place in random.integers(0, len(known), rows)], mask=mask)
    return pa.array(_numbers(column, rows, random), mask=mask)


def _labels(column: Column, number: NDArray[np.int64]) -> pa.Array:
    """All classes in turn; of numbers, 0 and 1 in turn."""
    if column.values:
        return pa.array([column.values[place % len(column.values)] for place in number.tolist()])
    return pa.array(number % 2).cast(pa.float64() if column.type == "number" else pa.int64())


def _numbers(column: Column, rows: int, random: np.random.Generator) -> NDArray[np.generic]:
    low = column.min if column.min is not None else (column.max or 0) - 100
    high = column.max if column.max is not None else low + 100
    values = random.uniform(low, high, rows)
    # Rounded down, a value could fall below a bound that is no whole number.
    return (
        np.clip(np.floor(values), np.ceil(low), None).astype(np.int64) if column.type == "integer" else values
    )
