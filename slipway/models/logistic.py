"""Logistic regression on hashed categories: the simplest baseline, served from two arrays."""

from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from slipway.models.interface import Params
from slipway.settings.model import LogisticParams
from slipway.system import Inputs


class Logistic:
    """One weight per bucket and column, one per standardised number."""

    def __init__(
        self,
        bucket_weights: NDArray[np.float32],
        numeric: NDArray[np.float64],
    ) -> None:
        """Take the learned arrays.

        Args:
            bucket_weights: float32 [columns, bucket_count].
            numeric: float64 [3, numbers + 1]: mean, scale and weight of each number; the last
                column's weight is the intercept.
        """
        self.bucket_weights = bucket_weights
        self.numeric = numeric

    @classmethod
    def fit(
        cls,
        train: Inputs,
        labels: NDArray[np.int8],
        validation: Inputs,
        validation_labels: NDArray[np.int8],
        params: Params,
        seed: int,
    ) -> Self:
        """Maximise the L2-penalised likelihood (L-BFGS); `params` has `c`, the inverse penalty."""
        from scipy import sparse
        from sklearn.linear_model import LogisticRegression
        from threadpoolctl import threadpool_limits

        chosen = LogisticParams.model_validate(params)
        mean, scale = _moments(train.numeric)
        rows, columns = train.buckets.shape
        offsets = np.arange(columns, dtype=np.int64) * train.bucket_count
        hashed = sparse.csr_matrix(
            (
                np.ones(rows * columns, np.float64),
                (train.buckets + offsets).ravel(),
                np.arange(rows + 1) * columns,
            ),
            shape=(rows, columns * train.bucket_count),
        )
        used = np.flatnonzero(hashed.getnnz(axis=0))
        dense = _standardised(train.numeric, mean, scale)
        design = sparse.hstack([hashed[:, used], sparse.csr_matrix(dense)], format="csr")
        model = LogisticRegression(C=chosen.c, max_iter=chosen.max_iter)
        with threadpool_limits(1):  # on shared cores, threads that wait in turn take ten times as long
            model.fit(design, labels)
        weights = np.zeros(columns * train.bucket_count, np.float32)
        weights[used] = model.coef_[0, : len(used)]
        numeric = np.stack(
            [
                np.append(mean, 0.0),
                np.append(scale, 1.0),
                np.append(model.coef_[0, len(used) :], model.intercept_[0]),
            ]
        )
        return cls(weights.reshape(columns, train.bucket_count), numeric)

    def scores(self, inputs: Inputs) -> NDArray[np.float64]:
        """The logistic function of the sum of the weights."""
        mean, scale, weight = self.numeric
        logit = _standardised(inputs.numeric, mean[:-1], scale[:-1]) @ weight[:-1] + weight[-1]
        columns = np.arange(self.bucket_weights.shape[0])
        logit = logit + self.bucket_weights[columns, inputs.buckets].sum(axis=1, dtype=np.float64)
        return np.asarray(1.0 / (1.0 + np.exp(-logit)), dtype=np.float64)

    def save(self, folder: Path) -> None:
        """Two .npy files."""
        np.save(folder / "bucket_weights.npy", self.bucket_weights, allow_pickle=False)
        np.save(folder / "numeric.npy", self.numeric, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the two arrays."""
        return cls(
            np.load(folder / "bucket_weights.npy", allow_pickle=False),
            np.load(folder / "numeric.npy", allow_pickle=False),
        )


def _moments(numeric: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    known = np.isfinite(numeric)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, numeric, 0).sum(axis=0, dtype=np.float64) / count
    variance = (np.where(known, numeric - mean, 0) ** 2).sum(axis=0, dtype=np.float64) / count
    scale = np.sqrt(variance)
    return mean, np.where(scale > 0, scale, 1.0)


def _standardised(
    numeric: NDArray[np.float32], mean: NDArray[np.float64], scale: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Unknown values become the mean; outliers end at eight deviations, so that none decides alone."""
    scaled = (numeric - mean) / scale
    return np.clip(np.where(np.isfinite(numeric), scaled, 0.0), -8.0, 8.0)
