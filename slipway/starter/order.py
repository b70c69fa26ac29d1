"""Whole numbers whose order tells nothing of the label: ids that look like amounts.

With y the label, n_i rows and the mean m_i for the i-th of k values in their order, those of one unit being
one row, two estimates of how much the values' true means vary are compared:

- among all values: (sum n_i (m_i - m)^2 - (k - 1) s^2) / (n - sum n_i^2 / n), the estimate of a variance
  component in a one-way layout (Searle, Casella and McCulloch, Variance Components, 1992), s^2 being the
  variance of y within values;
- between neighbours, in pairs that share none: (sum w d^2 - p s^2) / (2 sum w) over the p pairs, d being the
  difference of two means and w = n_i n_j / (n_i + n_j).

Their ratio is von Neumann's (Annals of Mathematical Statistics 12, 1941), freed of the noise of the means:
near 0 where the label is a smooth function of the number, near 1 where neighbours have no more in common than
any two values. Pairs count only where they differ beyond chance: their mean excess over s^2 must be `SURE`
of its own standard errors, which makes no assumption on how the labels are distributed.

What this cannot see: fewer than some 80 ids, whose differences vary too much themselves; ids whose values do
not differ in the label, or come back too seldom to show it; ids given in an order that the label follows.
"""

import numpy as np
from numpy.typing import NDArray

HALF = 0.5
"""Of the variation among all values, how much must be there between neighbours."""
SURE = 4.0
"""Standard errors."""


def disorder(
    numbers: NDArray[np.int64], labels: NDArray[np.float64], units: NDArray[np.int64]
) -> float | None:
    """The ratio, at most 1, where the numbers are rather names than amounts; else None.

    Args:
        numbers: [rows].
        labels: [rows].
        units: [rows]; codes from 0. A unit counts once for a value, with the mean of its labels: else an
            amount that each customer has of its own would be a name of the customer.
    """
    _, value = np.unique(numbers, return_inverse=True)
    most = int(units.max(initial=0)) + 1
    once, place = np.unique(value * most + units, return_inverse=True)
    code, labels = once // most, np.bincount(place, labels) / np.bincount(place)
    counts = np.bincount(code)
    rows, values = len(once), len(counts)
    if values < 4 or rows < 2 * values:
        return None
    means = np.bincount(code, labels) / counts
    within = float(((labels - means[code]) ** 2).sum()) / (rows - values)
    spread = float((counts * (means - labels.mean()) ** 2).sum()) - (values - 1) * within
    among = spread / (rows - float((counts.astype(np.float64) ** 2).sum()) / rows)
    pairs = values // 2
    one, other = (slice(start, 2 * pairs, 2) for start in (0, 1))
    weight = counts[one] * counts[other] / (counts[one] + counts[other])
    excess = weight * (means[one] - means[other]) ** 2 - within
    error = float(excess.std(ddof=1)) / np.sqrt(pairs)
    if among <= 0 or excess.mean() <= SURE * error:
        return None
    ratio = float(excess.sum() / (2 * weight.sum())) / among
    return min(1.0, ratio) if ratio >= HALF else None
