"""Intervals are paired, respect units, and hold together over slices."""

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from slipway.evaluation.measure import Measurement
from slipway.evaluation.resampling import UnitRatio, normal
from slipway.evaluation.slices import Group, slices
from slipway.records.evidence import UNBOUNDED
from slipway.settings.card import Gate
from tests.slipway.report.sample import card

Floats = NDArray[np.float64]
TASK = card().task
SETTINGS = card().evaluation.model_copy(update={"min_slice_rows": 100, "slices": ["device"]})
RANDOM = np.random.default_rng(5)
TRUE = RANDOM.uniform(0.02, 0.4, 6000)
LABELS = (RANDOM.random(6000) < TRUE).astype(np.int8)
UNITS = RANDOM.integers(0, 800, 6000)
NOISE = RANDOM.normal(0, 0.3, 6000)
NOISY = np.clip(TRUE * np.exp(NOISE), 0.001, 0.999)
DEVICES = pa.table({"device": np.where(np.arange(6000) < 5950, "phone", "fridge")})


GROUPS = slices(DEVICES, LABELS, UNITS, TASK, SETTINGS, Gate()).groups


def measured(**scores: Floats) -> Measurement:
    """Scores measured on all rows and on the one slice with enough of them."""
    return Measurement(TASK, scores, LABELS, UNITS, GROUPS, SETTINGS, seed=0)


def test_a_small_gain_is_found_by_pairs() -> None:
    """A tenth less noise: well inside the noise of two models, and beyond that of their difference."""
    found = measured(candidate=np.clip(TRUE * np.exp(0.9 * NOISE), 0.001, 0.999), champion=NOISY)
    mine, theirs = found.metrics("candidate")["log_loss"], found.metrics("champion")["log_loss"]
    unpaired = np.hypot(mine.high - mine.low, theirs.high - theirs.low) / 2
    difference = found.compare("champion")

    assert mine.low < theirs.value < mine.high
    assert abs(difference.value) < unpaired / 4
    assert difference.high < 0


def test_a_copy_differs_by_nothing() -> None:
    """The same scores give the empty interval at zero."""
    difference = measured(candidate=NOISY, champion=NOISY.copy()).compare("champion")

    assert (difference.low, difference.value, difference.high) == (0, 0, 0)


def differs(seed: int, by_row: bool) -> bool:
    """Whether one of two equal models seems better; the 25 rows of a user are alike."""
    random = np.random.default_rng(seed)
    user = np.repeat(np.arange(40), 25)
    odds = random.normal(-1, 0.5, 40)
    labels = (random.random(40) < 1 / (1 + np.exp(-odds))).astype(np.int8)
    one, other = (1 / (1 + np.exp(-odds - random.normal(0, 0.5, 40))) for _ in range(2))
    units = np.arange(len(user)) if by_row else user
    scores = {"one": one[user], "other": other[user]}
    difference = Measurement(TASK, scores, labels[user], units, [], SETTINGS, seed).compare("other")
    return difference.high < 0 or difference.low > 0


def test_units_are_drawn_and_not_rows() -> None:
    """By rows, equal models differ beyond noise in most samples of users; by users, in few."""
    by_row, by_unit = (sum(differs(seed, rows) for seed in range(20)) for rows in (True, False))

    assert by_row > 10
    assert by_unit <= 3


@pytest.mark.parametrize("users", [1, 29])
def test_few_units_tell_nothing(users: int) -> None:
    """However many rows they have: one user's slice would seem to have no noise at all."""
    few = Group("user", "few", users > UNITS)
    scores = {"candidate": TRUE, "champion": NOISY}
    found = Measurement(TASK, scores, LABELS, UNITS, [few], SETTINGS, 0).comparison("champion")
    alone = Measurement(TASK, scores, LABELS, UNITS % users, [], SETTINGS, 0)

    assert found.difference.high < 0
    assert (found.slices[0].relative.low, found.slices[0].relative.high) == (-UNBOUNDED, UNBOUNDED)
    assert alone.compare("champion").high == UNBOUNDED
    assert alone.metrics("candidate")["normalised_entropy"].high == UNBOUNDED


