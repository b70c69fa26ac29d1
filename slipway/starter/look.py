"""A first look at a table, before any system exists: what `new-system` would see, and how values lie.

Every number is of all rows: DuckDB aggregates them, and only the aggregates come here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slipway.base.errors import UsageError
from slipway.data.conversion import Field, converted
from slipway.data.duckdb_engine import connect, quoted
from slipway.data.source_files import listed
from slipway.settings import Column
from slipway.settings.data import TIME_FORMATS, delimiter_fault
from slipway.starter.choices import Choices, faults, positive, task_of
from slipway.starter.design import remark
from slipway.starter.profile import ColumnProfile, Profile, copied, profile
from slipway.starter.source import describe
from slipway.starter.times import is_format

BINS = 24
"""Bars of a distribution, and spans of time."""
TOP = 10
"""The most frequent values of a text that are shown."""
FEWEST = 5
"""Rows that have a value before it is shown: a rare one may be somebody's own."""
PERSONAL = {
    "e-mail addresses": r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}",
    "IP addresses": r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}|[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){3,7}",
    "telephone numbers": r"\+[0-9][0-9 ()./-]{6,18}[0-9]|\(?0[0-9]{1,5}\)?[ /-][0-9][0-9 -]{4,14}[0-9]",
    "account numbers (IBAN)": r"[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?",
}
"""What may tell who somebody is, as RE2 of a whole value."""
HALF = 0.5
"""Share of the values from which on a column is taken to hold them."""


@dataclass(frozen=True)
class Asked:
    """What the command line says.

    Attributes:
        label: the column of the outcome, None where nobody says.
        time: the column of the rows' times, the same.
    """

    path: Path
    label: str | None = None
    time: str | None = None
    positive: str | None = None
    header: list[str] | None = None
    delimiter: str | None = None
    time_format: str | None = None


@dataclass(frozen=True)
class Shape:
    """How the values of a column lie.

    Attributes:
        counts: rows in each of equal spans between `ends`; what lies beyond counts at that end.
        ends: of the spans, as people read them.
        quantiles: by name, of numbers.
        values: the most frequent ones with their rows, of texts.
        hidden: rows with another value than these.
    """

    counts: tuple[int, ...] = ()
    ends: tuple[str, str] = ("", "")
    quantiles: tuple[tuple[str, float], ...] = ()
    values: tuple[tuple[str, int], ...] = ()
    hidden: int = 0


@dataclass(frozen=True)
class Looked:
    """A column.

    Attributes:
        remark: what `new-system` would say of it.
        personal: what its values seem to be that tells who somebody is; then none is shown.
    """

    found: ColumnProfile
    remark: str
    shape: Shape
    personal: str = ""


@dataclass(frozen=True)
class OverTime:
    """A label by equal spans of the rows' time.

    Attributes:
        what: is averaged, in words.
        means: of the span's rows; None where it has none.
    """

    what: str
    means: tuple[float | None, ...]
    counts: tuple[int, ...]
    ends: tuple[str, str]


@dataclass(frozen=True)
class Look:
    """A table.

    Attributes:
        faults: what `new-system` would refuse, with this label and time.
    """

    profile: Profile
    columns: tuple[Looked, ...]
    over_time: OverTime | None = None
    faults: tuple[str, ...] = ()


def look(asked: Asked, folder: Path) -> Look:
    """Look at every value of a table; `folder` takes a copy of it for that time.

    Raises:
        UsageError: it lacks a column that is named, or what is named is none.
        SlipwayError: it cannot be read.
    """
    _require(asked)
    source = describe(asked.path, asked.header, asked.delimiter)
    source = source.model_copy(update={"time_format": asked.time_format})
    found = profile(source, asked.path, folder, asked.time, asked.label)
    names = [one.source for one in found.columns]
    for option, name in (("label", asked.label), ("time", asked.time)):
        if name is not None and name not in names:
            raise UsageError(f"--{option}: no column {name!r}; found {listed(names)}")  # guard look.column
    choices = None if asked.label is None else Choices(asked.label, asked.time, None, asked.positive)
    with connect(folder) as connection:
        copied(connection, found, folder)
        columns = [_column(connection, found, one, place) for place, one in enumerate(found.columns)]
        over_time = None if choices is None else _over_time(connection, found, choices)
    said = () if choices is None else tuple(faults(found, choices))
    return Look(found, tuple(columns), over_time, said)


def _require(asked: Asked) -> None:
    if not asked.path.exists():
        raise UsageError(f"no such file or folder: {asked.path}")  # guard look.file
    if asked.delimiter is not None and (fault := delimiter_fault(asked.delimiter)):
        raise UsageError(f"--delimiter: {fault}")  # guard look.file
    if asked.time_format is not None and not is_format(asked.time_format):
        raise UsageError(
            f"--time-format: found {asked.time_format!r}, expected {TIME_FORMATS}"
        )  # guard look.file


def _value(found: Profile, place: int, kind: str) -> str:
    """SQL: the value of a column as ingestion would have it."""
    one = found.columns[place]
    column = Column.model_validate({"type": kind})
    return converted(Field(f"c{place}", one.source, column), found.source.time_format)


def _column(connection: Any, found: Profile, one: ColumnProfile, place: int) -> Looked:
    said = remark(one, found.rows)
    if one.kind == "nested" or not one.distinct:
        return Looked(one, said, Shape())
    value = _value(found, place, one.kind)
    if one.kind in ("integer", "number"):
        return Looked(one, said, _numbers(connection, value, ",.0f" if one.kind == "integer" else "g"))
    if one.kind == "timestamp":
        return Looked(one, said, _times(connection, value))
    personal = _personal(connection, value)
    return Looked(one, said, Shape() if personal else _texts(connection, value), personal)


