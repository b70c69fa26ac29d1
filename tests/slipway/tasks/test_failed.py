"""What a request is worth whose answer failed: what somebody earns who knows nothing of the single row."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from slipway.rollout.traffic import Answer, Traffic
from slipway.settings import load_card
from slipway.system import load_system
from slipway.tasks import Metric, Task
from slipway.tasks.click import Click
from slipway.tasks.requests import Offered
from tests.slipway.root import ROOT
from tests.slipway.tasks.canaries import answered
from tests.slipway.tasks.worlds import LABELS, PRIMARY, World, card, world

ROWS = 300


@pytest.fixture(params=PRIMARY)
def found(request: pytest.FixtureRequest) -> World:
    """Some rows of each task."""
    return world(request.param, ROWS)


@pytest.fixture
def traffic(found: World, tmp_path: Path) -> Traffic:
    """The same, on offer."""
    pq.write_table(found.rows, tmp_path / "replay.parquet")
    return Traffic.load(found.card, load_system("ad_click", ROOT), tmp_path, seed=0)


def constants(name: str) -> tuple[Task, np.ndarray, np.ndarray]:
    """A task, four outcomes, and the best constant of them."""
    task = card(name).task
    if name == "multiclass":
        return task, np.array([0, 0, 1, 0]), np.array([[0.75, 0.25, 0.0]])
    if name == "binary":
        return task, np.array([1, 0, 0, 0]), np.array([0.25])
    return task, np.array([1.0, 2.0, 2.0, 11.0]), np.array([4.0])


@pytest.mark.parametrize("name", LABELS)
def test_the_constant_is_the_base_rate_the_shares_or_the_mean(name: str) -> None:
    """One answer for every row, of the shape that the task's answers have."""
    task, outcomes, best = constants(name)

    np.testing.assert_allclose(task.constant(outcomes), best)


def test_the_constant_of_absolute_errors_is_the_median() -> None:
    """No other one has a smaller mean absolute error."""
    task = card("regression", evaluation__primary="absolute_error").task

    assert task.constant(np.array([1.0, 2.0, 2.0, 11.0])).tolist() == [2.0]


def test_no_constant_would_earn_more(found: World, traffic: Traffic) -> None:
    """Also none that is a little higher or lower."""
    best = traffic.fallback
    earned = traffic.gains(0, [None] * ROWS).mean()
    for step in (-0.02, 0.02):
        moved = np.repeat(best, ROWS, axis=0)
        moved.reshape(ROWS, -1)[:, 0] += step
        if found.card.problem.task == "multiclass":
            moved[:, 1] -= step
        assert traffic.gains(0, answered(moved)).mean() < earned


def test_a_failed_answer_earns_what_the_constant_one_does(found: World, traffic: Traffic) -> None:
    """Row by row, beside answers that were given; never NaN, which would forgive it."""
    given = answered(found.truth)
    dull = traffic.gains(0, answered(np.repeat(traffic.fallback, ROWS, axis=0)))
    mixed: list[Answer | None] = [None if row % 3 == 0 else answer for row, answer in enumerate(given)]
    whole, some = traffic.gains(0, given), traffic.gains(0, mixed)
    lost = np.arange(ROWS) % 3 == 0

    np.testing.assert_allclose(some[lost], dull[lost])
    np.testing.assert_allclose(some[~lost], whole[~lost])
    assert some.mean() < whole.mean()


def test_failures_are_of_the_requests_that_failed(found: World, traffic: Traffic) -> None:
    """Also in a batch in the middle of the traffic."""
    np.testing.assert_allclose(traffic.gains(100, [None] * 50), traffic.gains(0, [None] * ROWS)[100:150])


def clicks(metric: Metric, truth: np.ndarray | None) -> tuple[Click, np.ndarray]:
    """What the failed answers to two requests of two options earn; the first has the only click."""
    found = load_card(ROOT, "ad_click")
    task = found.task
    assert isinstance(task, Click)
    outcomes = np.array([1, 0, 0, 0])
    offered = Offered(outcomes, truth, np.zeros(4), np.array([0, 2]))
    return task, task.failed(metric, offered, task.constant(outcomes))


def test_nothing_shown_is_no_click() -> None:
    """Though every option would have been clicked."""
    assert clicks(Click.metric("reward"), np.ones(4))[1].tolist() == [0.0, 0.0]


def test_clicks_that_are_logged_cost_the_loss_of_the_base_rate() -> None:
    """A quarter of the options was clicked."""
    task, earned = clicks(Click.metric("log_loss"), None)

    assert task.constant(np.array([1, 0, 0, 0])).tolist() == [0.25]
    assert earned == pytest.approx([(np.log(0.25) + np.log(0.75)) / 2, np.log(0.75)])
