"""How the times of a column are written."""

from collections.abc import Mapping
from typing import Any

from slipway.data.conversion import timestamp
from slipway.data.values import sound_time
from slipway.settings.data import EPOCHS

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
FIRST = 10_000
"""Rows that show which formats are worth to be tried on all."""


def time_formats(connection: Any, raw: str) -> list[str]:
    """Every format with whole years that fits all values of the SQL expression `raw` on the view `source`."""
    fits = {one: f"{timestamp(raw, one)} IS NOT NULL" for one in FORMATS} | _epochs(raw)
    values, counts = _counts(connection, raw, fits)
    return [one for one, count in counts.items() if count == values]


def sound_formats(connection: Any, raw: str) -> list[str]:
    """The formats, one as good as the other, in which most values of `raw` are times that a row may have.

    Where it is not all of them, ingestion names the first that is none.
    """
    formats = {one: timestamp(raw, one) for one in (*FORMATS, *SHORT, *DIGITS)}
    sound = {one: sound_time(time) for one, time in ({ISO: timestamp(raw, None)} | formats).items()}
    values, counts = _counts(connection, raw, sound | _epochs(raw))
    most = max(counts.values(), default=0)
    return [one for one, count in counts.items() if count == most and 2 * count > values]


def _epochs(raw: str) -> dict[str, str]:
    low, high = SECONDS
    return {
        name: f"TRY_CAST({raw} AS DOUBLE) BETWEEN {low * unit} AND {high * unit}"
        for name, unit in EPOCHS.items()
    }


def _counts(connection: Any, raw: str, fits: Mapping[str, str]) -> tuple[int, dict[str, int]]:
    """The number of values, and of those that fit each format that fits any of the first rows.

    Args:
        fits: SQL by format: whether it fits a value.
    """
    names = [*fits]
    first = f"(SELECT * FROM source WHERE {raw} IS NOT NULL LIMIT {FIRST})"  # noqa: S608
    # Most formats fail on the first rows; only the others are worth a look at all of them.
    for rows in (first, "source"):
        asked = ", ".join([f"count({raw})", *(f"count(*) FILTER ({fits[one]})" for one in names)])
        [(values, *counts)] = connection.execute(f"SELECT {asked} FROM {rows}").fetchall()  # noqa: S608
        found = {one: count for one, count in zip(names, counts, strict=True) if count}
        names = [*found]
    return values, found
