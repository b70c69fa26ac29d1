"""The lift by exposure: against a literal count, and in a world where what is new wears off."""

from dataclasses import replace

import numpy as np
import pytest

from slipway.rollout.novelty import exposures
from slipway.rollout.observations import Observations
from slipway.settings.card import Rollout, Step
from tests.slipway.rollout.targets.in_memory import card, tried

PLAN = Rollout(
    steps=[Step(weight=weight, requests=8000) for weight in (10, 25, 50)], max_duration_minutes=60.0
)


def world(
    seed: int, fresh: float = 0.0, stale: float = 0.0, users: int = 3000, habit: float = 0.0
) -> Observations:
    """Users who come back, of whom some come and click more than others.

    Args:
        fresh: what the canary adds for the first three requests of a user that it answers.
        stale: what it adds from then on.
        habit: by how much frequent users click more.
    """
    random = np.random.default_rng(seed)
    size = sum(step.requests for step in PLAN.steps)
    step = np.repeat(np.arange(3, dtype=np.int32), [one.requests for one in PLAN.steps])
    often = random.gamma(1.0, 1.0, users)
    unit = random.choice(users, size, p=often / often.sum())
    position = random.uniform(0, 100, users)
    canary = position[unit] < np.array([one.weight for one in PLAN.steps])[step]
    met = np.zeros(users, np.int64)
    lift = np.zeros(size)
    for place in np.flatnonzero(canary):
        met[unit[place]] += 1
        lift[place] = fresh if met[unit[place]] <= 3 else stale
    rate = 0.2 + habit * np.minimum(often[unit], 3.0) + lift
    return Observations(
        step=step,
        block=np.arange(size) // 500,
        unit=unit.astype(np.int64),
        canary=canary,
        error=np.zeros(size, np.bool_),
        latency_ms=np.ones(size),
        due=np.ones(size, np.bool_),
        metric=(random.random(size) < rate).astype(np.float64),
    )


def test_what_wears_off_is_seen() -> None:
    """Five points more for three exposures, two less from then on."""
    found = [exposures(world(seed, fresh=0.05, stale=-0.02), PLAN) for seed in range(8)]
    lifts = np.array([[one.lift.value for one in each if one.lift] for each in found]).mean(axis=0)

    assert [one.number for one in found[0]] == ["1", "2", "3", "4+"]
    assert lifts[:3] == pytest.approx([0.05, 0.05, 0.05], abs=0.015)
    assert lifts[3] == pytest.approx(-0.02, abs=0.01)


def test_frequent_users_are_no_wear() -> None:
    """They click more, and make up most of the later exposures, in both arms alike; no lift is made of it."""
    found = [exposures(world(seed, habit=0.1), PLAN) for seed in range(16)]
    lifts = np.array([[one.lift.value for one in each if one.lift] for each in found])
    error = lifts.std(axis=0, ddof=1) / np.sqrt(len(lifts))

    assert (np.abs(lifts.mean(axis=0)) < 3.5 * error).all()


def test_intervals_hold_what_is_true() -> None:
    """Each for itself, of four groups and thirty canaries: they are wider than those of one look."""
    found = [one for seed in range(30) for one in exposures(world(seed, habit=0.1), PLAN)]
    missed = [one for one in found if one.lift and not one.lift.low <= 0 <= one.lift.high]

    assert len(missed) <= 0.05 * len(found)


def test_every_known_request_of_the_canary_is_in_one_group() -> None:
    """And what is unknown in none; its number counts all the same."""
    seen = world(0)
    lost = np.where(np.arange(len(seen)) % 10 == 0, np.nan, seen.metric)
    unknown = replace(seen, metric=lost)
    known = int((seen.canary & np.isfinite(lost)).sum())

    assert sum(one.canary for one in exposures(seen, PLAN)) == seen.canary.sum()
    assert sum(one.canary for one in exposures(unknown, PLAN)) == known


def test_one_step_by_hand() -> None:
    """With one weight a request's number is that of its unit, in either arm."""
    seen = world(1, fresh=0.05)
    seen = seen.where(seen.step == 0)
    count: dict[int, int] = {}
    number = np.array([count.setdefault(unit, 0) or 0 for unit in seen.unit])
    for place, unit in enumerate(seen.unit.tolist()):
        count[unit] += 1
        number[place] = min(count[unit], 4)
    for place, one in enumerate(exposures(seen, PLAN), start=1):
        canary, stable = (seen.metric[(number == place) & arm] for arm in (seen.canary, ~seen.canary))

        assert (one.canary, one.stable) == (len(canary), len(stable))
        assert one.lift is not None
        assert one.lift.value == pytest.approx(canary.mean() - stable.mean())


def test_a_handful_of_units_is_no_lift() -> None:
    """Nor is nobody."""
    few = world(2, users=40)

    assert [one.lift for one in exposures(few, PLAN)] == [None] * 4
    assert [(one.canary, one.lift) for one in exposures(few.where(few.step > 9), PLAN)] == [(0, None)] * 4


def test_a_canary_tells_its_lift_by_exposure() -> None:
    """It stands in its evidence; a promotion is decided by the whole."""
    found = tried(card(), (0.3, 0.4)).found

    assert [one.number for one in found.exposures] == ["1", "2", "3", "4+"]
    assert found.exposures[0].lift is not None
    assert found.exposures[0].lift.value == pytest.approx(0.1, abs=0.06)
