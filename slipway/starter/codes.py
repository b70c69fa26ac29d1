"""What a column names: words, codes, ids; or how much of something there is."""

import math
import re
from dataclasses import dataclass

from slipway.starter.profile import ColumnProfile
from slipway.tasks.columns import ROW, SHUFFLED

UNSAID = ("", ROW, SHUFFLED)
"""Names of columns that mean something else in a card."""
ID = re.compile(r"(^|_)(id|code|zip|zipcode|postcode|key)$")
THING = re.compile(
    r"item|user|customer|client|member|product|article|movie|film|song|book|sku|ean|isbn|store|shop|merchant|"
    r"seller|vendor|device|channel|station|terminal|campaign|publisher|advertiser|ip|plz|fips|mcc"
)
"""Whole names of things that have a number, and no amount."""
CAMEL_ID = re.compile(r"[a-z0-9](Id|ID|Code|Zip|Key)$")
"""The same, as `movieId` is written; the card's name is in small letters."""
UNIQUE = {"string": 0.95, "integer": 0.99}
"""Share of different values from which on a column may name rows and tell nothing of them."""
DENSE = 2
"""Whole numbers to a row, within which as many different ones are a counter."""
EXACT = 2**53
"""Whole numbers beyond it are rounded by every model: they are names."""
REPEATED = 20
"""Rows to a value from which on whole numbers may be codes as well as amounts."""
CODES = 1000
"""The most different codes."""


@dataclass(frozen=True)
class Named:
    """A profile with the column's name in the card.

    Attributes:
        disorder: of a whole number whose order tells little of the label, how little.
        missing: the largest share of missing values at any size.
    """

    name: str
    found: ColumnProfile
    rows: int
    disorder: float | None = None
    missing: float = 0.0

    @property
    def source(self) -> str | None:
        """Its name in the source, where a card has to say it."""
        return None if self.found.source in (self.name, *UNSAID) else self.found.source


def is_new_in_each_row(one: Named) -> bool:
    """Whether nearly every row has a value of its own, as an id, a counter or free text has."""
    known = one.rows - one.found.nulls
    # Numbers with fractions are left alone: a measurement may differ in every row.
    return known > REPEATED and one.found.distinct >= UNIQUE.get(one.found.kind, math.inf) * known


def names_rows(one: Named) -> bool:
    """Whether whole numbers that are new in each row are its name or number; else they may be amounts."""
    low, high = one.found.low or 0.0, one.found.high or 0.0
    return is_category(one) or high - low < DENSE * one.rows


def is_category(one: Named) -> bool:
    """Words, codes, and numbers so large that they can be nothing else."""
    if one.found.kind != "integer":
        return one.found.kind == "string"
    named = ID.search(one.name) or CAMEL_ID.search(one.found.source) or THING.fullmatch(one.name)
    return bool(named) or max(-(one.found.low or 0.0), one.found.high or 0.0) > EXACT


def may_be_category(one: Named) -> bool:
    """Whole numbers that come again and again, or whose order tells nothing: codes or amounts, or both."""
    found = one.found
    if one.disorder is not None:
        return True
    repeated = found.distinct * REPEATED <= one.rows - found.nulls
    # Two values are told apart by a number just as well.
    return found.kind == "integer" and repeated and 2 < found.distinct <= CODES
