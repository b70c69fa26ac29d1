"""Only the requests on which two versions differ tell them apart."""

import numpy as np
import pytest

from slipway.records.evidence import Interval
from slipway.rollout.analysis import judge
from slipway.rollout.assignment import position
from slipway.rollout.difference import difference
from slipway.rollout.observations import Observations
from slipway.rollout.reference import Reference
from slipway.rollout.triggering import by_unit, counted, overall, share
from slipway.settings.card import Rollout, Step
from slipway.tasks import Answered
from slipway.tasks.click import TASK
from tests.slipway.rollout.pairing import AT

REWARD, LOSS = TASK.metric("reward"), TASK.metric("log_loss")
SAME = 0.65
"""The share of requests on which both versions show the same, as in the demo."""
PLAN = Rollout(steps=[Step(weight=50, requests=8000)], batch_requests=8000, max_duration_minutes=60.0)


def seen(
    seed: int, lift: float, users: int = 6000, spoilt: bool = False, failing: float = 0.0
) -> Observations:
    """A canary that earns more where the versions differ.

    Args:
        spoilt: what the canary's users did before decides what is counted, in their arm alone.
        failing: the share of the canary's answers that fail, wherever it is.
    """
    random = np.random.default_rng(seed)
    size = PLAN.steps[0].requests
    unit = random.integers(0, users, size)
    canary = (position([str(user) for user in range(users)], f"{seed}") < 50)[unit]
    differs = random.random(size) >= SAME
    if spoilt:
        differs &= ~canary | (random.random(size) < 0.8)
    error = canary & (random.random(size) < failing)
    earned = random.random(size) < 0.1 + lift * (canary & differs)
    return Observations(
        step=np.zeros(size, np.int32),
        block=np.arange(size) // 500,
        unit=unit,
        canary=canary,
        error=error,
        latency_ms=np.where(error, np.nan, 5.0),
        due=np.ones(size, np.bool_),
        metric=(earned & ~error).astype(np.float64),
        triggered=by_unit(differs, unit),
    )


def everything(found: Observations) -> Observations:
    """The same, none left out."""
    return Observations(**{**vars(found), "triggered": np.ones(len(found), np.bool_)})


def test_a_unit_is_triggered_from_its_first_request_that_differs() -> None:
    """What came before tells nothing, what came after may follow from it."""
    unit = np.array([0, 1, 0, 1, 2, 0, 2])
    differs = np.array([False, True, True, False, False, False, False])

    assert by_unit(differs, unit).tolist() == [False, True, True, True, False, True, False]
    assert by_unit(np.zeros(0, np.bool_), np.zeros(0, np.int64)).tolist() == []


def test_what_cannot_differ_is_left_out_and_what_failed_is_not() -> None:
    """A failed answer is a difference, whatever both versions would have said."""
    found = seen(0, 0.0, failing=0.1)
    left = counted(found)

    assert not (~left.triggered & ~left.error).any()
    assert left.error.sum() == found.error.sum() > 0
    assert (~left.triggered).any()
    assert share(found) == pytest.approx(len(left) / len(found))


def test_an_answer_differs_where_another_option_is_shown() -> None:
    """For clicks; for a loss any other score does."""
    task = TASK.__new__(TASK)
    ranks = np.array([[1, 2], [1, 2], [1, 2]])
    other = np.array([[1, 2], [2, 1], [1, 2]])
    scores = np.array([0.3, 0.2, 0.3, 0.2, 0.3, 0.2])
    moved = np.array([0.3, 0.2, 0.2, 0.3, 0.4, 0.2])
    starts = np.array([0, 2, 4])
    one, two = (Answered(s, r.ravel(), starts) for s, r in ((scores, ranks), (moved, other)))

    assert task.differs(REWARD, one, two).tolist() == [False, True, False]
    assert task.differs(LOSS, one, two).tolist() == [False, True, True]


def test_the_variance_falls_and_the_overall_effect_is_the_same() -> None:
    """To less than half, where users hardly come back; diluted, the effect is that over all requests."""
    shares, triggered, whole = [], [], []
    for seed in range(12):
        found = seen(seed, 0.1, users=100_000)
        shares.append(width(difference(everything(found), PLAN)) / width(diluted(found)))
        triggered.append(diluted(found).value)
        whole.append(difference(everything(found), PLAN).value)  # type: ignore[union-attr]

    assert np.square(np.median(shares)) > 2
    assert np.mean(triggered) == pytest.approx(0.035, abs=0.003)
    assert np.mean(triggered) == pytest.approx(np.mean(whole), abs=0.003)


def diluted(found: Observations) -> Interval:
    """The difference over all requests, by those that may differ."""
    gain = overall(difference(counted(found), PLAN), found)
    assert gain is not None
    return gain


def width(gain: Interval | None) -> float:
    """Of an interval that is there."""
    assert gain is not None
    return gain.high - gain.low


def test_equal_versions_are_not_told_apart() -> None:
    """At the level: of 100 canaries that earn nothing more, five are decided on, and chance adds a few."""
    gains = [difference(counted(seen(seed, 0.0)), PLAN) for seed in range(100)]

    assert sum(gain is not None and (gain.low > 0 or gain.high < 0) for gain in gains) <= 11


def test_versions_that_never_differ_show_nothing() -> None:
    """No request is counted, so there is no interval, and no promotion."""
    found = seen(0, 0.0)
    same = Observations(**{**vars(found), "triggered": np.zeros(len(found), np.bool_)})
    look = judge(same, PLAN, 0, True, AT, REWARD, Reference(slow_ms=20.0))

    assert difference(counted(same), PLAN) is None
    assert look.verdict.outcome == "inconclusive"
    assert look.triggered == 0
    assert overall(None, same) is None


@pytest.mark.gate(
    "canary.triggered_ratio",
    fed="a canary whose own answers decide which of its users are counted",
    stops="canary",
    exit=3,
    reason="canary.triggered_ratio",
    untouched="not promoted, though it earns more where it is counted",
)
def test_what_is_counted_must_not_depend_on_the_arm() -> None:
    """The units that were triggered are split as all units are."""
    sound, spoilt = (
        judge(seen(1, 0.1, spoilt=bad), PLAN, 0, True, AT, REWARD, Reference(slow_ms=20.0))
        for bad in (False, True)
    )
    checks = {check.code: check for check in sound.verdict.checks}

    assert checks["canary.triggered_ratio"].passed
    assert spoilt.verdict.outcome == "abort"
    assert spoilt.verdict.checks[0].code == "canary.triggered_ratio"
    assert "% of requests that may differ" in checks["canary.metric"].found
    assert "over all" in checks["canary.metric"].found


def test_where_all_may_differ_nothing_is_said_of_triggering() -> None:
    """As for a metric of which every score is a part."""
    look = judge(everything(seen(0, 0.1)), PLAN, 0, True, AT, REWARD, Reference(slow_ms=20.0))
    codes = {check.code for check in look.verdict.checks}

    assert "canary.triggered_ratio" not in codes
    assert look.triggered == 1
    assert look.overall == look.difference
