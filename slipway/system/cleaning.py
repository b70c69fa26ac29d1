"""What becomes of a raw value before anything else sees it: one definition for ingestion and the service.

`Cleaning` says which texts and numbers are missing and what is cut off, and the constants below what no
column takes. Ingestion says the same in SQL (`slipway.data.conversion`), a request in Arrow, since the image
holds no DuckDB; tests hold both to each other, value by value and from a raw row to its score.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from math import isfinite
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc

from slipway.settings.data import GeneratorSource, TableSource

LONGEST = 10_000
"""Characters; a category that is longer is a lost quote or a file that is something else."""
NUL = "\0"
"""A character that marks binary content."""
TEXT = f"text of at most {LONGEST} characters without NUL"
"""What is sound, in words."""
SPACES = " \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
"""What is cut off: Unicode's separators of words, which are what DuckDB's `trim` cuts."""
BLANKS = SPACES + "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029\ufeff"
"""A text of these alone is missing, whatever the card names."""
EARLIEST = datetime(1970, 1, 1)
"""Before it lies no time of a row: a 0 that was meant to be nothing, or days taken for seconds."""


@dataclass(frozen=True)
class Cleaning:
    """What a source says of its values.

    Attributes:
        raw: whether the values are as people write them; those of a generator are what they are.
        trim: whether spaces around a text are cut.
        marks: texts that stand for a missing value.
    """

    raw: bool = False
    trim: bool = False
    marks: tuple[str, ...] = ()

    @classmethod
    def of(cls, source: GeneratorSource | TableSource) -> Self:
        """What the card says of its source."""
        if isinstance(source, GeneratorSource):
            return cls()
        return cls(raw=True, trim=source.trim, marks=tuple(source.missing))

    @cached_property
    def numbers(self) -> tuple[float, ...]:
        """The marks that are finite numbers, such as -999: in a column of numbers -999.0 is the same mark."""
        return tuple(sorted({number for mark in self.marks if (number := _number(mark)) is not None}))

    def texts(self, raw: pa.StringArray) -> pa.StringArray:
        """Texts as they count: cut, and null where missing."""
        if not self.raw:
            return raw
        text = pc.utf8_trim(raw, SPACES) if self.trim else raw
        missing = pc.equal(pc.utf8_trim(text, BLANKS), "")
        if self.marks:
            missing = pc.or_(missing, pc.is_in(text, value_set=self._marks))
        return pc.if_else(missing, None, text) if missing.true_count else text

    def values(self, raw: pa.Array) -> pa.Array:
        """Numbers as they count, whole or not: null where they equal a mark."""
        if not self.numbers:
            return raw
        missing = pc.is_in(pc.cast(raw, pa.float64(), safe=False), value_set=pa.array(self.numbers))
        return pc.if_else(missing, None, raw)

    @cached_property
    def _marks(self) -> pa.StringArray:
        return pa.array(self.marks, pa.string())


def unsound(texts: pa.StringArray) -> int | None:
    """The place of the first text that no column takes, None where there is none: too long, or with a NUL."""
    # A text has no more characters than bytes: mostly the bytes of all tell at once that each is sound.
    data = texts.buffers()[2]
    if data is None or (data.size <= LONGEST and NUL.encode() not in data.to_pybytes()):
        return None
    wrong = pc.or_(pc.match_substring(texts, NUL), pc.greater(pc.utf8_length(texts), LONGEST))
    place: int = pc.index(wrong, True).as_py()
    return place if place >= 0 else None


def unlisted(texts: pa.StringArray, allowed: list[str]) -> int | None:
    """The place of the first text that is none of those allowed, None where there is none."""
    others = pc.and_(pc.is_valid(texts), pc.invert(pc.is_in(texts, value_set=pa.array(allowed, pa.string()))))
    place: int = pc.index(others, True).as_py()
    return place if place >= 0 else None


def _number(mark: str) -> float | None:
    try:
        number = float(mark)
    except ValueError:
        return None
    # Python reads 1_000 as a number, and a file does not.
    return number if isfinite(number) and "_" not in mark else None
