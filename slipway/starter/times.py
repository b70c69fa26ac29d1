"""How the times of a column are written."""

from collections.abc import Mapping
from typing import Any

from slipway.data.conversion import timestamp
from slipway.data.numerals import number
from slipway.data.values import sound_time
from slipway.settings.data import EPOCHS, EXCEL, is_time_format

DATES = ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%d-%b-%Y", "%d %b %Y", "%b %d, %Y")
"""Day and month in both orders; where both fit, the user is asked which is meant."""
CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
FORMATS = tuple(f"{date}{clock}" for date in DATES for clock in CLOCKS)
SHORT = tuple(one.replace("%Y", "%y") for one in FORMATS)
"""Only for times of rows, which lie between 1970 and now: two digits of a year say no century."""
DIGITS = ("%Y%m%d", "%Y%m%d%H%M", "%Y%m%d%H%M%S")
"""Only for times of rows, too: in any other column digits may be numbers."""
ISO = "ISO 8601"
"""Times that need no format."""
SECONDS = (10**8, 2**32)
"""Seconds since 1970 from 1973 to 2106; other numbers are no times."""
DAYS = 26_726
"""The first of these in spreadsheets, where the last is today."""
SAMPLE = 10_000
"""Rows from everywhere that show which formats are worth to be tried on all."""


def time_formats(connection: Any, raw: str) -> list[str]:
    """Every format with whole years that fits all values of the SQL expression `raw` on the view `source`."""
    fits = {one: f"{timestamp(raw, one)} IS NOT NULL" for one in FORMATS}
    values, counts = _counts(connection, raw, fits)
    return [one for one, count in counts.items() if count == values]


def is_format(written: str) -> bool:
    """Whether times can be read by what somebody takes for a format; `%Q` is none."""
    import duckdb

    if not is_time_format(written):
        return False
    nothing = timestamp("''", written)
    with duckdb.connect() as connection:
        try:
            connection.execute(f"SELECT {nothing}")
        except duckdb.InvalidInputException:
            return False
    return True


def sound_formats(connection: Any, raw: str) -> list[str]:
    """The formats, one as good as the other, in which most values of `raw` are times that a row may have.

    Where it is not all of them, ingestion names the first that is none.
    """
    formats = {one: timestamp(raw, one) for one in (*FORMATS, *SHORT, *DIGITS)}
    sound = {one: sound_time(time) for one, time in ({ISO: timestamp(raw, None)} | formats).items()}
    values, counts = _counts(connection, raw, sound | _numbers(raw))
    most = max(counts.values(), default=0)
    return [one for one, count in counts.items() if count == most and 2 * count > values]


def _numbers(raw: str) -> dict[str, str]:
    low, high = SECONDS
    epochs = {name: f"{number(raw)} BETWEEN {low * unit} AND {high * unit}" for name, unit in EPOCHS.items()}
    return epochs | {EXCEL: f"{number(raw)} >= {DAYS} AND {sound_time(timestamp(raw, EXCEL))}"}


def _counts(connection: Any, raw: str, fits: Mapping[str, str]) -> tuple[int, dict[str, int]]:
    """The number of values, and of those that fit each format that fits any of a sample.

    Args:
        fits: SQL by format: whether it fits a value.
    """
    names = [*fits]
    # By a hash of the row, for the beginning of a file may be unlike the rest of it. What fits half of all
    # rows, or all of them, fits some of these; most formats do not, and are not worth a look at all rows.
    sample = f'(SELECT * FROM source WHERE {raw} IS NOT NULL ORDER BY hash("row number") LIMIT {SAMPLE})'  # noqa: S608
    for rows in (sample, "source"):
        asked = ", ".join([f"count({raw})", *(f"count(*) FILTER ({fits[one]})" for one in names)])
        [(values, *counts)] = connection.execute(f"SELECT {asked} FROM {rows}").fetchall()  # noqa: S608
        found = {one: count for one, count in zip(names, counts, strict=True) if count}
        if values < SAMPLE:  # the sample held them all
            break
        names = [*found]
    return values, found
