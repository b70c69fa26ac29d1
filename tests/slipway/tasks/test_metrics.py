"""Metrics agree with the libraries that people trust, and say so where they are undefined."""

import numpy as np
import pytest

from slipway.tasks.metrics import auc, calibration_curve, log_loss_terms, wilson

RANDOM = np.random.default_rng(3)
SCORES = RANDOM.random(500).round(2)
LABELS = (RANDOM.random(500) < SCORES).astype(np.int8)
ROWS = np.arange(500)


def test_log_loss_is_scikit_learns() -> None:
    """The mean of the terms is the log loss."""
    from sklearn.metrics import log_loss

    inside = np.clip(SCORES, 0.01, 0.99)

    assert log_loss(LABELS, inside) == pytest.approx(log_loss_terms(inside, LABELS).mean())


def test_a_score_that_is_no_number_counts_as_the_worst() -> None:
    """NaN never looks good."""
    assert log_loss_terms(np.array([np.nan]), np.array([1], np.int8))[0] > 30


def test_auc_is_scikit_learns() -> None:
    """Ties included."""
    from sklearn.metrics import roc_auc_score

    assert roc_auc_score(LABELS, SCORES) == pytest.approx(auc(SCORES, LABELS, ROWS, 0.95).value)


def test_auc_interval_is_wider_when_rows_of_a_unit_are_copies() -> None:
    """Ten copies of each row add nothing to what is known."""
    alone = auc(SCORES, LABELS, ROWS, 0.95)
    copied = auc(np.repeat(SCORES, 10), np.repeat(LABELS, 10), np.repeat(ROWS, 10), 0.95)

    assert alone.high - alone.low == pytest.approx(copied.high - copied.low, rel=0.02)


@pytest.mark.parametrize("labels", [np.zeros(500, np.int8), np.ones(500, np.int8)])
def test_auc_of_one_class_says_that_nothing_is_known(labels: "np.ndarray") -> None:
    """The whole range, so that no bound is met."""
    found = auc(SCORES, labels, ROWS, 0.95)

    assert (found.low, found.high) == (0.0, 1.0)


def test_calibration_bins_hold_every_row() -> None:
    """Equal parts by score, in rising order."""
    bins = calibration_curve(SCORES, LABELS, 0.95)

    assert sum(one.rows for one in bins) == 500
    assert [one.predicted for one in bins] == sorted(one.predicted for one in bins)


def test_wilson_interval_of_nothing_seen_is_not_empty() -> None:
    """No hit in ten rows does not prove a rate of zero."""
    found = wilson(0, 10, 0.95)

    assert found.low == 0
    assert found.high > 0.2
