"""Columns of a table to model inputs, as a design card lists them: the part that most systems share."""

from collections.abc import Mapping
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from slipway.models.inputs import Field, Inputs
from slipway.settings import Card
from slipway.system.hashing import bucket, cross, stable_hash
from slipway.system.interface import FeatureState

Numbers = Mapping[str, NDArray[np.float32]]
"""Columns of numbers by name, float32 [rows] each; NaN where unknown."""
Hashes = NDArray[np.uint64]
Offsets = NDArray[np.int64] | None
"""Of a column whose rows have any number of values: where each row's begin, [rows + 1]."""


def fit(card: Card, train: pa.Table) -> FeatureState:
    """Per category: its values, and how often each occurred. Per cross: its values, where there are few.

    Values are kept as sorted 64-bit hashes, 8 bytes each: half a megabyte for 64,000 users.
    """
    state: dict[str, NDArray[np.generic]] = {}
    hashed = _categories(card, train)
    for name, (hashes, offsets) in hashed.items():
        known, counts = np.unique(hashes, return_counts=True)
        state[f"{name}.known"] = known
        if offsets is None:
            # 0 comes first, for the code 0 is every value that training has not seen.
            state[f"{name}.frequency"] = np.log1p(np.append(0, counts)).astype(np.float32)
    for name, hashes in _crosses(card, hashed).items():
        known = np.unique(hashes)
        # Of more values than buckets `_field` takes the buckets, so the values need not be kept.
        state[f"{name}.known"] = known if len(known) <= 2**card.features.hash_bits else known[:0]
    return state


def transform(card: Card, requests: pa.Table, state: FeatureState, more: Numbers | None = None) -> Inputs:
    """Numeric columns, frequencies and the time of day; categories and crosses as fields.

    Args:
        card: its `features` section says which columns are what.
        requests: one row per option.
        state: what `fit` learned.
        more: numbers of the system's own, row by row as the requests.
    """
    rows = requests.num_rows
    numeric = {name: _number(requests[name]) for name in card.features.numeric}
    fields = []
    unseen = np.zeros(rows, np.bool_)
    hashed = _categories(card, requests)
    for name, (hashes, offsets) in hashed.items():
        codes = _codes(hashes, state[f"{name}.known"])
        fields.append(_field(card, name, hashes, codes, state, offsets))
        # By the code, which tells what is new also where the field itself is hashed into buckets.
        unseen[fields[-1].rows[codes == 0]] = True
        if offsets is None:
            numeric[f"{name}.frequency"] = state[f"{name}.frequency"][codes]
    for name, hashes in _crosses(card, hashed).items():
        codes = _codes(hashes, state[f"{name}.known"])
        fields.append(_field(card, name, hashes, codes, state, None))
    if card.features.time_of_day:
        numeric |= _clock(requests[card.data.required("time")])
    numeric |= more or {}
    columns = list(numeric.values())
    return Inputs(
        numeric=np.stack(columns, axis=1).astype(np.float32) if columns else np.zeros((rows, 0), np.float32),
        numeric_names=tuple(numeric),
        fields=tuple(fields),
        unseen=unseen,
    )


def _categories(card: Card, table: pa.Table) -> dict[str, tuple[Hashes, Offsets]]:
    return {
        name: (stable_hash(table[name], name), None)
        if (separator := card.data.columns[name].separator) is None
        else _parts(table[name], name, separator)
        for name in card.features.categorical
    }


def _parts(column: pa.ChunkedArray, name: str, separator: str) -> tuple[Hashes, Offsets]:
    """The hashes of the parts of texts; a missing or empty text has none, and an empty part is none."""
    lists = pc.split_pattern(column.combine_chunks(), separator)
    parts, rows = pc.list_flatten(lists), pc.list_parent_indices(lists)
    kept = pc.greater(pc.binary_length(parts), 0)
    counts = np.bincount(rows.filter(kept).to_numpy(), minlength=len(column))
    return stable_hash(pa.chunked_array([parts.filter(kept)]), name), np.append(0, np.cumsum(counts))


def _crosses(card: Card, hashed: Mapping[str, tuple[Hashes, Offsets]]) -> dict[str, Hashes]:
    return {
        "*".join(names): reduce(cross, [hashed[name][0] for name in names]) for names in card.features.crosses
    }


def _field(
    card: Card,
    name: str,
    hashes: Hashes,
    codes: NDArray[np.int32],
    state: FeatureState,
    offsets: Offsets,
) -> Field:
    """Exact codes while the known values are no more than the buckets of the card, else the buckets."""
    known, buckets = len(state[f"{name}.known"]), 2**card.features.hash_bits
    if 0 < known <= buckets:
        return Field(name, known + 1, codes, offsets)
    return Field(name, buckets, bucket(hashes, card.features.hash_bits), offsets)


def _number(column: pa.ChunkedArray) -> NDArray[np.float32]:
    # Missing values come as NaN; what is too large for 32 bits becomes infinite, which models bound.
    with np.errstate(over="ignore"):
        return np.asarray(column.to_numpy(), np.float32)


def _clock(time: pa.ChunkedArray) -> dict[str, NDArray[np.float32]]:
    """The hour as a point on a circle, so that 23:59 lies beside 00:00."""
    micros = time.cast(pa.timestamp("us")).cast(pa.int64()).to_numpy()
    angle = (micros % 86_400_000_000) * (2 * np.pi / 86_400_000_000)
    return {"time.sin": np.sin(angle).astype(np.float32), "time.cos": np.cos(angle).astype(np.float32)}


def _codes(hashes: Hashes, known: Hashes) -> NDArray[np.int32]:
    """1 + the place among the sorted ones that are known, 0 for others."""
    if not len(known):
        return np.zeros(len(hashes), np.int32)
    # `searchsorted` gives the length for what lies beyond the last one.
    place = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
    return np.where(known[place] == hashes, place + 1, 0).astype(np.int32)