def test_thirty_units_tell_something() -> None:
    """The bound itself."""
    found = Measurement(TASK, {"a": TRUE}, LABELS, UNITS % 30, [], SETTINGS, seed=0).metrics("a")["log_loss"]

    assert 0 < found.low < found.value < found.high < 1


def test_intervals_that_hold_together_are_wider() -> None:
    """By the quantile of the error divided by their number; one alone is normal."""
    one = UnitRatio(np.r_[np.ones(50), -np.ones(50)], np.ones(100), 100, 0.025)
    highs = [normal(one, among).high / one.error for among in (1, 30)]

    assert highs == pytest.approx([1.96, 3.144], abs=0.001)


def test_the_intervals_of_slices_hold_together() -> None:
    """A comparison widens them by their number."""
    scores = {"candidate": TRUE, "champion": NOISY}
    widths = []
    for among in (1, 40):
        found = Measurement(TASK, scores, LABELS, UNITS, GROUPS * among, SETTINGS, 0)
        one = found.comparison("champion").slices[0]
        widths.append([one.relative.high - one.relative.low, one.difference.high - one.difference.low])

    assert np.divide(*widths[::-1]) == pytest.approx([3.227 / 1.96] * 2, rel=1e-3)


def test_true_probabilities_are_calibrated() -> None:
    """Mean score over mean label is one within its interval."""
    found = measured(candidate=TRUE).metrics("candidate")["calibration"]

    assert found.low < 1 < found.high


def test_small_slices_are_not_measured() -> None:
    """Fifty rows are under the hundred asked for."""
    found = measured(candidate=TRUE).slices("candidate")

    assert [("device", "phone", 5950)] == [(one.column, one.value, one.rows) for one in found]


def test_a_slice_in_which_the_other_is_perfect_has_a_difference() -> None:
    """No loss is zero, so none is divided by."""
    perfect = LABELS.astype(np.float64)
    found = measured(candidate=NOISY, champion=perfect).comparison("champion").slices[0]
    none = measured(candidate=perfect, champion=perfect.copy()).comparison("champion").slices[0]

    assert 0 < found.relative.low < UNBOUNDED
    assert none.relative.value == none.relative.low == 0


def test_copies_of_a_unit_widen_nothing_away() -> None:
    """Intervals of rows that are copies are as wide as those of their units."""
    units = np.arange(600)
    alone = Measurement(TASK, {"m": TRUE[:600]}, LABELS[:600], units, [], SETTINGS, seed=0).metrics("m")[
        "log_loss"
    ]
    copied = Measurement(
        TASK,
        {"m": np.repeat(TRUE[:600], 9)},
        np.repeat(LABELS[:600], 9),
        np.repeat(units, 9),
        [],
        SETTINGS,
        seed=0,
    ).metrics("m")["log_loss"]

    assert abs((alone.high - alone.low) - (copied.high - copied.low)) < 1e-12


def test_a_later_candidate_must_show_more_against_that_model_alone() -> None:
    """The level of one difference leaves all else as it is."""
    scores = {"candidate": TRUE, "baseline": NOISY[::-1].copy(), "champion": NOISY}
    usual, third = (
        Measurement(TASK, scores, LABELS, UNITS, [], SETTINGS, 0, levels)
        for levels in (None, {"champion": 0.05 / 12})
    )
    before, after = usual.compare("champion"), third.compare("champion")

    assert before.value == after.value
    assert after.low < before.low < before.high < after.high
    assert (after.high - after.low) / (before.high - before.low) == pytest.approx(2.64 / 1.96, rel=0.15)
    assert third.metrics("candidate").keys() == usual.metrics("candidate").keys()


def test_intervals_of_ranks_are_over_units_too() -> None:
    """Ten copies of each user's rows leave the interval of the AUC, and of the losses, as wide."""
    widths = []
    for copies in (1, 10):
        scores, labels, units = (np.repeat(one, copies) for one in (TRUE, LABELS, UNITS))
        found = Measurement(TASK, {"a": scores}, labels, units, [], SETTINGS, 0).metrics("a")
        ranked = TASK.ranked(scores, labels, units, 0.95)
        widths.append([one.high - one.low for one in (ranked["auc"], found["log_loss"])])

    assert widths[0] == pytest.approx(widths[1], rel=0.01)
