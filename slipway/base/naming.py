"""Names of a table's columns in the letters that a card takes, and where that loses what they say."""

import re
from unicodedata import normalize

_LATIN = str.maketrans({"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th"})
"""Letters that Unicode does not take apart; `ß` is `ss` by folding its case."""


def plain(text: str) -> str:
    """Small ASCII letters, digits and underscores: accents go, and letters of other scripts."""
    return re.sub(r"[^a-z0-9]+", "_", _latin(text).encode("ascii", "ignore").decode()).strip("_")


def beside(name: str, source: str | None) -> str:
    """The name in the card, beside it the table's own where the card's has lost letters of it, or all."""
    if source is None:
        return name
    lost = any(one.isalnum() and not one.isascii() for one in _latin(source))
    if not lost and plain(source):
        return name
    return f"{name} ({source if source.isprintable() else ascii(source)})"


def _latin(text: str) -> str:
    return normalize("NFKD", text.casefold().translate(_LATIN))
