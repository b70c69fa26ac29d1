"""A version that has learned from the rows of a unit."""

from slipway.base.strict import Strict


class Marked(Strict):
    """A version that has learned from the unit, or may have."""

    name: str
    number: int
    why: str