def _numbers(connection: Any, value: str, form: str) -> Shape:
    """Spans between the first and the last hundredth, for a few values far away would leave one bar."""
    known = f"(SELECT CAST({value} AS DOUBLE) AS n FROM source WHERE isfinite(CAST({value} AS DOUBLE)))"  # noqa: S608
    shares = {"least": 0.0, "5 %": 0.05, "median": 0.5, "95 %": 0.95, "greatest": 1.0}
    asked = f"SELECT quantile_cont(n, {[0.01, 0.99, *shares.values()]}) FROM {known}"  # noqa: S608
    [(found,)] = connection.execute(asked).fetchall()
    if found is None:
        return Shape()
    low, high, *quantiles = found
    if low == high:
        low, high = quantiles[0], quantiles[-1]
    ends = (f"{low:{form}}", f"{high:{form}}")
    return Shape(_spans(connection, known, low, high), ends, tuple(zip(shares, quantiles, strict=True)))


def _times(connection: Any, value: str) -> Shape:
    known = f"(SELECT epoch({value}) AS n FROM source WHERE {value} IS NOT NULL)"  # noqa: S608
    first, last = (f"make_timestamp(CAST({one}(n) * 1000000 AS BIGINT))" for one in ("min", "max"))
    asked = f"SELECT min(n), max(n), {first}, {last} FROM {known}"  # noqa: S608
    [(low, high, first, last)] = connection.execute(asked).fetchall()
    if low is None:
        return Shape()
    return Shape(_spans(connection, known, low, high), (f"{first:%Y-%m-%d %H:%M}", f"{last:%Y-%m-%d %H:%M}"))


def _spans(connection: Any, known: str, low: float, high: float) -> tuple[int, ...]:
    """How many `n` lie in each of equal spans."""
    if low == high:
        [(count,)] = connection.execute(f"SELECT count(*) FROM {known}").fetchall()  # noqa: S608
        return (int(count),)
    grouped = f"SELECT {_span(low, high)} AS b, count(*) FROM {known} GROUP BY b"  # noqa: S608
    counts = dict(connection.execute(grouped).fetchall())
    return tuple(int(counts.get(place, 0)) for place in range(BINS))


def _span(low: float, high: float) -> str:
    """SQL: in which of equal spans `n` lies."""
    at = f"floor((n - {low!r}) / ({high!r} - {low!r}) * {BINS})"
    return f"CAST(least(greatest({at}, 0), {BINS - 1}) AS INTEGER)"


def _texts(connection: Any, value: str) -> Shape:
    grouped = f"""
        SELECT v, count(*) AS c, sum(c) OVER () FROM (SELECT {value} AS v FROM source)
        WHERE v IS NOT NULL GROUP BY v ORDER BY c DESC, v LIMIT {TOP}
    """  # noqa: S608
    found = connection.execute(grouped).fetchall()
    often = tuple((str(text), int(count)) for text, count, _ in found if count >= FEWEST)
    return Shape(values=often, hidden=int(found[0][2]) - sum(count for _, count in often))


def _personal(connection: Any, value: str) -> str:
    """What at least half of the values are, of what tells who somebody is; else nothing."""
    asked = ", ".join(f"count(*) FILTER (regexp_full_match(v, {quoted(form)}))" for form in PERSONAL.values())
    [(known, *counts)] = connection.execute(
        f"SELECT count(v), {asked} FROM (SELECT {value} AS v FROM source)"  # noqa: S608
    ).fetchall()
    told = zip(PERSONAL, counts, strict=True)
    return next((what for what, count in told if known and count >= HALF * known), "")


def _over_time(connection: Any, found: Profile, choices: Choices) -> OverTime | None:
    """The label's mean by time; None where there is no time, or the label is no number and not binary."""
    names = [one.source for one in found.columns]
    label = found.column(choices.label)
    target = _target(found, label, names.index(choices.label), choices)
    if choices.time is None or found.span is None or target is None:
        return None
    what, sql = target
    first, last = found.span
    time = _value(found, names.index(choices.time), "timestamp")
    known = f"(SELECT epoch({time}) AS n, CAST({sql} AS DOUBLE) AS y FROM source WHERE {time} IS NOT NULL)"  # noqa: S608
    [(low, high)] = connection.execute(f"SELECT min(n), max(n) FROM {known}").fetchall()  # noqa: S608
    span = "0" if low == high else _span(low, high)
    grouped = f"SELECT {span} AS b, count(*), avg(y) FROM {known} GROUP BY b"  # noqa: S608
    rows = {place: (count, mean) for place, count, mean in connection.execute(grouped).fetchall()}
    spans: Sequence[int] = range(1 if low == high else BINS)
    return OverTime(
        what,
        tuple(rows.get(place, (0, None))[1] for place in spans),
        tuple(rows.get(place, (0, None))[0] for place in spans),
        (f"{first:%Y-%m-%d %H:%M}", f"{last:%Y-%m-%d %H:%M}"),
    )


def _target(found: Profile, label: ColumnProfile, place: int, choices: Choices) -> tuple[str, str] | None:
    """What is averaged of a label, in words and in SQL."""
    if task_of(label, choices) == "binary" and label.values:
        if ones := positive(label, choices.positive):
            written = f'CAST("raw c{place}" AS VARCHAR)'
            known = f"CASE WHEN {written} IN ({', '.join(map(quoted, ones))}) THEN 1 "
            return f"share of {' or '.join(map(repr, ones))}", f"{known}WHEN {written} IS NOT NULL THEN 0 END"
        return "share of 1", _value(found, place, label.kind)
    return ("mean", _value(found, place, label.kind)) if label.kind in ("integer", "number") else None
