"""What a table's columns hold, as ingestion would read them: a pure value, however large the table is."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from slipway.base.errors import SlipwayError
from slipway.data.conversion import Field, cleaned, converted, has_offset, timestamp
from slipway.data.duckdb_engine import connect, parquet, quoted
from slipway.data.numerals import number, whole
from slipway.data.source_files import Reader, reader
from slipway.data.table import NO_TEXT
from slipway.data.values import sound_time
from slipway.settings import Column
from slipway.settings.data import TableSource
from slipway.starter.collisions import one_number
from slipway.starter.texts import CODE, PLAIN, Text, marks, text
from slipway.starter.times import ISO, sound_formats

Kind = Literal["integer", "number", "string", "timestamp", "nested"]
FEW = 20
"""Up to so many values of a column are listed."""
COPY = "source.parquet"
"""The copy of a table."""
CLASSES = 50
"""The same of the label, whose values may be classes."""


@dataclass(frozen=True)
class ColumnProfile:
    """One column of the source.

    Attributes:
        source: its name there.
        kind: what all of its values can be read as; `nested` cannot be used.
        nulls: rows without a value.
        distinct: different values, missing ones apart.
        low: the least number; None where it has none.
        high: the greatest number.
        mean: of the numbers.
        deviation: their standard deviation.
        values: all values as they are written in the source, in order, where they are `FEW` at most.
        counts: how often each of them occurs.
        characters: of the longest value as text.
        hours: different hours of the day of its times.
        text: what it may be instead, where it is a string.
    """

    source: str
    kind: Kind
    nulls: int
    distinct: int
    low: float | None = None
    high: float | None = None
    mean: float | None = None
    deviation: float | None = None
    values: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    characters: int = 0
    hours: int = 0
    text: Text = PLAIN


@dataclass(frozen=True)
class Profile:
    """A whole table.

    Attributes:
        path: where it lies.
        source: how it is read, with the marks of missing values that were found.
        span: the first and the last time of the rows, where they have one.
    """

    path: Path
    source: TableSource
    rows: int
    columns: tuple[ColumnProfile, ...]
    span: tuple[datetime, datetime] | None = None

    def column(self, source: str) -> ColumnProfile:
        """One column by its name in the source."""
        return next(one for one in self.columns if one.source == source)


def profile(
    source: TableSource, path: Path, folder: Path, time: str | None = None, label: str | None = None
) -> Profile:
    """Look at every value of the table at `path`; `folder` takes a copy of it for that time.

    Args:
        time: the column of the rows' times, whose format is then found too where it is not ISO 8601.
        label: the column of the outcome, neither of whose two values is a mark of a missing one.

    Raises:
        SlipwayError: it cannot be read, has no rows, or its times may mean one of two.
    """
    import duckdb

    found = reader(source, path, [], folder)
    try:
        with connect(folder) as connection:
            types = _copy(connection, found, source, folder / COPY)
            named = dict(zip(found.types, types, strict=True))
            # Marks are found only by a look at the copy, which is then read a second time without them.
            if missing := marks(connection, types, named.get(label or "")):
                source = source.model_copy(update={"missing": missing})
                _view(connection, types, source, folder / COPY)
            [(rows,)] = connection.execute("SELECT count(*) FROM source").fetchall()
            if not rows:
                raise SlipwayError(f"{path}: no rows")
            kinds = dict(zip(types, _kinds(connection, types), strict=True))
            if time in named and source.time_format is None:
                written = _format(connection, named[time], time, path)
                # Even where a few values are no times: ingestion names the first of them.
                if written == ISO:
                    kinds[named[time]] = "timestamp"
                else:
                    source = source.model_copy(update={"time_format": written})
            if source.time_format is not None:  # ingestion reads all times by it
                others = (at for name, at in named.items() if name != time and kinds[at] == "timestamp")
                kinds |= dict.fromkeys(others, "string")
            columns = [
                _column(connection, name, kinds[at], at, rows, CLASSES if name == label else FEW)
                for name, at in named.items()
            ]
            span = _span(connection, named[time], source.time_format) if time in named else None
    except duckdb.Error as error:
        raise found.refusal(path, error) from error
    return Profile(path, source, rows, tuple(columns), span)


def copied(connection: Any, found: Profile, folder: Path) -> None:
    """Open the copy that `profile` left in a folder, as `source`: its columns are `raw c0` and so on."""
    file = folder / COPY
    described = connection.execute(f"DESCRIBE SELECT * FROM {parquet(file)}").fetchall()  # noqa: S608 - quoted
    _view(connection, {f"c{place}": str(one[1]) for place, one in enumerate(described)}, found.source, file)


def _format(connection: Any, at: str, time: str, path: Path) -> str | None:
    """How the times of a column are written; None where no format fits."""
    times = sound_formats(connection, f'"raw {at}"')
    if len(times) > 1:
        both = " or ".join(map(repr, times))
        raise SlipwayError(f"{path}: column {time!r} fits {both}; say which with --time-format")
    return next(iter(times), None)


def _span(connection: Any, at: str, time_format: str | None) -> tuple[datetime, datetime] | None:
    """The first and last time of the rows; None where none is read."""
    time = timestamp(f'"raw {at}"', time_format)
    ends = f"SELECT min({time}), max({time}) FROM source WHERE {sound_time(time)}"  # noqa: S608
    [(first, last)] = connection.execute(ends).fetchall()
    return None if first is None else (first, last)


def _copy(connection: Any, found: Reader, source: TableSource, file: Path) -> dict[str, str]:
    """The table in columns, so that each is read alone; returns DuckDB's type of each."""
    # Numbered, for a column may be called as a query calls something of its own.
    types = {f"c{place}": kind for place, kind in enumerate(found.types.values())}
    columns = ", ".join(
        f'{cleaned(name, kind, source)} AS "raw {at}"'
        for (name, kind), at in zip(found.types.items(), types, strict=True)
    )
    connection.execute(f"COPY (SELECT {columns} FROM {found.sql}) TO {quoted(str(file))} (FORMAT parquet)")  # noqa: S608 - all quoted
    _view(connection, types, source, file)
    return types


