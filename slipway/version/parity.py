"""Whether a served copy gives the scores of training."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def column(scores: NDArray[np.float64]) -> pa.Array:
    """Scores of the sample as a column: numbers, or a list of as many for each row."""
    if scores.ndim == 1:
        return pa.array(scores)
    return pa.FixedSizeListArray.from_arrays(pa.array(scores.ravel()), scores.shape[1])


def scores_of(column: pa.ChunkedArray) -> NDArray[np.float64]:
    """The same as an array, [rows] or [rows, k]."""
    if not pa.types.is_fixed_size_list(column.type):
        return np.asarray(column.to_numpy(), np.float64)
    values = column.combine_chunks().flatten().to_numpy()
    return np.asarray(values, np.float64).reshape(len(column), column.type.list_size)


def differences(served: NDArray[np.float64], trained: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far each score lies from that of training: absolute up to 1, relative to it above 1.

    What lies within 1 is compared as it is; a label in thousands cannot be held to a millionth of its unit.
    """
    found: NDArray[np.float64] = np.abs(served - trained) / np.maximum(1.0, np.abs(trained))
    return found
