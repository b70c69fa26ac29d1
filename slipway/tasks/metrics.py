"""Metrics of probabilities against outcomes, each with an interval over resampled units."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, rankdata

from slipway.records.evidence import CalibrationBin, Interval

CLIP = 1e-15
BINS = 10


def log_loss_terms(scores: NDArray[np.float64], labels: NDArray[np.int8]) -> NDArray[np.float64]:
    """Minus the log likelihood of each row, in nats, [rows]; scores are clipped to [1e-15, 1 - 1e-15].

    A score that is no number counts as the worst one. No loss is zero, so that ratios of losses are defined.
    """
    of_label = np.where(labels == 1, scores, 1.0 - scores)
    loss: NDArray[np.float64] = -np.log(np.clip(np.nan_to_num(of_label, nan=0.0), CLIP, 1 - CLIP))
    return loss


def entropy(rate: NDArray[np.float64]) -> NDArray[np.float64]:
    """Entropy of a base rate in nats: the log loss of always predicting it."""
    rate = np.asarray(np.clip(rate, CLIP, 1 - CLIP), np.float64)
    return -rate * np.log(rate) - (1 - rate) * np.log(1 - rate)


def auc(
    scores: NDArray[np.float64], labels: NDArray[np.int8], units: NDArray[np.int64], confidence: float
) -> Interval:
    """Area under the ROC curve with a normal interval that respects units.

    The variance sums DeLong's structural components within each unit before squaring (DeLong,
    DeLong and Clarke-Pearson, Biometrics 44, 1988; Obuchowski, Nonparametric analysis of clustered ROC curve
    data, Biometrics 53, 1997).
    """
    # Undefined for one class or for scores that are no numbers: then nothing is known.
    positive = labels == 1
    positives, negatives = int(positive.sum()), int((~positive).sum())
    if not positives or not negatives or not np.isfinite(scores).all():
        return Interval(value=0.5, low=0.0, high=1.0)
    ranks = rankdata(scores)
    component = np.empty(len(scores))
    component[positive] = (ranks[positive] - rankdata(scores[positive])) / negatives
    component[~positive] = 1 - (ranks[~positive] - rankdata(scores[~positive])) / positives
    value = float(component[positive].mean())
    influence = (component - value) / np.where(positive, positives, negatives)
    deviation = float(np.sqrt((np.bincount(units, influence) ** 2).sum()))
    half = float(norm.ppf((1 + confidence) / 2)) * deviation
    return Interval(value=value, low=max(0.0, value - half), high=min(1.0, value + half))


def calibration_curve(
    scores: NDArray[np.float64], labels: NDArray[np.int8], confidence: float
) -> list[CalibrationBin]:
    """Rows in ten bins of equal size by score; the observed rate has Wilson's interval (JASA 22, 1927)."""
    order = np.argsort(scores, kind="stable")
    bins = []
    for part in np.array_split(order, BINS):
        if not len(part):
            continue
        rows, hits = len(part), int(labels[part].sum())
        bins.append(
            CalibrationBin(
                rows=rows,
                predicted=float(np.nan_to_num(scores[part]).mean()),
                observed=wilson(hits, rows, confidence),
            )
        )
    return bins


def wilson(hits: int, rows: int, confidence: float) -> Interval:
    """A rate with Wilson's score interval."""
    z = float(norm.ppf((1 + confidence) / 2))
    rate = hits / rows
    centre = (rate + z * z / (2 * rows)) / (1 + z * z / rows)
    half = z / (1 + z * z / rows) * np.sqrt(rate * (1 - rate) / rows + z * z / (4 * rows * rows))
    return Interval(value=rate, low=max(0.0, centre - half), high=min(1.0, centre + half))
