"""Times that a table writes as numbers: since 1970 in one of four units, or as days of a spreadsheet.

What ingestion says in SQL (`slipway.data.conversion`), of a text or a number of a request; a test holds both
to each other.
"""

import re
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from slipway.settings.data import EPOCHS, EXCEL, NUMBERED, WRITTEN_NUMBER

NUMERAL = re.compile(WRITTEN_NUMBER)
SECONDS = (-62_135_596_800, 253_402_300_799)
"""What a datetime can hold, since 1970."""
DAY, EXCEL_1970 = 86_400, 25_569
"""Seconds, and the day 1970-01-01 where 1899-12-30 is 0."""


def is_counted(written: str | None) -> bool:
    """Whether the card's `time_format` is one of numbers."""
    return written in NUMBERED


def bounds(written: str, is_own: bool) -> tuple[float, float]:
    """The least and the largest number that is a time; of a request's own the least is 1970."""
    least, largest = (0 if is_own else SECONDS[0]), SECONDS[1]
    if written == EXCEL:
        return least / DAY + EXCEL_1970, largest / DAY + EXCEL_1970
    return least * EPOCHS[written], largest * EPOCHS[written]


def as_text(value: str | float | None) -> str | None:
    """A number as a file would have it, so that it is read, and compared with the card's marks, as one."""
    if value is None or isinstance(value, str):
        return value
    return str(int(value)) if value == int(value) else repr(value)


def counted(text: str, written: str) -> datetime:
    """The time of a number.

    Raises:
        ValueError: it is no number, of no time, or not whole where nanoseconds are counted.
    """
    if not NUMERAL.fullmatch(text):
        raise ValueError(f"a number of {written} is expected")
    # Bounded first, for an exponent may make a whole number that fills the memory.
    least, largest = bounds(written, is_own=False)
    if not least <= float(text) <= largest:
        raise ValueError(f"a number of {written} from {least:g} to {largest:g} is expected")
    return datetime(1970, 1, 1) + timedelta(microseconds=_micros(text, written))


def _micros(text: str, written: str) -> int:
    if written == EXCEL:
        # To the millisecond, in the numbers that ingestion has.
        return 1000 * _rounded(Decimal((float(text) - EXCEL_1970) * (1000 * DAY)), 1)
    number, second = Decimal(text.strip()), EPOCHS[written]
    if second > 10**6:
        if number != number.to_integral_value():
            raise ValueError(f"a whole number of {written} is expected")
        return int(number) // (second // 10**6)
    return _rounded(number, 10**6 // second)


def _rounded(number: Decimal, times: int) -> int:
    """A multiple of a number of nine decimals, away from zero where two are as near."""
    nine = number.quantize(Decimal("1e-9"), ROUND_HALF_UP)
    return int((nine * times).quantize(Decimal(1), ROUND_HALF_UP))
