"""Columns of a table to model inputs, as a design card lists them: the part that most systems share."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from slipway.settings import Card
from slipway.system.hashing import bucket, cross, stable_hash
from slipway.system.interface import FeatureState, Inputs

Value = TypeVar("Value", bound=np.generic)

VOCABULARY = 255
"""Most frequent values of a category that get a code of their own; LightGBM's bins hold as many."""

Numbers = Mapping[str, NDArray[np.float32]]
"""Columns of numbers by name, float32 [rows] each; NaN where unknown."""


def fit(card: Card, train: pa.Table) -> FeatureState:
    """Per categorical column: its values, the most frequent of them, and how often each bucket occurred.

    Values are kept as sorted 64-bit hashes, 8 bytes each: half a megabyte for 64,000 users.
    """
    state: dict[str, NDArray[np.generic]] = {}
    for name in card.features.categorical:
        hashes = stable_hash(train[name], name)
        values, counts = np.unique(hashes, return_counts=True)
        top = np.sort(values[np.argsort(-counts, kind="stable")[:VOCABULARY]])
        buckets = bucket(hashes, card.features.hash_bits)
        frequency = np.bincount(buckets, minlength=2**card.features.hash_bits)
        state[f"{name}.known"] = values
        state[f"{name}.vocabulary"] = top
        state[f"{name}.frequency"] = np.log1p(frequency).astype(np.float32)
    return state


def transform(card: Card, requests: pa.Table, state: FeatureState, more: Numbers | None = None) -> Inputs:
    """Numeric columns, frequencies and the time of day; categories as codes and as hashed buckets.

    Args:
        card: its `features` section says which columns are what.
        requests: one row per option.
        state: what `fit` learned.
        more: numbers of the system's own, row by row as the requests.
    """
    hashes = {name: stable_hash(requests[name], name) for name in card.features.categorical}
    single = {name: bucket(values, card.features.hash_bits) for name, values in hashes.items()}
    numeric = {name: _number(requests[name]) for name in card.features.numeric}
    numeric |= {f"{name}.frequency": state[f"{name}.frequency"][single[name]] for name in single}
    if card.features.time_of_day:
        numeric |= _clock(requests[card.data.required("time")])
    numeric |= more or {}
    rows = requests.num_rows
    unseen = [~_known(hashes[name], state[f"{name}.known"])[1] for name in hashes]
    return Inputs(
        numeric=_columns(list(numeric.values()), rows, np.float32),
        codes=_columns([_code(hashes[name], state[f"{name}.vocabulary"]) for name in hashes], rows, np.int32),
        buckets=_columns([*single.values(), *_crosses(card, hashes)], rows, np.int32),
        unseen=np.asarray(_columns(unseen, rows, np.bool_).any(axis=1)),
        numeric_names=tuple(numeric),
        code_names=tuple(hashes),
        bucket_count=2**card.features.hash_bits,
    )


def _crosses(card: Card, hashes: Mapping[str, NDArray[np.uint64]]) -> list[NDArray[np.int32]]:
    crossed = []
    for names in card.features.crosses:
        combined = hashes[names[0]]
        for name in names[1:]:
            combined = cross(combined, hashes[name])
        crossed.append(bucket(combined, card.features.hash_bits))
    return crossed


def _number(column: pa.ChunkedArray) -> NDArray[np.float32]:
    return np.asarray(column.to_numpy(), np.float32)  # missing values come as NaN


def _clock(time: pa.ChunkedArray) -> dict[str, NDArray[np.float32]]:
    """The hour as a point on a circle, so that 23:59 lies beside 00:00."""
    micros = time.cast(pa.timestamp("us")).cast(pa.int64()).to_numpy()
    angle = (micros % 86_400_000_000) * (2 * np.pi / 86_400_000_000)
    return {"time.sin": np.sin(angle).astype(np.float32), "time.cos": np.cos(angle).astype(np.float32)}


def _code(hashes: NDArray[np.uint64], vocabulary: NDArray[np.uint64]) -> NDArray[np.int32]:
    """1 + position in the vocabulary, 0 for values outside it."""
    place, inside = _known(hashes, vocabulary)
    return np.where(inside, place + 1, 0).astype(np.int32)


def _known(
    hashes: NDArray[np.uint64], known: NDArray[np.uint64]
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Where each hash stands, or would, among the sorted ones that are known, and whether it does."""
    place = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
    return place, known[place] == hashes


def _columns(columns: Sequence[NDArray[Value]], rows: int, kind: type[Value]) -> NDArray[Value]:
    return np.stack(columns, axis=1).astype(kind) if columns else np.zeros((rows, 0), kind)
