"""Categories as numbers that stay the same on every machine and in every process."""

from functools import lru_cache
from hashlib import blake2b
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

MISSING = "\0missing"
"""In place of a missing value; rows whose text holds a NUL are refused, so no value is equal to it."""
FEW = 64
"""Up to so many rows, a request and not a table, the plain loop is quicker than Arrow's encoding."""


def stable_hash(column: pa.ChunkedArray, salt: str) -> NDArray[np.uint64]:
    """64-bit hashes of a column's values, missing ones included, salted by e.g. the column's name.

    Only distinct values are hashed (BLAKE2b), so the cost follows the vocabulary, not the rows.
    """
    # Only types whose text is the same in Python and in Arrow, so that both ways give the same hash.
    if len(column) <= FEW and (pa.types.is_integer(column.type) or pa.types.is_string(column.type)):
        values = column.to_pylist()
        return np.array([_remembered(_text(value), salt) for value in values], np.uint64)
    encoded = pc.fill_null(column.cast(pa.string()), MISSING).combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    distinct = [_hash(value, salt) for value in encoded.dictionary.to_pylist()]
    hashes: NDArray[np.uint64] = np.array(distinct, np.uint64)[encoded.indices.to_numpy()]
    return hashes


def _text(value: Any) -> str:
    return MISSING if value is None else str(value)


def _hash(value: str, salt: str) -> int:
    # BLAKE2b takes a key of at most 64 bytes.
    digest = blake2b(value.encode(), digest_size=8, key=salt.encode()[:64]).digest()
    return int.from_bytes(digest, "little")


# Bounded, for requests may bring new values without end.
_remembered = lru_cache(maxsize=2**16)(_hash)


def cross(left: NDArray[np.uint64], right: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The hash of two categories taken together (boost's hash_combine, 64 bit)."""
    golden = np.uint64(0x9E3779B97F4A7C15)
    mixed = left ^ (right + golden + (left << np.uint64(6)) + (left >> np.uint64(2)))
    # `bucket` takes the upper bits, which a product mixes best.
    return np.asarray(mixed * golden, dtype=np.uint64)


def bucket(hashes: NDArray[np.uint64], bits: int) -> NDArray[np.int32]:
    """The upper `bits` bits: a bucket in [0, 2**bits)."""
    return (hashes >> np.uint64(64 - bits)).astype(np.int32)
