"""One column of a user's own table in SQL: its raw value, the value in the card's type, and its faults."""

import re
from dataclasses import dataclass

from slipway.data import values
from slipway.data.duckdb_engine import quoted
from slipway.settings import Column
from slipway.settings.data import EPOCHS, TableSource
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
_SECONDS = "-62135596800 AND 253402300799"
"""The same in seconds since 1970."""


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
            fault = f"{fault} AND NOT coalesce(isnan(TRY_CAST({self.raw} AS DOUBLE)), false)"
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


def cleaned(name: str, kind: str, source: TableSource, number: bool = False) -> str:
    """SQL: a column of the source, of DuckDB's type `kind`, as `Cleaning` has its values.

    Args:
        number: whether the card takes them for numbers.
    """
    column, cleaning = '"' + name.replace('"', '""') + '"', Cleaning.of(source)
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
    if number and numbers:
        missing.append(f"coalesce(TRY_CAST({text} AS DOUBLE) IN ({numbers}), false)")
    return f"CASE WHEN NOT ({' OR '.join(missing)}) THEN {text} END"


def converted(field: Field, time_format: str | None) -> str:
    """SQL: the value in the card's type, NULL where it is missing or cannot be one."""
    raw, column = field.raw, field.column
    if column.made:
        return raw if column.type == "integer" else made_time(raw)
    number = f"TRY_CAST({raw} AS DOUBLE)"
    match column.type:
        case "string":
            text = f"CAST({raw} AS VARCHAR)"
            return f"CASE WHEN {values.sound_text(text)} THEN {text} END"
        case "number":
            return f"CASE WHEN {values.sound_number(number)} THEN {number} END"
        case "integer":
            if column.positive is not None:
                is_positive = f"CAST({raw} AS VARCHAR) IN ({', '.join(map(quoted, column.positives))})"
                return f"CASE WHEN {is_positive} THEN 1 WHEN {raw} IS NOT NULL THEN 0 END"
            # DuckDB rounds 0.5 to an integer without a word; compared with the number it is found out.
            whole = f"TRY_CAST({raw} AS BIGINT)"
            return f"CASE WHEN {whole} = {number} THEN {whole} END"
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
        return f"TRY_CAST({raw} AS TIMESTAMPTZ) AT TIME ZONE 'UTC'"
    if time_format in EPOCHS:
        seconds = f"TRY_CAST({raw} AS DOUBLE) / {EPOCHS[time_format]}"
        # Bounded first, for the cast of what no BIGINT holds is an error.
        micros = f"CASE WHEN {seconds} BETWEEN {_SECONDS} THEN CAST({seconds} * 1000000 AS BIGINT) END"
        return f"make_timestamp({micros})"
    return f"try_strptime(CAST({raw} AS VARCHAR), {quoted(time_format)})"
