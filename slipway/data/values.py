"""What makes a value unusable whatever the card says of its column, and how a value stands in a line."""

LONGEST = 10_000
"""Characters; a category that is longer is a lost quote or a file that is something else."""
MOST = 80
"""Characters of a value that are shown in a line."""
_BLANKS = r"[\t-\r\x1c-\x20\x{85}\pZ]*"
"""What Python's `str.isspace` holds for spaces, for DuckDB."""


def blank(text: str) -> str:
    """SQL: true where a text has nothing to see, as in Python `not text.strip()`: a missing value."""
    return f"regexp_full_match({text}, '{_BLANKS}')"


def sound_text(text: str) -> str:
    """SQL: true where a string is no longer than `LONGEST` and holds no NUL, which marks binary content."""
    return f"(length({text}) <= {LONGEST} AND NOT contains({text}, chr(0)))"


def sound_number(number: str) -> str:
    """SQL: true where a number is neither infinite nor NaN."""
    return f"isfinite({number})"


def sound_time(time: str) -> str:
    """SQL: true where a UTC time is not before 1970 and has come; what lies ahead has no outcome yet."""
    return f"({time} BETWEEN TIMESTAMP '1970-01-01' AND (now() AT TIME ZONE 'UTC'))"


TEXT = f"text of at most {LONGEST} characters without NUL"
NUMBER = "a finite number"
TIME = "a timestamp from 1970 until now"
"""The three rules in words."""


def shown(value: object, most: int = MOST) -> str:
    """A value on one line: what cannot be printed as its escape, and cut after `most` characters."""
    text = str(value)
    plain = "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in text[:most]
    )
    return plain if len(text) <= most else f"{plain}…"
