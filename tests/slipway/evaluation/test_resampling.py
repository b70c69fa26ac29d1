"""The studentised bootstrap agrees with theory and with another package, and errs as often as it says."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import t as student

from slipway.evaluation import resampling
from slipway.evaluation.resampling import UnitRatio, normal, studentised, unit_sums
from slipway.records.evidence import UNBOUNDED, Interval

Floats = NDArray[np.float64]
LEVEL = 0.025
ARCH = (0.8200, 1.3036)
"""`IIDBootstrap(units, seed=11).conf_int(..., reps=40_000, method="studentized")` of arch 8.0.0, NumPy 2.4.6.

Made in an environment of its own: arch would bring statsmodels, 65 MB, into everybody's.
"""


def ratio(over: Floats, under: Floats | None = None, level: float = LEVEL) -> UnitRatio:
    """Of units that are all measured."""
    return UnitRatio(over, np.ones(len(over)) if under is None else under, len(over), level)


def interval(one: UnitRatio, resamples: int = 2000, seed: int = 0) -> Interval:
    """Of one ratio alone."""
    [found] = studentised([one], resamples, seed)
    return found


def test_the_standard_error_of_a_mean_is_the_usual_one() -> None:
    """Where every unit counts once."""
    values = np.random.default_rng(1).normal(3.0, 2.0, 200)
    one = ratio(values)

    assert one.value == pytest.approx(values.mean())
    assert one.error == pytest.approx(values.std(ddof=1) / np.sqrt(200))


def test_of_normal_rows_it_is_students_interval() -> None:
    """Within a few percent of its width, as far as so many resamples tell."""
    values = np.random.default_rng(2).normal(3.0, 2.0, 40)
    one = ratio(values)
    due = student.interval(0.95, 39, loc=one.value, scale=one.error)
    found = interval(one, 20_000)

    assert (found.low, found.high) == pytest.approx(due, abs=0.08 * (due[1] - due[0]))


def test_it_is_the_interval_of_another_package() -> None:
    """`arch`, on skewed units of different sizes; the short end is not taken nearer than the normal one."""
    random = np.random.default_rng(7)
    under = random.integers(1, 6, 60).astype(np.float64)
    one = ratio(random.exponential(1.0, 60) * under, under)
    found = interval(one, 40_000)

    assert found.high == pytest.approx(ARCH[1], rel=0.01)
    assert ARCH[0] > normal(one).low
    assert found.low == pytest.approx(normal(one).low)


def missed(found: Callable[[UnitRatio, int], Interval], seeds: int = 2000) -> float:
    """How often an interval of 40 skewed units lies below the truth, of 2.5 % that are allowed."""
    below = 0
    for seed in range(seeds):
        draws = np.random.default_rng(seed).exponential(1.0, 40) - 1.0
        below += found(ratio(draws), seed).high < 0
    return below / seeds


def percentile(one: UnitRatio, seed: int) -> Interval:
    """What was used before: quantiles of the resampled ratios themselves."""
    weights = np.random.default_rng(seed).poisson(1.0, (400, len(one.over)))
    resampled = (weights @ one.over) / (weights @ one.under)
    low, high = np.quantile(resampled, [LEVEL, 1 - LEVEL])
    return Interval(value=one.value, low=low, high=high)


def test_it_errs_as_often_as_it_says_where_percentiles_do_not() -> None:
    """A candidate that is no better would pass by an interval below zero; `bench_intervals.py` has more."""
    assert missed(percentile) > 0.04
    assert missed(lambda one, seed: interval(one, 400, seed)) < 0.03


def test_a_small_level_has_resamples_beyond_its_ends() -> None:
    """However few the card asks for: the tenth candidate on a holdout still gets an interval."""
    values = np.random.default_rng(3).normal(0.0, 1.0, 50)
    wide, usual = interval(ratio(values, level=0.05 / 110), 100), interval(ratio(values), 100)

    assert -UNBOUNDED < wide.low < usual.low < usual.high < wide.high < UNBOUNDED


def test_one_draw_weighs_all_ratios() -> None:
    """Twice the same ratio has twice the same interval, and another seed another one."""
    one = ratio(np.random.default_rng(4).exponential(1.0, 50))
    first, second = studentised([one, one], 500, 0)

    assert first == second == interval(one, 500)
    assert first != interval(one, 500, seed=1)


def test_a_unit_that_differs_alone_widens_the_interval_and_unbounds_none() -> None:
    """A third of the resamples do not hold it, and have no spread at all."""
    found = interval(ratio(np.r_[1.0, np.zeros(999)]))

    assert 0.02 < found.high < 0.1
    assert -0.1 < found.low < 0


def test_units_without_rows_count_for_nothing() -> None:
    """A slice has fewer units than the whole."""
    values = np.random.default_rng(5).exponential(1.0, 50)
    padded = UnitRatio(np.r_[values, np.zeros(500)], np.r_[np.ones(50), np.zeros(500)], 50, LEVEL)

    assert normal(padded) == normal(ratio(values))


def test_memory_is_bounded_by_drawing_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the parts do not change what is drawn."""
    one = ratio(np.random.default_rng(6).exponential(1.0, 64))
    whole = interval(one, 500)
    monkeypatch.setattr(resampling, "NUMBERS", 64 * 7)

    assert interval(one, 500) == pytest.approx(whole)


def test_rows_are_summed_by_unit() -> None:
    """Also of units that the rows skip."""
    assert unit_sums(np.array([1.0, 2.0, 4.0]), np.array([2, 0, 2])).tolist() == [2.0, 0.0, 5.0]
