"""What makes a value unusable whatever the card says of its column, and how a value stands in a line."""

from slipway.system.cleaning import EARLIEST, LONGEST, NUL, TEXT

MOST = 80
"""Characters of a value that are shown in a line."""


def sound_text(text: str) -> str:
    """SQL: true where a string is no longer than `LONGEST` and holds no NUL, which marks binary content."""
    return f"(length({text}) <= {LONGEST} AND NOT contains({text}, chr({ord(NUL)})))"


def sound_number(number: str) -> str:
    """SQL: true where a number is neither infinite nor NaN."""
    return f"isfinite({number})"


def sound_time(time: str) -> str:
    """SQL: true where a UTC time is not before 1970 and has come; what lies ahead has no outcome yet."""
    return f"({time} BETWEEN TIMESTAMP '{EARLIEST}' AND (now() AT TIME ZONE 'UTC'))"


NUMBER = "a finite number"
TIME = "a timestamp from 1970 until now"
"""The rules in words, beside `TEXT`."""


def shown(value: object, most: int = MOST) -> str:
    """A value on one line: what cannot be printed as its escape, and cut after `most` characters."""
    text = str(value)
    plain = "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in text[:most]
    )
    return plain if len(text) <= most else f"{plain}…"


__all__ = ["LONGEST", "MOST", "NUMBER", "TEXT", "TIME", "shown", "sound_number", "sound_text", "sound_time"]
