"""A split that is judged by a loss waits for rare outcomes, as a shadow does; the plan knows for how many."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.bench_shadow import LOSS, World, plan, split, swapped
from slipway.records.canary import Look
from slipway.records.evidence import MIN_EVENTS
from slipway.rollout.analysis import judge
from slipway.rollout.events import Events, rarer
from slipway.rollout.observations import Observations
from slipway.rollout.power import POWER, events_power, paired_events_power
from slipway.rollout.prospects import Basis, prospects, shadow_prospects
from slipway.rollout.reference import Reference
from slipway.settings.card import Rollout
from slipway.tasks.click import TASK
from tests.slipway.rollout.pairing import AT

RARE = World(1000, rate=0.002, denies=True)
"""Simulated, of 120 such splits: where the canary denies 14 were promoted, where stable does 41 aborted."""
SEEDS = range(12)
WAITS = pytest.mark.gate(
    "canary.min_events",
    fed="a canary that takes positives of 0.2 % for rarer still, or a stable version that does, judged by "
    "log loss before thirty of them have come in each arm",
    stops="canary",
    exit=4,
    reason="canary.min_events",
    untouched="neither promoted nor aborted for the loss, though one looks better on almost every request",
)


def splits(world: World, by_stable: bool = False) -> list[Observations]:
    """One a seed, of which one version denies rare outcomes."""
    drawn = [world.drawn(seed) for seed in SEEDS]
    return [split(swapped(one) if by_stable else one, seed) for seed, one in zip(SEEDS, drawn, strict=True)]


def judged(seen: Observations, settings: Rollout | None = None) -> Look:
    """At the end of the plan."""
    return judge(seen, settings or plan(len(seen)), 0, True, AT, LOSS, Reference())


def answers(found: Look) -> dict[str, str]:
    """Of the checks of the quality."""
    return {check.code: check.answer for check in found.verdict.checks if check.code in QUALITY}


QUALITY = ("canary.min_events", "canary.metric")


@WAITS
@pytest.mark.parametrize("by_stable", [False, True])
def test_rare_outcomes_are_waited_for(by_stable: bool) -> None:
    """Without that, equal versions are told apart in a good part of the splits."""
    seen = splits(RARE, by_stable)
    # As if every outcome of another request had come, which none of these judges.
    believed = [judged(replace(one, label=np.arange(len(one)) % 2 * 1.0)) for one in seen]
    said = {answers(one)["canary.metric"] for one in believed}

    assert {"bad" if by_stable else "good"} <= said
    for one in map(judged, seen):
        assert answers(one) == dict.fromkeys(QUALITY, "not shown")
        assert one.difference is None
        assert one.verdict.outcome == "inconclusive"


def test_thirty_in_each_arm_are_enough() -> None:
    """And one fewer in either is not."""
    (seen, *_) = splits(World(1000, rate=0.3, gain=0.5))
    rare = rarer(seen.label)
    for arm in (seen.canary, ~seen.canary):
        found = []
        for left in (MIN_EVENTS, MIN_EVENTS - 1):
            gone = np.flatnonzero(arm & rare)[left:]
            found.append(answers(judged(seen.where(np.setdiff1d(np.arange(len(seen)), gone)))))
        assert [one["canary.min_events"] for one in found] == ["good", "not shown"]


def test_a_better_canary_is_still_found() -> None:
    """The rarer label is whichever is rarer, and only what is due counts."""
    (seen, *_) = splits(World(8000, gain=0.8))

    assert answers(judged(replace(seen, label=1 - seen.label)))["canary.min_events"] == "good"
    undue = replace(seen, due=np.arange(len(seen)) < 100)
    assert answers(judged(undue))["canary.min_events"] == "not shown"


def test_a_reward_waits_for_nothing() -> None:
    """Nobody earns anything before its rare events."""
    seen = splits(RARE)[0]
    found = judge(seen, plan(len(seen)), 0, True, AT, TASK.metric("reward"), Reference())

    assert "canary.min_events" not in answers(found)


def test_what_is_needed_is_told() -> None:
    """In proportion to the arm with fewer; where none has come, nobody knows."""
    label, arm = np.array([1.0] * 6 + [0.0] * 294 + [np.nan]), np.arange(301) % 3 == 0
    few, none = Events.of(label, arm), Events.of(np.zeros(300))

    assert (few.counts, few.enough, few.needed) == ((2, 4), False, 15 * 301)
    assert (none.counts, none.enough, none.needed) == ((0,), False, None)
    assert Events.of(np.empty(0)).counts == (0,)


def test_the_plan_knows_how_many_requests_bring_them() -> None:
    """As often as it says there are enough at the end; a plan without is hopeless."""
    settings, rate = plan(10_000), 0.0065
    random = np.random.default_rng(0)
    arms = random.binomial(5000, rate, (4000, 2)).min(axis=1) >= MIN_EVENTS
    paired = random.binomial(10_000, 0.0033, 4000) >= MIN_EVENTS
    assert events_power(settings, rate) == pytest.approx(arms.mean(), abs=0.03)
    assert paired_events_power(settings, 0.0033) == pytest.approx(paired.mean(), abs=0.03)

    basis = Basis(0.1, None, "", None, None, 0.002)
    (split_events,) = (one for one in prospects(settings, basis) if one.code == "canary.min_events")
    (shadow_events,) = shadow_prospects(settings, basis)
    assert split_events.hopeless
    assert shadow_events.hopeless
    assert split_events.requests
    assert shadow_events.requests
    assert events_power(settings, 0.002, split_events.requests / 10_000) >= POWER
    assert 15_000 < shadow_events.requests < 20_000
    assert 30_000 < split_events.requests < 40_000
    assert "0.2 % of outcomes are other than the most frequent one (30 in each arm" in split_events.assumed
