"""Numbers, intervals, times and foreign text as the report shows them."""

import math
from datetime import UTC, datetime
from urllib.parse import urlsplit

from slipway.records.evidence import UNBOUNDED, Interval

DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"


def printable(text: str, limit: int = 120) -> str:
    """Text that came from data: no control characters, cut after `limit` characters with a note."""
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[:limit])
    return shown if len(text) <= limit else f"{shown.rstrip()}… ({len(text):,} characters)"


def short(text: str, limit: int) -> str:
    """Like `printable`, for a label in a figure: cut to fit, without a note."""
    return printable(text) if len(text) <= limit else printable(text[: limit - 1]).rstrip() + "…"


def bounded(value: float) -> bool:
    """Whether a value is a number with a place on an axis: not NaN, not infinite, not `UNBOUNDED`."""
    return math.isfinite(value) and abs(value) < UNBOUNDED


def number(value: float | None, digits: int = 4, sign: bool = False) -> str:
    """A number with fixed digits and a true minus sign; a dash for None."""
    if value is None:
        return DASH
    if math.isnan(value):
        return "not a number"
    if not bounded(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    return f"{value:{'+' if sign else ''},.{digits}f}".replace("-", MINUS)


def significant(value: float | None, digits: int = 3) -> str:
    """A number with so many significant digits, never in exponent form."""
    # The logarithm of these says nothing.
    if value is None or not bounded(value) or value == 0:
        return number(value, 0)
    return number(value, max(0, digits - 1 - math.floor(math.log10(abs(value)))))


def decimals(interval: Interval, digits: int = 4) -> int:
    """So many decimals that half the interval's width has two digits; `digits` where it has no width."""
    half = (interval.high - interval.low) / 2
    if not (bounded(interval.high) and bounded(interval.low)) or half <= 0:
        return digits
    return min(max(1 - math.floor(math.log10(half)), 0), 6)


def interval(
    value: Interval | None, sign: bool = False, scale: float = 1.0, unit: str = "", places: int | None = None
) -> str:
    """`0.2871 [0.2850, 0.2893]`; a dash for None."""
    if value is None:
        return DASH
    scaled = Interval(value=value.value * scale, low=value.low * scale, high=value.high * scale)
    places = decimals(scaled) if places is None else places
    middle, low, high = (number(part, places, sign) for part in (scaled.value, scaled.low, scaled.high))
    return f"{middle}{unit} [{low}, {high}]"


def percent(value: float | None, digits: int = 2) -> str:
    """A share as a percentage."""
    return DASH if value is None else f"{number(value * 100, digits)} %"


def percent_interval(value: Interval | None) -> str:
    """A relative difference as percentages, signed."""
    return interval(value, sign=True, scale=100.0, unit=" %")


def rise(value: Interval | None) -> str:
    """The rise of a share as percentages, with the digits that its upper end allows.

    The lower end is -100 % where too few events tell, however close the upper one is to a limit.
    """
    if value is None:
        return DASH
    half = 100 * (value.high - value.value)
    places = decimals(Interval(value=0.0, low=-half, high=half))
    return interval(value, sign=True, scale=100.0, unit=" %", places=places)


def when(at: datetime) -> str:
    """A time to the minute, in UTC where the zone is known."""
    if at.tzinfo is None:
        return f"{at:%Y-%m-%d %H:%M}"
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def digest(text: str | None, digits: int = 12) -> str:
    """The start of a digest, which is enough to tell it from another; a dash for None."""
    if text is None:
        return DASH
    return printable(text) if len(text) <= digits + 4 else f"{printable(text[:digits])}…"


def verdict(difference: Interval, better_is_up: bool = False) -> str:
    """What an interval against zero says in words."""
    if difference.low <= 0 <= difference.high:
        return "no clear difference"
    return "better beyond noise" if (difference.low > 0) == better_is_up else "worse beyond noise"


def safe_link(address: str | None) -> str | None:
    """An address that a reader may click: relative, a file or a web page; None for any other scheme."""
    # Others, such as javascript, would run something in the reader's browser.
    if not address or urlsplit(address).scheme.lower() not in ("", "file", "http", "https"):
        return None
    return address
