"""A weight for each value of each field and for each standardised number: what linear models share."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from slipway.models.inputs import Field, Inputs

WEIGHTS, NUMERIC, STARTS = "weights.npy", "numeric.npy", "starts.npy"
FILES = frozenset({WEIGHTS, NUMERIC, STARTS})


@dataclass(frozen=True)
class Design:
    """Inputs as one sparse matrix: first a column for each value that occurs in training, then the numbers.

    Attributes:
        matrix: CSR, float64 [rows, used + numbers].
        used: int64 [used]; the values that have a column, counted over all fields.
        starts: int64 [fields + 1]; where the values of each field begin in that count.
        moments: float64 [2, numbers]; mean and scale of each number.
    """

    matrix: Any
    used: NDArray[np.int64]
    starts: NDArray[np.int64]
    moments: NDArray[np.float64]

    @classmethod
    def of(cls, inputs: Inputs) -> Self:
        """Lay out the training rows."""
        from scipy import sparse

        starts = np.append(0, np.cumsum([field.cardinality for field in inputs.fields])).astype(np.int64)
        moments = _moments(inputs.numeric)
        dense = sparse.csr_matrix(_standardised(inputs.numeric, moments))
        # `hstack` takes no empty list, and a card may have no categories.
        none = sparse.csr_matrix((len(inputs.numeric), 0))
        values = sparse.hstack([none, *map(_indicators, inputs.fields)], format="csr")
        # A value that training never saw would only get the weight 0 of the penalty.
        used = np.flatnonzero(values.getnnz(axis=0))
        matrix = sparse.hstack([values[:, used], dense], format="csr")
        return cls(matrix, used, starts, moments)

    def learned(self, coefficients: NDArray[np.float64], intercept: NDArray[np.float64]) -> "Linear":
        """The model of coefficients [outputs, used + numbers] and an intercept [outputs]."""
        weights = np.zeros((self.starts[-1], len(intercept)), np.float32)
        weights[self.used] = coefficients[:, : len(self.used)].T
        # The intercept is a last number of mean 0 and scale 1, so that one array holds all of it.
        slopes = np.concatenate([coefficients[:, len(self.used) :].T, intercept[None]])
        moments = np.concatenate([self.moments, [[0.0], [1.0]]], axis=1)
        return Linear(weights, np.concatenate([moments, slopes.T]), self.starts)


@dataclass(frozen=True)
class Linear:
    """Learned weights.

    A field adds the mean of its values' weights and not their sum: a film of six genres lies no further out
    for being described at length, and one penalty fits fields of one value and of many.

    Attributes:
        weights: float32 [values of all fields, outputs].
        numeric: float64 [2 + outputs, numbers + 1]: mean, scale and slopes of each number; the last column's
            slopes are the intercepts.
        starts: int64 [fields + 1]; where the weights of each field begin.
    """

    weights: NDArray[np.float32]
    numeric: NDArray[np.float64]
    starts: NDArray[np.int64]

    def values(self, inputs: Inputs) -> NDArray[np.float64]:
        """The weighted sums, float64 [rows, outputs]."""
        slopes = self.numeric[2:].T
        total = _standardised(inputs.numeric, self.numeric[:2, :-1]) @ slopes[:-1] + slopes[-1]
        for field, start, stop in zip(inputs.fields, self.starts[:-1], self.starts[1:], strict=True):
            total += field.mean(self.weights[start:stop])
        return np.asarray(total, dtype=np.float64)

    def save(self, folder: Path) -> None:
        """Three .npy files."""
        for name, array in ((WEIGHTS, self.weights), (NUMERIC, self.numeric), (STARTS, self.starts)):
            np.save(folder / name, array, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the three arrays."""
        return cls(*(np.load(folder / name, allow_pickle=False) for name in (WEIGHTS, NUMERIC, STARTS)))


def _indicators(field: Field) -> Any:
    """A row's values as equal shares of 1, CSR [rows, cardinality]."""
    from scipy import sparse

    counts = field.counts
    shares = np.repeat(1.0 / np.maximum(counts, 1), counts)
    bounds = np.append(0, np.cumsum(counts))
    return sparse.csr_matrix((shares, field.values, bounds), shape=(len(counts), field.cardinality))


def _moments(numeric: NDArray[np.float32]) -> NDArray[np.float64]:
    known = np.isfinite(numeric)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, numeric, 0).sum(axis=0, dtype=np.float64) / count
    variance = (np.where(known, numeric - mean, 0) ** 2).sum(axis=0, dtype=np.float64) / count
    scale = np.sqrt(variance)
    # A constant is divided by 1: it becomes 0 and has no effect.
    return np.stack([mean, np.where(scale > 0, scale, 1.0)])


def _standardised(numeric: NDArray[np.float32], moments: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unknown values become the mean; outliers end at eight deviations, so that none decides alone."""
    mean, scale = moments
    return np.clip(np.where(np.isfinite(numeric), (numeric - mean) / scale, 0.0), -8.0, 8.0)
