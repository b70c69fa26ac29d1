"""One column of a user's own table in SQL: its raw value, the value in the card's type, and its faults."""

import re
from dataclasses import dataclass

from slipway.data import values
from slipway.data.duckdb_engine import quoted, quoted_name
from slipway.data.numerals import number, whole
from slipway.settings import Column
from slipway.settings.data import EPOCHS, EXCEL, TableSource
from slipway.system.cleaning import BLANKS, Cleaning
from slipway.tasks.columns import SHUFFLED

ROW = '"row number"'  # a space keeps it apart from the card's names
PLACE = '"place in a shuffle"'
NUMERIC = re.compile(r"U?(TINY|SMALL|BIG|U?HUGE)?INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL")
"""DuckDB's types of numbers."""
BLANK = "[" + "".join(rf"\x{{{ord(one):x}}}" for one in BLANKS) + "]*"
"""A regular expression; DuckDB's `trim` takes characters too, and fifty times as long."""
_REPRESENTABLE = "TIMESTAMP '0001-01-01' AND TIMESTAMP '9999-12-31'"
"""What Python's datetime can hold; DuckDB's timestamps go further."""
_SECONDS = (-62135596800, 253402300799)
"""The same in seconds since 1970."""
_DAY = 86_400
"""Seconds."""
_EXCEL_1970 = 25_569
"""The day 1970-01-01 where 1899-12-30 is 0."""
_ISO = r"\s*[0-9]{4,}[-/ ][0-9]{1,2}[-/ ][0-9]{1,2}(?s:.*)"
"""A date of a whole year; DuckDB also takes `1-2-3`, and words such as `epoch`."""
_OFFSET = r"^\s*[0-9]{4,}[-/ ][0-9]{1,2}[-/ ][0-9]{1,2}[Tt]?[ 0-9:.]*[-+A-SU-Za-su-z]"
"""The same with an offset from UTC or the name of a zone behind it."""


@dataclass(frozen=True)
class Field:
    """One column of the card and where its values come from."""

    name: str
    source: str
    column: Column
    label: tuple[str, str] | None = None
    """SQL that holds for each label, and the same in words."""

    @property
    def raw(self) -> str:
        """SQL: the value as it stands in the source; of a made column, what it is made of."""
        if self.column.made:
            return PLACE if self.source == SHUFFLED else ROW
        return f'"raw {self.name}"'

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers, whole or not."""
        return self.column.type in ("integer", "number")

    @property
    def fault(self) -> str:
        """SQL: true where the value cannot be used."""
        fault = f'"{self.name}" IS NULL AND {self.raw} IS NOT NULL'
        # NaN is a missing number; how many may be missing is for the check to say.
        if self.is_number:
            fault = f"{fault} AND NOT coalesce(isnan({number(self.raw)}), false)"
        if self.column.role:  # none of them allows a missing value
            fault = f'"{self.name}" IS NULL'
        return f"({fault} OR NOT ({self.label[0]}))" if self.label else f"({fault})"

    @property
    def expected(self) -> str:
        """What `fault` holds values against, in words."""
        if self.label:
            return self.label[1]
        if self.column.role == "time":
            return values.TIME
        return {"number": values.NUMBER, "string": values.TEXT}.get(
            self.column.type, f"a value of type {self.column.type}"
        )


def cleaned(name: str, kind: str, source: TableSource, is_number: bool = False) -> str:
    """SQL: a column of the source, of DuckDB's type `kind`, as `Cleaning` has its values.

    Args:
        is_number: whether the card takes them for numbers.
    """
    column, cleaning = quoted_name(name), Cleaning.of(source)
    numbers = ", ".join(f"CAST({mark!r} AS DOUBLE)" for mark in cleaning.numbers)
    if kind != "VARCHAR":
        is_mark = bool(numbers) and NUMERIC.match(kind)
        return (
            f"CASE WHEN CAST({column} AS DOUBLE) NOT IN ({numbers}) THEN {column} END" if is_mark else column
        )
    text = f"trim({column})" if cleaning.trim else column
    missing = [f"regexp_full_match({text}, '{BLANK}')"]
    if cleaning.marks:
        missing.append(f"{text} IN ({', '.join(map(quoted, cleaning.marks))})")
    if is_number and numbers:
        missing.append(f"coalesce({number(text)} IN ({numbers}), false)")
    return f"CASE WHEN NOT ({' OR '.join(missing)}) THEN {text} END"


def converted(field: Field, time_format: str | None) -> str:
    """SQL: the value in the card's type, NULL where it is missing or cannot be one."""
    raw, column = field.raw, field.column
    if column.made:
        return raw if column.type == "integer" else made_time(raw)
    match column.type:
        case "string":
            text = f"CAST({raw} AS VARCHAR)"
            return f"CASE WHEN {values.sound_text(text)} THEN {text} END"
        case "number":
            return f"CASE WHEN {values.sound_number(number(raw))} THEN {number(raw)} END"
        case "integer":
            if column.positive is not None:
                is_positive = f"CAST({raw} AS VARCHAR) IN ({', '.join(map(quoted, column.positives))})"
                return f"CASE WHEN {is_positive} THEN 1 WHEN {raw} IS NOT NULL THEN 0 END"
            return whole(raw)
        case _:
            time = timestamp(raw, time_format)
            is_time = column.role == "time"
            sound = values.sound_time(time) if is_time else f"{time} BETWEEN {_REPRESENTABLE}"
            return f"CASE WHEN {sound} THEN {time} END"


