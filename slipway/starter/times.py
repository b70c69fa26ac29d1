"""How the times of a column are written, where it is not as ISO 8601 has it."""

from typing import Any

from slipway.data.conversion import timestamp
from slipway.settings.data import EPOCH

DATES = ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%d-%b-%Y", "%d %b %Y", "%b %d, %Y")
CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
EPOCHS = (10**8, 2**32)
"""Seconds since 1970 from 1973 to 2106; other numbers are no times."""


def time_formats(connection: Any, raw: str) -> list[str]:
    """Every known format that fits all values of the SQL expression `raw` on the view `source`."""
    formats = [f"{date}{clock}" for date in DATES for clock in CLOCKS]
    number = f"TRY_CAST({raw} AS DOUBLE)"
    asked = [
        *(f"count({timestamp(raw, one)})" for one in formats),
        f"count(*) FILTER ({number} BETWEEN {EPOCHS[0]} AND {EPOCHS[1]})",
    ]
    [(values, *fitting)] = connection.execute(
        f"SELECT count({raw}), {', '.join(asked)} FROM source"  # noqa: S608 - the starter's own names
    ).fetchall()
    known = zip([*formats, EPOCH], fitting, strict=True)
    return [one for one, count in known if values and count == values]
