"""Rows that are nobody's, for a served copy to answer as training did: a version carries no row of its data.

They are made from the card and from what many units share. A category is drawn from its values that at
least `SHARED` units have, a number from between the ventiles of all rows, and the unit itself is made up. So
are some of the other values, for what training never saw must be answered alike, and some are missing where
they may be. Columns are drawn apart from each other, so a row is no one's but by chance.

What that cannot show: what a model answers to a *known* unit is asked for by no row. The other categories go
the same way, from value to hash to code to model, and one of them has to be known for it to be shown.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from slipway.settings import Card, Column

ROWS = 200
SHARED = 20
"""Units that have a value in training, before a version may carry it."""
MOST = 1000
"""Values of a column to draw from, the most shared ones."""
OPTIONS = 4
"""Of a request, where it has any."""
UNSEEN = 0.1
"""Of the values of a category, those that are made up."""
MISSING = 0.1
"""Of the values that may be missing, those that are."""
FAR = 2**52
"""Ids from here on are nobody's, and every client can write them."""
VENTILES = np.arange(1, 20) / 20
DAY = 86_400_000_000
"""Microseconds."""


def made_rows(card: Card, requests: pa.Table, units: NDArray[np.int64], rows: int = ROWS) -> pa.Table:
    """Requests with the schema of `requests`; the same for the same rows and the card's seed.

    Args:
        requests: the training rows, one per option.
        units: whose each of them is, int64 [rows].
    """
    random = np.random.default_rng(card.models.seed)
    options = card.data.column("request") and any(
        card.data.columns[name].level == "option" for name in requests.column_names
    )
    per = min(OPTIONS if options else 1, card.serving.max_rows, rows)
    whose = np.arange(rows) // per
    made = {}
    for name in requests.column_names:
        column = card.data.columns[name]
        each = np.arange(rows) if column.level == "option" else whose
        drawn = _Column(card, name, requests[name], units, random).values(int(each[-1]) + 1)
        made[name] = pa.chunked_array([drawn.take(pa.array(each))])
    return pa.table(made, schema=requests.schema)


class _Column:
    """One column of the training rows, from which values are made."""

    def __init__(
        self,
        card: Card,
        name: str,
        known: pa.ChunkedArray,
        units: NDArray[np.int64],
        random: np.random.Generator,
    ) -> None:
        self.column: Column = card.data.columns[name]
        self.known, self.units, self.random = known, units, random
        self.category = name in card.features.categorical or self.column.type == "string"

    def values(self, count: int) -> pa.Array:
        """So many of them."""
        if self.column.role in ("request", "unit"):
            drawn = list(self._made_up(count))
        elif self.category and self.column.type != "timestamp":
            drawn = self._categories(count)
        else:
            drawn = self._between(count)
        if self._may_lack:
            drawn = [
                None if lacks else one for one, lacks in zip(drawn, self._share(MISSING, count), strict=True)
            ]
        if self.column.type == "timestamp":
            return pa.array(drawn, pa.int64()).cast(pa.timestamp("us")).cast(self.known.type)
        return pa.array(drawn, self.known.type)

    @property
    def _may_lack(self) -> bool:
        return self.column.role is None and (self.column.null_share > 0 or self.known.null_count > 0)

    def _share(self, share: float, count: int) -> list[bool]:
        """Which of so many are of a share; the first is, where there are two or more, so that one is."""
        found = self.random.random(count) < share
        found[: min(1, count - 1)] = True
        return [bool(one) for one in self.random.permutation(found)]

    def _categories(self, count: int) -> list[object]:
        """Values that many share, and where the card names no values some that nobody has."""
        shared = self._parts() if self.column.separator else self.column.values or self._shared(self.known)
        if not shared:
            return list(self._made_up(count))
        drawn = [shared[place] for place in self.random.integers(0, len(shared), count)]
        if self.column.values:
            return drawn
        unseen = self._share(UNSEEN, count)
        return [
            new if one else old for old, new, one in zip(drawn, self._made_up(count), unseen, strict=True)
        ]

    def _parts(self) -> list[str]:
        """Texts of up to three parts, each of which many share."""
        separator = str(self.column.separator)
        lists = pc.split_pattern(self.known.combine_chunks(), separator)
        parts, rows = pc.list_flatten(lists), pc.list_parent_indices(lists).to_numpy()
        shared = self._shared(pa.chunked_array([parts]), self.units[rows])
        sizes = self.random.integers(1, 4, len(shared))
        places = (self.random.integers(0, len(shared), size).tolist() for size in sizes.tolist())
        return [separator.join(str(shared[place]) for place in some) for some in places]

    def _shared(self, values: pa.ChunkedArray, units: NDArray[np.int64] | None = None) -> list[object]:
        """The values that at least `SHARED` units have, the most shared first; equal ones by themselves."""
        table = pa.table({"value": values, "unit": pa.array(self.units if units is None else units)})
        counted = (
            table.group_by(["value", "unit"]).aggregate([]).group_by("value").aggregate([([], "count_all")])
        )
        kept = counted.filter(
            pc.and_(pc.greater_equal(counted["count_all"], SHARED), pc.is_valid(counted["value"]))
        )
        found: list[object] = kept.sort_by([("count_all", "descending"), ("value", "ascending")])[
            "value"
        ].to_pylist()
        return found[:MOST]

    def _made_up(self, count: int) -> Iterator[object]:
        """Values that nobody has; numbers of a card with bounds lie within them, known or not."""
        if self.column.type == "string":
            return (f"made-up {one}" for one in range(count))
        if self.column.type == "timestamp":
            return iter(self._between(count))
        first = FAR
        if self.column.max is not None and self.column.max < FAR + count:
            last = int(self.column.max)
            least = (
                last - count + 1
                if self.column.min is None
                else max(int(np.ceil(self.column.min)), last - count + 1)
            )
            return (least + one % (last - least + 1) for one in range(count))
        return iter(range(first, first + count))

    def _between(self, count: int) -> list[object]:
        """Numbers from between the ventiles, or times from between the first and the last."""
        known = self.known.drop_null()
        if self.column.type == "timestamp":
            known = known.cast(pa.timestamp("us")).cast(pa.int64())
        numbers = np.asarray(known.to_numpy(), np.float64)
        numbers = numbers[np.isfinite(numbers)]
        if not len(numbers):
            least = self.column.min if self.column.min is not None else 1.0
            numbers = np.array([least if self.column.max is None else min(least, self.column.max)])
        ventiles = np.quantile(numbers, VENTILES)
        drawn = np.interp(
            self.random.uniform(0, len(VENTILES) - 1, count), np.arange(len(VENTILES)), ventiles
        )
        if self.known.type in (pa.float64(), pa.float32()):
            return [float(one) for one in drawn]
        # A float next to the largest integer of 64 bits is beyond it.
        return [int(one) for one in np.clip(np.rint(drawn), -(2.0**62), 2.0**62)]
