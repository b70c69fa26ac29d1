"""The one reader of outcomes: for the split, training, evaluation and traffic."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from slipway.base.errors import SlipwayError
from slipway.settings import Columns

HOUR = 3_600_000_000
"""Microseconds."""


@dataclass(frozen=True)
class Examples:
    """Requests and what became of them, row by row. Every row counts once: there are no weights.

    Attributes:
        requests: the columns that a request carries.
        labels: [rows], of the type that the label's column has.
        units: whose each row is, [rows].
        known_at: int64 [rows]; when the outcome became known, microseconds since 1970 in UTC.
    """

    requests: pa.Table
    labels: NDArray[Any]
    units: pa.ChunkedArray
    known_at: NDArray[np.int64]

    def __post_init__(self) -> None:
        rows = self.requests.num_rows
        found = {"labels": len(self.labels), "units": len(self.units), "known_at": len(self.known_at)}
        if wrong := {name: count for name, count in found.items() if count != rows}:
            raise SlipwayError(f"outcomes of {rows} requests: found {wrong}, expected one for each")


def read_examples(columns: Columns, table: pa.Table, delay_hours: float = 0.0) -> Examples:
    """Read rows as their columns say.

    Args:
        delay_hours: from a row's time to its outcome being known; a column with the role `known_at` says it
            for each row instead.

    Raises:
        SlipwayError: an outcome was known before its row's time.
    """
    time, label, known = columns.required("time"), columns.required("label"), columns.column("known_at")
    begun = microseconds(table[time])
    known_at = begun + round(delay_hours * HOUR) if known is None else microseconds(table[known])
    if len(early := np.flatnonzero(known_at < begun)):
        row = int(early[0])
        raise SlipwayError(
            f"column {known!r}: found {table[known][row]} in a row of {table[time][row]}, "
            "expected that no outcome is known before the row's own time"
        )  # guard split.known_early
    return Examples(
        # Nobody has the others when a request comes; dropped here, they can reach no feature.
        requests=table.drop_columns([name for name in columns.columns if name not in columns.inputs]),
        labels=table[label].to_numpy(),
        units=table[columns.required("unit")],
        known_at=known_at,
    )


def microseconds(times: pa.ChunkedArray) -> NDArray[np.int64]:
    """Times as int64 microseconds since 1970 in UTC, [rows].

    Raises:
        SlipwayError: one is missing.
    """
    if times.null_count:
        raise SlipwayError(f"{times.null_count} of {len(times)} times are missing")  # guard split.known_early
    values: NDArray[np.int64] = times.cast(pa.timestamp("us")).cast(pa.int64()).to_numpy()
    return values


def moment(time: int) -> datetime:
    """Microseconds since 1970 as a time in UTC."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time)
