"""What a column of text may be instead: numbers with something about them, dates, values that are missing."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from slipway.data.conversion import timestamp
from slipway.data.duckdb_engine import quoted
from slipway.data.numerals import number, whole
from slipway.data.values import shown
from slipway.starter.collisions import one_number
from slipway.starter.dress import Dress, dress, is_dressed
from slipway.starter.times import time_formats

MARKS = (
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
MOSTLY = 0.5
"""Share of numbers from which on the other values of a column are worth a word."""
CODE = r"^\s*[-+]?0[0-9]"
"""A zero that a number would lose, such as that of a postcode."""
LONGEST_DATE = 25
"""Characters."""


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
        dress: what it is, where most values are numbers with commas, signs or a unit.
        odd: where half of the values are numbers or more, the first that is none.
        vast: the first whole number that 64 bits do not hold, where all values are numbers.
        alike: its first two values that would be one number, where all are numbers; else nothing.
        dates: whether all of it is times, in a format that is not the table's.
        marked: rows whose text is a mark of a missing value elsewhere, and so is missing here.
    """

    dress: Dress | None = None
    alike: tuple[str, str] | None = None
    odd: Odd | None = None
    vast: str | None = None
    dates: bool = False
    marked: int = 0


PLAIN = Text()
"""Text and nothing else."""


def is_text(text: Text, known: int) -> str:
    """What makes text of numbers, where few values do; else nothing.

    Args:
        known: how many values there are.
    """
    if text.alike:
        first, second = (f"'{shown(value, 40)}'" for value in text.alike)
        return f"{first} and {second} would be one number, so the values stay texts"
    if text.vast:
        return f"'{shown(text.vast, 40)}' has more than 64 bits, so the values stay texts"
    if odd := text.odd:
        return (
            f"{odd.numbers:,} of {known:,} are numbers; '{shown(odd.value, 40)}' (row {odd.row:,}) is not: "
            "a mark of a missing value?"
        )
    if dress := text.dress:
        said = is_dressed(dress).replace("holds", "are", 1)
        return f"{dress.dressed:,} of {known:,} {said}; '{shown(dress.other, 40)}' (row {dress.row:,}) is not"
    return ""


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
        text, value = f'CAST("raw {name}" AS VARCHAR)', number(f'"raw {name}"')
        marked = f"FILTER ({value} IS NULL AND {text} IN ({listed}))"
        asked = f"count({value}), count({text}), count(*) {marked}, list(DISTINCT {text}) {marked}"
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
            min(place) FILTER (NOT known), bool_or(regexp_matches(v, {quoted(CODE)})), count(time),
            max(length(v)), arg_min(v, place) FILTER (vast)
        FROM (
            SELECT CAST({raw} AS VARCHAR) AS v, "row number" AS place, {timestamp(raw, None)} AS time,
                coalesce(isfinite(n) OR isnan(n), false) AS known,
                regexp_full_match(CAST({raw} AS VARCHAR), '[-+]?[0-9]{{19,}}')
                    AND {whole(raw)} IS NULL AS vast
            FROM (SELECT *, {number(raw)} AS n FROM source WHERE {raw} IS NOT NULL)
        )
    """  # noqa: S608 - all quoted
    [row] = connection.execute(query).fetchall()
    values, numbers, other, place, codes, times, longest, vast = row
    if not values:
        return PLAIN
    mostly = numbers < values and numbers >= MOSTLY * values and not codes
    return Text(
        alike=one_number(connection, name, "number") if numbers == values and not codes else None,
        dress=None if numbers == values else dress(connection, f"CAST({raw} AS VARCHAR)", MARKS),
        odd=Odd(other, place, numbers) if mostly else None,
        vast=vast if numbers == values else None,
        dates=times == values or (longest <= LONGEST_DATE and _are_dates(connection, raw)),
        marked=_marked(connection, raw),
    )


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
    copied, source = (f"SELECT count({raw}) FROM {view}" for view in ("copied", "source"))  # noqa: S608
    [(rows,)] = connection.execute(f"SELECT ({copied}) - ({source})").fetchall()
    return int(rows)
