"""Rollouts that are only simulated: the card's own steps and judgement, in worlds whose answer is known."""

from dataclasses import replace

import numpy as np
import pytest

from slipway.rollout.logged import Logged
from slipway.rollout.plan import requests_needed
from slipway.rollout.simulation import (
    End,
    Setting,
    Tally,
    rolled_out,
    simulated,
    tallied,
    worlds,
)
from slipway.rollout.traffic import Answer, Traffic
from slipway.rollout.worlds import Spells, World, raised
from slipway.settings import load_card
from slipway.system import load_system
from tests.slipway.rollout.live import short, write_replay, write_truth
from tests.slipway.root import ROOT

PLAN = short(load_card(ROOT, "ad_click")).rollout
EFFECT = 0.12


@pytest.fixture(scope="module")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> Traffic:
    """Requests of 200 users, whose best option is clicked four times in ten."""
    split = tmp_path_factory.mktemp("split")
    write_replay(split, 2100)
    write_truth(split, np.tile([0.4, 0.2, 0.1, 0.1], 2100))
    return Traffic.load(load_card(ROOT, "ad_click"), load_system("ad_click", ROOT), split, seed=0)


@pytest.fixture(scope="module")
def setting(traffic: Traffic) -> Setting:
    """What is simulated: no version is live, so the best option is presumed to be shown."""
    return Setting(PLAN, traffic.metric, Logged.of(traffic, requests_needed(PLAN), None))


def tally(setting: Setting, world: World, draws: int) -> Tally:
    """How often rollouts end in which way."""
    (found,) = tallied([world], list(simulated(setting, [world], draws, 0)))
    return found


def test_the_worlds_end_as_they_should(setting: Setting) -> None:
    """An equal canary and an erring one are hardly ever promoted, a better one nearly always."""
    equal, better, erring, slow = worlds(PLAN, EFFECT, 0.0)
    found = {world.name: tally(setting, world, 10) for world in (equal, better, erring)}

    assert found["equal"].rate("promote").value <= 0.2
    assert found[better.name].rate("promote").value >= 0.8
    assert found[erring.name].rate("promote").value == 0
    assert found[erring.name].obstacle == "canary.error_rate"
    assert slow.slow == Spells(0.02, PLAN.block_requests // 2)


def test_a_seed_is_a_rollout(setting: Setting) -> None:
    """The same seed ends in the same way after the same looks, and another one does not."""
    world = worlds(PLAN, EFFECT, 0.01)[1]
    first, again, other = (rolled_out(setting, world, seed) for seed in ((1, 2), (1, 2), (1, 3)))

    def seen(draw: object) -> list[object]:
        return [look.model_dump(exclude={"at"}) for look in draw.looks]  # type: ignore[attr-defined]

    assert seen(first) == seen(again) != seen(other)
    assert first.requests == PLAN.warmup_requests + sum(
        look.requests
        for look, after in zip(first.looks, [*first.looks[1:], None], strict=True)
        if after is None or after.step != look.step
    )


def test_processes_change_nothing(setting: Setting) -> None:
    """Two of them find what one finds, in the same order."""
    each = worlds(PLAN, EFFECT, 0.0)[:2]

    assert list(simulated(setting, each, 3, 7, workers=2)) == list(simulated(setting, each, 3, 7))


def test_the_weight_stays_where_errors_look_too_many(setting: Setting) -> None:
    """As in a rollout, for it is the same walk through the steps: no more users meet the faults."""
    allowed = PLAN.guardrails.max_error_rate_rise
    draw = rolled_out(setting, World("erring", errors=(0.0, 1.6 * allowed)), (0,))

    assert {look.weight for look in draw.looks} == {25}
    assert draw.outcome != "promote"


def test_a_live_version_s_answers_say_what_requests_earn(traffic: Traffic) -> None:
    """It shows the third option of each request, which is clicked once in ten times; luck is drawn anew."""
    ranks = np.tile([3, 2, 1, 4], 2020)
    logged = Logged.of(traffic, 2020, Answer(np.zeros(8080), ranks))
    draws = [logged.earned(np.random.default_rng(seed))[0] for seed in range(5)]

    assert np.mean(draws) == pytest.approx(0.1, abs=0.01)
    assert not np.array_equal(draws[0], draws[1])


def test_outcomes_come_when_they_came(traffic: Traffic) -> None:
    """The delays are those of the rows."""
    logged = Logged.of(traffic, 2020, None)
    late = replace(traffic, known_at=traffic.times + 90 * 60_000_000)

    assert np.array_equal(logged.due(20, 400, waited=False), traffic.due(20, 400, waited=False))
    assert Logged.of(late, 2020, None).due(20, 400, waited=False).sum() == 290
    assert Logged.of(late, 2020, None).due(20, 400, waited=True).all()


@pytest.mark.parametrize("effect", [0.05, -0.05])
def test_an_effect_is_added_on_average(effect: float) -> None:
    """To rewards, which stay 0 or 1, and to losses, which are shifted."""
    random = np.random.default_rng(0)
    rewards = (random.random(100_000) < 0.2).astype(np.float64)
    moved = raised(random, rewards, effect)

    assert set(moved) == {0.0, 1.0}
    assert moved.mean() - rewards.mean() == pytest.approx(effect, abs=0.003)
    assert raised(random, -rewards - 0.5, effect) == pytest.approx(-rewards - 0.5 + effect)


def test_spells_take_their_share_of_the_time() -> None:
    """In runs of their length."""
    found = Spells(0.1, 50).drawn(np.random.default_rng(0), 200_000)
    begins = np.flatnonzero(found[1:] & ~found[:-1])

    assert found.mean() == pytest.approx(0.1, abs=0.01)
    assert found.sum() / len(begins) == pytest.approx(50, rel=0.05)


def test_a_tally_counts_and_names_what_is_in_the_way() -> None:
    """Sizes are some that occurred."""
    ends = [End("promote", None, 2000)] * 3 + [End("abort", "canary.latency", 600)] * 2
    found = Tally("any", (*ends, End("inconclusive", "canary.metric", 2000)))

    assert found.rate("promote").value == 0.5
    assert (found.requests(0.1), found.requests(0.5), found.requests(0.9)) == (600, 2000, 2000)
    assert found.obstacle == "canary.latency"
