"""What a canary is judged by, depending on how its traffic knows outcomes."""

import numpy as np
import pytest
from numpy.typing import NDArray

from slipway.base.errors import UsageError
from slipway.settings import load_card
from slipway.tasks import Offered, Seen, Task
from tests.slipway.root import ROOT
from tests.slipway.tasks.worlds import PRIMARY, card

CLICKS = load_card(ROOT, "ad_click").task
REWARD = CLICKS.metric("reward")


@pytest.mark.parametrize(
    ("asked", "seen", "metric"),
    [
        ("auto", "drawn", "reward"),
        ("auto", "logged", "log_loss"),
        ("auto", "observed", "reward"),
        ("reward", "drawn", "reward"),
        ("reward", "observed", "reward"),
        ("log_loss", "drawn", "log_loss"),
        ("log_loss", "logged", "log_loss"),
    ],
)
def test_clicks_are_judged_by_what_can_be_known(asked: str, seen: Seen, metric: str) -> None:
    """Drawn by a truth, logged by another system, or observed of what was shown."""
    assert CLICKS.decision(asked, seen).name == metric


@pytest.mark.gate("rollout.reward")
def test_logged_clicks_are_no_reward() -> None:
    """Nobody knows what would have been clicked; the line says why, and what to ask for instead."""
    with pytest.raises(UsageError) as caught:
        CLICKS.decision("reward", "logged")
    said = str(caught.value)

    assert "not with which probability each option was shown" in said
    assert "expected 'auto' or 'log_loss' here, or live traffic" in said


@pytest.mark.gate("rollout.loss_of_shown")
def test_live_losses_are_of_different_rows() -> None:
    """Each version chooses the rows whose outcomes are seen."""
    with pytest.raises(UsageError, match="expected 'auto' or 'reward'"):
        CLICKS.decision("log_loss", "observed")


@pytest.mark.parametrize("task", PRIMARY)
@pytest.mark.parametrize("seen", ["drawn", "logged", "observed"])
def test_the_outcome_of_a_row_is_known_whatever_was_answered(task: str, seen: Seen) -> None:
    """So a loss decides anywhere."""
    bound: Task = card(task).task

    assert bound.decision("auto", seen) == bound.primary


def offered(outcomes: list[int], shown: list[bool] | None) -> Offered:
    """Two requests of two options each, of which some were shown, and no truth."""
    return Offered(
        outcomes=np.array(outcomes, np.int8),
        truth=None,
        luck=np.zeros(4),
        starts=np.array([0, 2]),
        shown=None if shown is None else np.array(shown),
    )


def ranked(*first: int) -> NDArray[np.int64]:
    """Ranks that put these places first."""
    return np.array([1 if place == one else 2 for one in first for place in (0, 1)])


def test_what_was_not_shown_has_no_reward() -> None:
    """It is unknown and not zero, whether the one that was shown was clicked or not."""
    found = offered([1, 0, 0, 0], [True, False, False, True])
    scores = np.full(4, 0.5)

    np.testing.assert_array_equal(CLICKS.gains(REWARD, found, scores, ranked(0, 1)), [1.0, 0.0])
    np.testing.assert_array_equal(CLICKS.gains(REWARD, found, scores, ranked(1, 0)), [np.nan, np.nan])
    np.testing.assert_array_equal(
        CLICKS.gains(REWARD, offered([1, 0, 0, 0], None), scores, ranked(1, 0)), [0.0, 0.0]
    )


def test_a_failed_answer_shows_nothing_and_earns_nothing() -> None:
    """Live too."""
    found = offered([1, 0, 0, 0], [False] * 4)

    assert CLICKS.failed(REWARD, found, np.array([0.3])).tolist() == [0.0, 0.0]


def test_the_noise_of_observed_clicks_is_that_of_their_rate() -> None:
    """Of those shown; one in four has the deviation of a coin with that chance."""
    found = offered([1, 0, 0, 0], None)
    half = offered([1, 0, 0, 0], [True, False, True, False])

    assert CLICKS.presumed(REWARD, found).std() == pytest.approx(np.sqrt(0.25 * 0.75))
    assert CLICKS.presumed(REWARD, half).std() == pytest.approx(0.5)
