"""Which rows belong to one request."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def value_codes(values: pa.ChunkedArray) -> NDArray[np.int64]:
    """Equal numbers for equal values, int64 [rows], from 0 as they appear; a missing value is a value too."""
    # Its chunks share one dictionary; put together first, texts beyond 2 GB would be too long for one array.
    encoded = values.dictionary_encode(null_encoding="encode")
    parts = [np.asarray(chunk.indices.to_numpy(), np.int64) for chunk in encoded.chunks]
    return np.concatenate([np.zeros(0, np.int64), *parts])


def request_codes(table: pa.Table, request: str | None) -> NDArray[np.int64]:
    """Equal numbers for the rows of one request, [rows]; without a request column each row is one."""
    if request is None:
        return np.arange(table.num_rows)
    return value_codes(table[request])


def request_bounds(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """First row of each run of equal numbers and, last, the number of rows, [requests + 1]."""
    # -1 is no request's number, so the first row begins a run.
    bounds: NDArray[np.int64] = np.r_[np.flatnonzero(np.diff(groups, prepend=-1)), len(groups)]
    return bounds