def _view(connection: Any, types: dict[str, str], source: TableSource, file: Path) -> None:
    """The copy as `copied`, its columns `raw c0` and so on; as `source` without marks of missing values."""
    columns = ", ".join(f'{cleaned(f"raw {at}", kind, source)} AS "raw {at}"' for at, kind in types.items())
    rows = parquet(file, file_row_number="true")
    copied = f'SELECT *, file_row_number + 1 AS "row number" FROM {rows}'  # noqa: S608
    connection.execute(f"CREATE OR REPLACE VIEW copied AS {copied}")
    connection.execute(f'CREATE OR REPLACE VIEW source AS SELECT "row number", {columns} FROM copied')  # noqa: S608


def _kinds(connection: Any, types: dict[str, str]) -> list[Kind]:
    """What all values of each column can be read as, by DuckDB's types of them."""
    asked = []
    for name in types:
        raw = f'"raw {name}"'
        written = f"CAST({raw} AS VARCHAR)"
        # Fewer than 19 digits always fit 64 bits.
        digits = f"regexp_full_match({written}, '[-+]?[0-9]{{19,}}')"
        # NaN is a missing value to ingestion, so it makes text of no column.
        nan = f"coalesce(isnan({number(raw)}), false)"
        asked += [
            f"count({raw})",
            f"count(*) FILTER ({nan} OR {whole(raw)} IS NOT NULL)",
            f"count(*) FILTER ({nan} OR isfinite({number(raw)}))",
            f"count({timestamp(raw, None)})",
            f"count(*) FILTER (regexp_matches({written}, {quoted(CODE)}))",
            f"count(*) FILTER ({digits} AND {whole(raw)} IS NULL)",
        ]
    # One query for all columns, so that the copy is read once.
    [counts] = connection.execute(f"SELECT {', '.join(asked)} FROM source").fetchall()  # noqa: S608 - all quoted
    each = (counts[first : first + 6] for first in range(0, len(counts), 6))
    kinds = [_kind(kind, *found) for kind, found in zip(types.values(), each, strict=True)]
    return [
        "string" if told == "VARCHAR" and _means_two_things(connection, name, kind) else kind
        for (name, told), kind in zip(types.items(), kinds, strict=True)
    ]


def _means_two_things(connection: Any, name: str, kind: Kind) -> bool:
    """Whether texts that can be read as numbers or times lose by it what tells them apart, or their order."""
    if kind == "timestamp":
        told = has_offset(f'"raw {name}"')
        both = f"SELECT bool_or({told}) AND NOT bool_and({told}) FROM source"  # noqa: S608 - all quoted
        return bool(connection.execute(both).fetchall()[0][0])
    return kind in ("integer", "number") and one_number(connection, name, kind) is not None


def _kind(kind: str, values: int, wholes: int, numbers: int, times: int, codes: int, vast: int) -> Kind:
    """What a column is, by how many of its values can be read as what.

    Args:
        kind: DuckDB's type.
        codes: values that lose their leading zero as a number, such as postcodes.
        vast: whole numbers of which 64 bits lose digits, such as ids.
    """
    if NO_TEXT.search(kind):
        return "nested"
    if kind == "BOOLEAN" or codes or not values:
        return "string"
    if wholes + vast == values:
        return "string" if vast else "integer"
    if numbers == values:
        return "number"
    return "timestamp" if times == values else "string"


def _column(connection: Any, source: str, kind: Kind, at: str, rows: int, few: int) -> ColumnProfile:
    if kind == "nested":
        return ColumnProfile(source, kind, nulls=0, distinct=0)
    value = converted(Field(at, source, Column(type=kind)), None)
    number = value if kind in ("integer", "number") else "CAST(NULL AS DOUBLE)"
    time = value if kind == "timestamp" else "CAST(NULL AS TIMESTAMP)"
    query = f"""
        SELECT count(v), count(DISTINCT v), min(n), max(n), avg(n), stddev_samp(n),
            coalesce(max(length(CAST(v AS VARCHAR))), 0), count(DISTINCT hour(t))
        FROM (SELECT {value} AS v, CAST({number} AS DOUBLE) AS n, {time} AS t FROM source)
    """  # noqa: S608 - all quoted
    [row] = connection.execute(query).fetchall()
    known, distinct, low, high, mean, deviation, characters, hours = row
    listed: list[tuple[str, int]] = []
    if distinct <= few:
        written = f'CAST("raw {at}" AS VARCHAR)'  # as ingestion compares it with a label's positive value
        grouped = f"SELECT {written} AS v, count(*) FROM source WHERE {value} IS NOT NULL GROUP BY v"  # noqa: S608
        listed = sorted(connection.execute(grouped).fetchall())
    return ColumnProfile(
        source=source,
        kind=kind,
        nulls=rows - known,
        distinct=distinct,
        low=low,
        high=high,
        mean=mean,
        deviation=deviation,
        values=tuple(one for one, _ in listed),
        counts=tuple(count for _, count in listed),
        characters=characters,
        hours=hours,
        text=text(connection, at) if kind == "string" else PLAIN,
    )
