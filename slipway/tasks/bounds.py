"""Bounds that a perfect model keeps on a holdout of a size: pure functions."""

import math

NORMAL = 1.96
"""Standard errors to either side of an interval that holds 95 % of what may come."""
CALIBRATION = (0.9, 1.1)
BIAS = (-0.1, 0.1)
"""Where the holdout is large enough."""


def of_calibration(rows: int, positives: float) -> tuple[float, float]:
    """Bounds of a ratio of means that a perfect model keeps 95 times in 100, never tighter than 0.9 to 1.1.

    The mean label of n independent rows has the relative standard error s = sqrt((1 - p) / (n p)), and so has
    the ratio of mean prediction to mean label. The gate asks that its whole 95 % interval lies inside. The
    ratio itself is up to r = 1.96 s away from 1; from there to the interval's end, where a resample draws few
    positive labels, it is at most -log(1 - r) = r + r^2 / 2 + ... on the log scale: 2 r + r^2 / 2 together.

    Simulated with the gate's intervals, a perfect model keeps it in 93 to 97 % of the cases at 12 to 300 such
    labels, in 80 % at 8 and in 66 % at 6, where the intervals reach less far than the truth lies away.

    Args:
        positives: rows with the label 1; of several classes, those of the most frequent one.
    """
    if not positives:
        return CALIBRATION  # the metric is undefined, which passes no bound
    error = math.sqrt((1 - positives / rows) / positives)
    half = 2 * NORMAL * error + (NORMAL * error) ** 2 / 2
    if half <= math.log(CALIBRATION[1]):
        return CALIBRATION
    return max(math.floor(100 * math.exp(-half)), 1) / 100, math.ceil(100 * math.exp(half)) / 100


def of_bias(rows: int) -> tuple[float, float]:
    """Bounds that a model without bias keeps 95 times in 100, in mean deviations of the label.

    The mean error of n independent rows has the standard error s / sqrt(n), s being at most the deviation of
    the label, 1.25 mean deviations where it is normal. The mean is up to 1.96 of these away from 0, and its
    interval reaches as far again.
    """
    half = 2 * NORMAL * 1.25 / math.sqrt(rows)
    if half <= BIAS[1]:
        return BIAS
    return -math.ceil(100 * half) / 100, math.ceil(100 * half) / 100
