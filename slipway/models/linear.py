"""A weight for each value of each field and for each standardised number: what linear models share.

Nothing is extrapolated. A number counts as the nearest end of its range in training, an infinite one too, and
a missing one as the mean; a value of a field that training never saw has the weight 0, or that of the known
value which is nearest to it, which of classes it always has. So a score lies within what known values give,
each input by itself; a category's value and how often it occurred are two.
"""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from slipway.base.errors import SlipwayError
from slipway.models import arrays
from slipway.models.inputs import Field, Inputs

WEIGHTS, NUMERIC, STARTS, RANGES = "weights.npy", "numeric.npy", "starts.npy", "ranges.npy"
FILES = frozenset({WEIGHTS, NUMERIC, STARTS, RANGES})


@dataclass(frozen=True)
class Design:
    """Inputs as one sparse matrix: first a column for each value that occurs in training, then the numbers.

    Attributes:
        matrix: CSR, float64 [rows, used + numbers].
        used: int64 [used]; the values that have a column, counted over all fields.
        starts: int64 [fields + 1]; where the values of each field begin in that count.
        moments: float64 [2, numbers]; mean and scale of each number.
        ranges: float64 [2, numbers]; the least and the largest of each number.
    """

    matrix: Any
    used: NDArray[np.int64]
    starts: NDArray[np.int64]
    moments: NDArray[np.float64]
    ranges: NDArray[np.float64]

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
        return cls(matrix, used, starts, moments, _ranges(inputs.numeric))

    def learned(self, coefficients: NDArray[np.float64], intercept: NDArray[np.float64]) -> "Linear":
        """The model of coefficients [outputs, used + numbers] and an intercept [outputs]."""
        weights = np.zeros((self.starts[-1], len(intercept)), np.float32)
        weights[self.used] = coefficients[:, : len(self.used)].T
        for start, stop in pairwise(self.starts):
            known = self.used[(start <= self.used) & (self.used < stop)]
            if len(known):
                unseen = np.setdiff1d(np.arange(start, stop), known)
                weights[unseen] = _of_unseen(weights[known])
        # The intercept is a last number of mean 0 and scale 1, so that one array holds all of it.
        slopes = np.concatenate([coefficients[:, len(self.used) :].T, intercept[None]])
        moments = np.concatenate([self.moments, [[0.0], [1.0]]], axis=1)
        return Linear(weights, np.concatenate([moments, slopes.T]), self.starts, self.ranges)


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
        ranges: float64 [2, numbers]; the least and the largest of each number in training.
    """

    weights: NDArray[np.float32]
    numeric: NDArray[np.float64]
    starts: NDArray[np.int64]
    ranges: NDArray[np.float64]

    def values(self, inputs: Inputs) -> NDArray[np.float64]:
        """The weighted sums, float64 [rows, outputs]."""
        self._require_fit(inputs)
        slopes = self.numeric[2:].T
        inside = np.clip(inputs.numeric, *self.ranges)
        total = _standardised(inside, self.numeric[:2, :-1]) @ slopes[:-1] + slopes[-1]
        for field, (start, stop) in zip(inputs.fields, pairwise(self.starts), strict=True):
            total += field.mean(self.weights[start:stop])
        return np.asarray(total, dtype=np.float64)

    def _require_fit(self, inputs: Inputs) -> None:
        found = inputs.numeric.shape[1], [field.cardinality for field in inputs.fields]
        known = self.ranges.shape[1], [stop - start for start, stop in pairwise(self.starts.tolist())]
        if found != known:
            told = (
                f"{numbers} numbers and fields of {fields[:20]} values" for numbers, fields in (known, found)
            )
            raise SlipwayError(
                f"the model has weights of {', the inputs have '.join(told)}"
            )  # guard model.fit

    def save(self, folder: Path) -> None:
        """Four .npy files."""
        np.save(folder / WEIGHTS, self.weights, allow_pickle=False)
        np.save(folder / NUMERIC, self.numeric, allow_pickle=False)
        np.save(folder / STARTS, self.starts, allow_pickle=False)
        np.save(folder / RANGES, self.ranges, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the arrays; a model from before ranges were kept has none, and scores as it did.

        Raises:
            SlipwayError: one is not what `save` writes, or they do not fit each other.
        """
        weights, numeric, starts = (arrays.read_npy(folder / name) for name in (WEIGHTS, NUMERIC, STARTS))
        arrays.require(folder / WEIGHTS, "weights", weights, np.float32, None, None)
        outputs = weights.shape[1]
        arrays.require(folder / NUMERIC, "numbers", numeric, np.float64, 2 + outputs, None)
        arrays.require_that(folder / NUMERIC, numeric.shape[1] > 0, "numbers: no column of intercepts")
        arrays.require_that(folder / NUMERIC, bool((numeric[1] > 0).all()), "numbers: a scale is not above 0")
        arrays.require(folder / STARTS, "starts", starts, np.int64, None)
        grows = len(starts) > 0 and starts[0] == 0 and starts[-1] == len(weights)
        grows = grows and bool((starts[1:] >= starts[:-1]).all())
        arrays.require_that(folder / STARTS, grows, f"starts: do not grow from 0 to {len(weights)} weights")
        numbers = numeric.shape[1] - 1
        if not (folder / RANGES).exists():
            # What was infinite counted as missing.
            largest = np.full(numbers, np.inf)
            return cls(weights, numeric, starts, np.stack([-largest, largest]))
        ranges = arrays.read_npy(folder / RANGES)
        arrays.require(folder / RANGES, "ranges", ranges, np.float64, 2, numbers)
        arrays.require_that(
            folder / RANGES, bool((ranges[0] <= ranges[1]).all()), "ranges: end before they begin"
        )
        return cls(weights, numeric, starts, ranges)


def _of_unseen(known: NDArray[np.float32]) -> NDArray[np.float32]:
    """What a value that training never saw weighs, [outputs], of the weights of known ones, [known, outputs].

    Of several outputs it is a known value's whole row: each class's share depends on all weights, so weights
    within the known ones, each by itself, may give a share beyond all known ones.
    """
    nearest = known[(known.astype(np.float64) ** 2).sum(axis=1).argmin()]
    between = np.clip(np.zeros_like(nearest), known.min(axis=0), known.max(axis=0))
    return np.asarray(between if known.shape[1] == 1 else nearest, np.float32)


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


def _ranges(numeric: NDArray[np.float32]) -> NDArray[np.float64]:
    """Of what is known; a number that is never known has the range from 0 to 0."""
    known = np.isfinite(numeric)
    # `initial` would be the answer for a column without rows.
    least = np.where(known, numeric, np.inf).min(axis=0, initial=np.inf)
    largest = np.where(known, numeric, -np.inf).max(axis=0, initial=-np.inf)
    return np.where(least <= largest, np.stack([least, largest]), 0.0).astype(np.float64)


def _standardised(numeric: NDArray[np.floating], moments: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unknown values become the mean; outliers end at eight deviations, so that none decides alone."""
    mean, scale = moments
    return np.clip(np.where(np.isfinite(numeric), (numeric - mean) / scale, 0.0), -8.0, 8.0)
