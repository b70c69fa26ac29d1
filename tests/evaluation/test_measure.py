"""Intervals are paired and respect units."""

import numpy as np
import pyarrow as pa

from slipway.evaluation.measure import Measurement, slices
from tests.report.sample import card

SETTINGS = card().evaluation.model_copy(update={"min_slice_rows": 100, "slices": ["device"]})
RANDOM = np.random.default_rng(5)
TRUE = RANDOM.uniform(0.02, 0.4, 6000)
LABELS = (RANDOM.random(6000) < TRUE).astype(np.int8)
UNITS = RANDOM.integers(0, 800, 6000)
NOISY = np.clip(TRUE * np.exp(RANDOM.normal(0, 0.3, 6000)), 0.001, 0.999)
DEVICES = pa.table({"device": np.where(np.arange(6000) < 5950, "phone", "fridge")})


def measured(**scores: "np.ndarray") -> Measurement:
    """Scores measured on all rows and on the one slice with enough of them."""
    return Measurement(scores, LABELS, UNITS, slices(DEVICES, SETTINGS), SETTINGS, seed=0)


def test_the_better_model_is_better_beyond_noise() -> None:
    """The paired interval excludes zero where the two intervals overlap."""
    found = measured(candidate=TRUE, champion=NOISY)
    mine, theirs = found.log_loss("candidate"), found.log_loss("champion")

    assert mine.high > theirs.low
    assert found.compare("candidate", "champion")[0].high < 0


def test_a_copy_differs_by_nothing() -> None:
    """The same scores give the empty interval at zero."""
    difference, _ = measured(candidate=NOISY, champion=NOISY.copy()).compare("candidate", "champion")

    assert (difference.low, difference.value, difference.high) == (0, 0, 0)


def test_true_probabilities_are_calibrated() -> None:
    """Mean score over mean label is one within its interval."""
    found = measured(candidate=TRUE).calibration("candidate")

    assert found is not None
    assert found.low < 1 < found.high


def test_small_slices_are_not_measured() -> None:
    """Fifty rows are under the hundred asked for."""
    found = measured(candidate=TRUE).slices("candidate")

    assert [("device", "phone", 5950)] == [(one.column, one.value, one.rows) for one in found]


def test_copies_of_a_unit_widen_nothing_away() -> None:
    """Intervals of rows that are copies are as wide as those of their units."""
    units = np.arange(600)
    alone = Measurement({"m": TRUE[:600]}, LABELS[:600], units, [], SETTINGS, seed=0).log_loss("m")
    copied = Measurement(
        {"m": np.repeat(TRUE[:600], 9)}, np.repeat(LABELS[:600], 9), np.repeat(units, 9), [], SETTINGS, seed=0
    ).log_loss("m")

    assert abs((alone.high - alone.low) - (copied.high - copied.low)) < 1e-12
