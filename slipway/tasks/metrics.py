"""Metrics of probabilities against outcomes, each with an interval over resampled units."""

import numpy as np
from numpy.typing import NDArray

from slipway.records.evidence import Bin, Interval

CLIP = 1e-15
"""Probabilities are kept this far from 0, whose logarithm is infinite, and from 1, whose loss would be 0."""
BINS = 10


def log_loss_terms(scores: NDArray[np.float64], labels: NDArray[np.int8]) -> NDArray[np.float64]:
    """Minus the log likelihood of each row, in nats, [rows]; scores are clipped to [1e-15, 1 - 1e-15].

    A score that is no number counts as the worst one. No loss is zero, so that ratios of losses are defined.
    """
    of_label = np.where(labels == 1, scores, 1.0 - scores)
    loss: NDArray[np.float64] = -np.log(np.clip(np.nan_to_num(of_label, nan=0.0), CLIP, 1 - CLIP))
    return loss


def auc(
    scores: NDArray[np.float64], labels: NDArray[np.int8], units: NDArray[np.int64], confidence: float
) -> Interval:
    """Area under the ROC curve with a normal interval that respects units.

    The variance sums DeLong's structural components within each unit before squaring (DeLong,
    DeLong and Clarke-Pearson, Biometrics 44, 1988; Obuchowski, Nonparametric analysis of clustered ROC curve
    data, Biometrics 53, 1997).
    """
    found = _area(scores, labels == 1)
    return _share_of_units(*found, units, confidence) if found else UNKNOWN


def auc_of_classes(
    scores: NDArray[np.float64], labels: NDArray[np.int64], units: NDArray[np.int64], confidence: float
) -> Interval:
    """The mean over classes of the AUC of one class against the rest, with an interval as that of `auc`.

    Args:
        scores: [rows, classes].
        labels: int64 [rows]; places of classes.
        units: int64 [rows]; whose each row is, from 0.
        confidence: of the interval.
    """
    found = [_area(scores[:, place], labels == place) for place in range(scores.shape[1])]
    known = [one for one in found if one]
    if len(known) < len(found):
        return UNKNOWN
    value = float(np.mean([area for area, _ in known]))
    # Averaged row by row before the variance is taken, for a row moves the areas of all classes at once.
    return _share_of_units(value, np.mean([influence for _, influence in known], axis=0), units, confidence)


UNKNOWN = Interval(value=0.5, low=0.0, high=1.0)
"""The AUC of one class alone, or of scores that are no numbers: so wide that it meets no bound."""


def _area(
    scores: NDArray[np.float64], positive: NDArray[np.bool_]
) -> tuple[float, NDArray[np.float64]] | None:
    """The AUC and by how much each row moves it; None for one class or scores that are no numbers."""
    from scipy.stats import rankdata

    positives, negatives = int(positive.sum()), int((~positive).sum())
    if not positives or not negatives or not np.isfinite(scores).all():
        return None
    # A rank among all less that among its own class counts the rows of the other class below it, ties half.
    ranks = rankdata(scores)
    component = np.empty(len(scores))
    component[positive] = (ranks[positive] - rankdata(scores[positive])) / negatives
    component[~positive] = 1 - (ranks[~positive] - rankdata(scores[~positive])) / positives
    value = float(component[positive].mean())
    return value, (component - value) / np.where(positive, positives, negatives)


def _share_of_units(
    value: float, influence: NDArray[np.float64], units: NDArray[np.int64], confidence: float
) -> Interval:
    from scipy.stats import norm

    deviation = float(np.sqrt((np.bincount(units, influence) ** 2).sum()))
    half = float(norm.ppf((1 + confidence) / 2)) * deviation
    return Interval(value=value, low=max(0.0, value - half), high=min(1.0, value + half))


def calibration_curve(scores: NDArray[np.float64], labels: NDArray[np.int8], confidence: float) -> list[Bin]:
    """Rows in ten bins of equal size by score; the observed rate has Wilson's interval (JASA 22, 1927)."""
    # Stable, so that rows of one score fall into the same bins each time.
    order = np.argsort(scores, kind="stable")
    bins = []
    for part in np.array_split(order, BINS):
        if not len(part):  # fewer rows than bins
            continue
        rows, hits = len(part), int(labels[part].sum())
        bins.append(
            Bin(
                rows=rows,
                # JSON has no NaN; that there are such scores is told by `finite`.
                predicted=float(np.nan_to_num(scores[part]).mean()),
                observed=wilson(hits, rows, confidence),
            )
        )
    return bins


def wilson(hits: int, rows: int, confidence: float) -> Interval:
    """A rate with Wilson's score interval, which is not empty for a rate of 0 or 1 either."""
    from scipy.stats import norm

    z = float(norm.ppf((1 + confidence) / 2))
    rate = hits / rows
    centre = (rate + z * z / (2 * rows)) / (1 + z * z / rows)
    half = z / (1 + z * z / rows) * np.sqrt(rate * (1 - rate) / rows + z * z / (4 * rows * rows))
    return Interval(value=rate, low=max(0.0, centre - half), high=min(1.0, centre + half))


def means_by_score(scores: NDArray[np.float64], labels: NDArray[np.float64], confidence: float) -> list[Bin]:
    """Rows in ten bins of equal size by score; the mean label has a normal interval."""
    from scipy.stats import norm

    z = float(norm.ppf((1 + confidence) / 2))
    bins = []
    for part in np.array_split(np.argsort(scores, kind="stable"), BINS):
        if not len(part):
            continue
        mean = float(labels[part].mean())
        half = z * float(labels[part].std(ddof=1)) / np.sqrt(len(part)) if len(part) > 1 else np.inf
        observed = Interval(value=mean, low=mean - half, high=mean + half)
        predicted = float(np.nan_to_num(scores[part], posinf=0.0, neginf=0.0).mean())
        bins.append(Bin(rows=len(part), predicted=predicted, observed=observed))
    return bins
