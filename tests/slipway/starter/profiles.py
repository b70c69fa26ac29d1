"""Profiles without a table."""

from pathlib import Path

from slipway.settings.data import TableSource
from slipway.starter.profile import ColumnProfile, Kind, Profile

ROWS = 10_000


def column(source: str, kind: Kind, distinct: int = 50, nulls: int = 0, **more: object) -> ColumnProfile:
    """A column of `ROWS` rows; numbers lie between 0 and 9."""
    ends = {"low": 0.0, "high": 9.0, "mean": 4.0, "deviation": 2.0} if kind in ("integer", "number") else {}
    return ColumnProfile(
        **({"source": source, "kind": kind, "nulls": nulls, "distinct": distinct} | ends | more)
    )  # type: ignore[arg-type]


def label(
    source: str = "y", values: tuple[str, ...] = ("0", "1"), counts: tuple[int, ...] = ()
) -> ColumnProfile:
    """A label; by default three rows of four have the first value."""
    kind: Kind = "integer" if all(value.isdigit() for value in values) else "string"
    return column(source, kind, len(values), values=values, counts=counts or (7500, 2500))


def table(*columns: ColumnProfile, rows: int = ROWS, **source: object) -> Profile:
    """A table with these columns."""
    read = {"kind": "table", "format": "csv"} | source
    return Profile(Path("t.csv"), TableSource.model_validate(read), rows, columns)
