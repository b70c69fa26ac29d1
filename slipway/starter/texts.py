"""What a column of text may be instead: numbers with something about them, dates, values that are missing."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from slipway.data.conversion import timestamp
from slipway.data.duckdb_engine import quoted
from slipway.starter.times import time_formats

MARKS = (
    "",
    "#N/A",
    "-",
    ".",
    "<NA>",
    "?",
    "N/A",
    "NA",
    "NULL",
    "None",
    "\\N",
    "n/a",
    "na",
    "none",
    "null",
)
"""Texts that are taken for a missing value where everything else in the column is a number."""
NEARLY = 0.9
"""Share of numbers from which on the other values of a column are worth a word."""
LONGEST_DATE = 25
"""Characters."""
POINTS = r"([0-9]+|[0-9]{1,3}(,[0-9]{3})+)(\.[0-9]+)?"
COMMAS = r"([0-9]+|[0-9]{1,3}([. '\x{a0}\x{202f}][0-9]{3})+)(,[0-9]+)?"
"""Numbers such as 1,234.56 and 1.234,56, for DuckDB."""
SIGNS = r"[-+]?[$€£¥]? ?[-+]?{number} ?[%$€£¥]?"
"""What may stand about them."""


@dataclass(frozen=True)
class Odd:
    """The first value that keeps a column from being one of numbers.

    Attributes:
        value: as it is written.
        row: counted from 1.
        numbers: how many values are numbers.
    """

    value: str
    row: int
    numbers: int


@dataclass(frozen=True)
class Text:
    """What was found in a column of text.

    Attributes:
        dressed: its first value, where all are numbers with commas or a sign of money or percent; else empty.
        odd: where nearly all values are numbers, the first that is none.
        dates: whether all of it is times, in a format that is not the table's.
        marked: rows whose text is a mark of a missing value elsewhere, and so is missing here.
    """

    dressed: str = ""
    odd: Odd | None = None
    dates: bool = False
    marked: int = 0


PLAIN = Text()
"""Text and nothing else."""


def marks(connection: Any, names: Iterable[str], label: str | None) -> list[str]:
    """The marks of missing values in columns that otherwise hold numbers; one of two labels is none.

    Args:
        names: of the columns of the view `source`, without their `raw`.
        label: the one of them that is the label.
    """
    listed = ", ".join(map(quoted, MARKS))
    found: set[str] = set()
    labels: set[str] = set()
    for name in names:
        text, number = f'CAST("raw {name}" AS VARCHAR)', f'TRY_CAST("raw {name}" AS DOUBLE)'
        marked = f"FILTER ({number} IS NULL AND {text} IN ({listed}))"
        asked = f"count({number}), count({text}), count(*) {marked}, list(DISTINCT {text}) {marked}"
        [(numbers, values, count, seen)] = connection.execute(f"SELECT {asked} FROM source").fetchall()  # noqa: S608 - all quoted
        if numbers and count and numbers + count == values:
            found |= set(seen)
        elif name == label:
            # Three are enough to know that there are not two.
            distinct = f"SELECT DISTINCT {text} AS v FROM source WHERE v IS NOT NULL LIMIT 3"  # noqa: S608
            labels = {value for (value,) in connection.execute(distinct).fetchall()}
    return sorted(found - labels if len(labels) == 2 else found)


def text(connection: Any, name: str) -> Text:
    """Look at a column of text.

    Args:
        name: of the column of `source`, without its `raw`; `copied` has its marks of missing values still.
    """
    raw = f'"raw {name}"'
    # NaN counts as a number, for ingestion takes it for missing; infinity does not.
    query = f"""
        SELECT count(v), count(*) FILTER (known), arg_min(v, place) FILTER (NOT known),
            min(place) FILTER (NOT known), bool_or(regexp_matches(v, '^0[0-9]')),
            bool_and(regexp_full_match(v, {_about(POINTS)}))
                OR bool_and(regexp_full_match(v, {_about(COMMAS)})),
            bool_or(regexp_matches(v, '[^-+.0-9]')), arg_min(v, place), count(time), max(length(v))
        FROM (
            SELECT CAST({raw} AS VARCHAR) AS v, "row number" AS place,
                TRY_CAST({raw} AS TIMESTAMPTZ) AS time,
                coalesce(isfinite(n) OR isnan(n), false) AS known
            FROM (SELECT *, TRY_CAST({raw} AS DOUBLE) AS n FROM source WHERE {raw} IS NOT NULL)
        )
    """  # noqa: S608 - all quoted
    [row] = connection.execute(query).fetchall()
    values, numbers, other, place, codes, are_numbers, dressed, first, times, longest = row
    if not values:
        return PLAIN
    mostly = numbers < values and numbers >= NEARLY * values and not codes
    return Text(
        # Digits and points alone carry nothing that the user could take off.
        dressed=first if are_numbers and dressed else "",
        odd=Odd(other, place, numbers) if mostly else None,
        dates=times == values or (longest <= LONGEST_DATE and _are_dates(connection, raw)),
        marked=_marked(connection, raw),
    )


def _about(number: str) -> str:
    return quoted(SIGNS.replace("{number}", f"({number})"))


def _are_dates(connection: Any, raw: str) -> bool:
    """Whether a format fits all of it; digits alone are no dates, nor are versions such as 1.2.10."""
    formats = [one for one in time_formats(connection, raw) if "%" in one]
    if not formats:
        return False
    earliest = ", ".join(f"min({timestamp(raw, one)})" for one in formats)
    query = f"SELECT greatest({earliest}) >= TIMESTAMP '1000-01-01' FROM source"  # noqa: S608 - all quoted
    [(late,)] = connection.execute(query).fetchall()
    return bool(late)


def _marked(connection: Any, raw: str) -> int:
    # Empty text is missing to everybody, so it is not worth a word.
    copied, source = (
        f"SELECT count(*) FROM {view} WHERE CAST({raw} AS VARCHAR) <> ''"  # noqa: S608 - all quoted
        for view in ("copied", "source")
    )
    [(rows,)] = connection.execute(f"SELECT ({copied}) - ({source})").fetchall()
    return int(rows)
