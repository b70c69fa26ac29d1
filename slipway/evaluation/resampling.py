"""Paired bootstrap over units: metrics are functions of per-unit sums, resampled with one set of weights."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from slipway.records.evidence import Interval

CHUNK = 50
"""Resamples drawn at once; bounds the memory to CHUNK x units numbers."""


def unit_sums(terms: NDArray[np.float64], units: NDArray[np.int64]) -> NDArray[np.float64]:
    """Sum the rows of each unit.

    Args:
        terms: [rows, k].
        units: [rows]; codes 0 .. u-1.

    Returns:
        [u, k].
    """
    count = int(units.max()) + 1 if len(units) else 0
    return np.stack([np.bincount(units, column, count) for column in terms.T], axis=1)


def resample(sums: NDArray[np.float64], resamples: int, seed: int) -> NDArray[np.float64]:
    """Totals of every resample of the units.

    Poisson bootstrap: each unit is drawn Poisson(1) times, which for many units is the multinomial
    bootstrap (Hanley and MacGibbon, Creating non-parametric bootstrap samples using Poisson frequencies,
    Computer Methods and Programs in Biomedicine 83, 2006).

    Args:
        sums: [units, k]; of all rows of each unit.
        resamples: how many totals to draw.

    Returns:
        [1 + resamples, k]; the first row holds the totals of the sample itself.
    """
    generator = np.random.default_rng(seed)
    totals = [sums.sum(axis=0, keepdims=True)]
    for start in range(0, resamples, CHUNK):
        size = (min(CHUNK, resamples - start), len(sums))
        # One draw weighs all metrics, so that what is compared is paired within each resample.
        totals.append(generator.poisson(1.0, size).astype(np.float64) @ sums)
    return np.concatenate(totals)


def interval(values: NDArray[np.float64], confidence: float) -> Interval:
    """The value of the sample (first) with the percentile interval of its resamples (the rest).

    A resample in which the metric is undefined is left out; where none is left the interval is the whole
    line, so that no rule can take it for evidence.

    Args:
        values: [1 + resamples].
        confidence: such as 0.95.
    """
    sample, rest = float(values[0]), values[1:][np.isfinite(values[1:])]
    if not len(rest):
        return Interval(value=sample, low=-np.inf, high=np.inf)
    low, high = np.quantile(rest, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(value=sample, low=float(low), high=float(high))


def simultaneous(values: NDArray[np.float64], confidence: float, among: int) -> Interval:
    """Like `interval`, for one of several that are all to hold together with the confidence.

    The error is divided by their number, whatever their dependence (Dunn, Multiple comparisons among means,
    JASA 56, 1961). So far out in the tail a few hundred resamples have no quantile: the interval is normal,
    with the deviation of the resamples.

    Args:
        values: the sample's value first, then those of its resamples.
        among: how many intervals there are.
    """
    sample, rest = float(values[0]), values[1:][np.isfinite(values[1:])]
    if not len(rest):
        return Interval(value=sample, low=-np.inf, high=np.inf)
    # The quantile of the whole family, and the spread of this one.
    half = float(norm.ppf(1 - (1 - confidence) / 2 / among) * rest.std())
    return Interval(value=sample, low=sample - half, high=sample + half)