def made_time(number: str) -> str:
    """SQL: the time that stands for a number."""
    return f"TIMESTAMP '2000-01-01' + to_seconds({number})"


def timestamp(raw: str, time_format: str | None) -> str:
    """SQL: a time in UTC, NULL where there is none; without a format, ISO 8601."""
    if time_format is None:
        date = f"(typeof({raw}) <> 'VARCHAR' OR regexp_full_match(CAST({raw} AS VARCHAR), {quoted(_ISO)}))"
        return f"CASE WHEN {date} THEN TRY_CAST({raw} AS TIMESTAMPTZ) AT TIME ZONE 'UTC' END"
    if time_format in EPOCHS:
        return _since_1970(raw, EPOCHS[time_format])
    if time_format == EXCEL:
        low, high = (seconds / _DAY + _EXCEL_1970 for seconds in _SECONDS)
        # To the millisecond: a number of that size has no microseconds of a day.
        millis = f"CAST(round(({number(raw)} - {_EXCEL_1970}) * {1000 * _DAY}) AS BIGINT)"
        return f"CASE WHEN {number(raw)} BETWEEN {low} AND {high} THEN make_timestamp(1000 * {millis}) END"
    return f"try_strptime(CAST({raw} AS VARCHAR), {quoted(time_format)})"


def _since_1970(raw: str, second: int) -> str:
    """SQL: the time of a number, of which `second` are a second; its microseconds as they are written."""
    low, high = (end * second for end in _SECONDS)
    # In decimals and whole numbers, for a DOUBLE of today's nanoseconds is exact to 256 of them.
    micros = f"round(TRY_CAST({raw} AS DECIMAL(38, 9)) * {10**6 // second})"
    if second > 10**6:
        part = second // 10**6
        # DuckDB cuts off towards zero.
        micros = f"{whole(raw)} // {part} - CAST({whole(raw)} % {part} < 0 AS BIGINT)"
    # Bounded first, for the cast of what no BIGINT holds is an error.
    return (
        f"CASE WHEN {number(raw)} BETWEEN {low} AND {high} THEN make_timestamp(CAST({micros} AS BIGINT)) END"
    )


def has_offset(raw: str) -> str:
    """SQL: whether a text that is a time of ISO 8601 says its offset from UTC; NULL of any other type."""
    told = f"regexp_matches(CAST({raw} AS VARCHAR), {quoted(_OFFSET)})"
    return f"CASE WHEN typeof({raw}) = 'VARCHAR' THEN {told} END"
