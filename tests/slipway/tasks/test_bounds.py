"""Bounds that the card leaves to their defaults are as wide as the holdout in use needs, and no tighter."""

import numpy as np
import pytest

from slipway.records.evidence import Holdout
from slipway.tasks import Task
from slipway.tasks.bounds import BIAS, CALIBRATION, of_bias, of_calibration
from tests.slipway.report import sample
from tests.slipway.tasks.worlds import PRIMARY, card


def holdout(rows: int, labels: dict[str, float]) -> Holdout:
    """So many rows."""
    return sample.evidence().holdout.model_copy(update={"rows": rows, "units": rows, "labels": labels})


@pytest.mark.parametrize(
    ("rows", "positives", "kept"), [(4000, 12, 0.93), (4000, 40, 0.95), (600, 300, 0.95)]
)
def test_few_positive_labels_widen_the_bounds_of_a_ratio(rows: int, positives: int, kept: float) -> None:
    """So that the interval of a perfect model lies inside, though each draw of labels has other bounds."""
    random, inside = np.random.default_rng(0), []
    for _ in range(1000):
        found = int(random.binomial(rows, positives / rows))
        bounds = of_calibration(rows, found)
        drawn = np.maximum(random.binomial(rows, found / rows, 500), 0.1)  # none at all is no ratio
        low, high = np.quantile(positives / drawn, [0.025, 0.975])
        inside.append(bounds[0] <= low and high <= bounds[1])
    assert kept <= np.mean(inside) < 0.99


@pytest.mark.parametrize(
    ("positives", "bounds"),
    [(5000, CALIBRATION), (1450, (0.9, 1.11)), (1, (0.01, 343.93)), (9999, CALIBRATION), (0, CALIBRATION)],
)
def test_bounds_of_a_ratio_are_never_tighter_than_the_default(
    positives: int, bounds: tuple[float, float]
) -> None:
    """Which stands where it can be kept."""
    assert of_calibration(10_000, positives) == bounds


@pytest.mark.parametrize(("rows", "bounds"), [(10_000, BIAS), (1000, (-0.16, 0.16)), (100, (-0.5, 0.5))])
def test_few_rows_widen_the_bounds_of_a_bias(rows: int, bounds: tuple[float, float]) -> None:
    """As the root of their number."""
    assert of_bias(rows) == bounds


SHARES: dict[str, tuple[str, dict[str, float]]] = {
    "binary": ("calibration", {"base_rate": 0.1}),
    "multiclass": ("calibration", {"red": 0.2, "green": 0.1, "blue": 0.7}),
    "regression": ("bias", {"mean": 3.0, "deviation": 1.0}),
}


@pytest.mark.parametrize("task", PRIMARY)
def test_each_task_widens_by_the_size_in_use(task: str) -> None:
    """The same card at two sizes; what it says itself stands at both."""
    key, labels = SHARES[task]
    judge: Task = card(task).task
    small, large = (judge.bounds({}, holdout(rows, labels))[key] for rows in (300, 10**6))

    assert large == judge.bounds({})[key]
    assert small[0] < large[0] < large[1] < small[1]
    given = {key: (0.5, 1.5) if key == "calibration" else (-0.5, 0.5)}
    assert judge.bounds(given, holdout(300, labels))[key] == given[key]
