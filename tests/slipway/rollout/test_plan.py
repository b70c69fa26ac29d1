"""The plan before a rollout."""

from pathlib import Path

import numpy as np
import pytest

from slipway.base.errors import UsageError
from slipway.records.evidence import Evidence
from slipway.rollout.plan import (
    POWER,
    Expected,
    detectable,
    expected,
    plan,
    power,
    shadow_plan,
)
from slipway.rollout.sequential import confidence_sequence
from slipway.rollout.traffic import Answer, Traffic
from slipway.settings import Card, load_card
from slipway.settings.card import Shadow
from slipway.system import load_system
from slipway.tasks.click import TASK, bernoulli_deviation
from tests.slipway.report.sample import evidence
from tests.slipway.rollout.live import short, traffic, write_replay, write_truth
from tests.slipway.root import ROOT

REWARD, LOSS = TASK.metric("reward"), TASK.metric("log_loss")


def deviation(offered: Traffic) -> float:
    """Of one request, before anything is known of the versions."""
    return offered.task.deviation(offered.metric, offered.offered)


@pytest.fixture
def card() -> Card:
    """Ad clicks with a short rollout."""
    return short(load_card(ROOT, "ad_click"))


def test_the_plan_names_steps_metric_and_what_the_replay_holds(card: Card, tmp_path: Path) -> None:
    """Readable lines, before anything starts."""
    lines = plan(card, traffic(card, tmp_path, 2020))

    assert lines[0] == "2,020 of 2,020 requests: 20 to warm up, then 800 at 25 %, 1,200 at 50 %"
    assert "log_loss" in lines[1]


@pytest.mark.gate(
    "rollout.requests",
    fed="a replay part with fewer requests than warm-up and steps need",
    stops="canary",
    exit=2,
    reason="warm-up and steps need",
    untouched="there is no plan, and none of the requests is offered twice",
)
def test_too_little_traffic_is_refused(card: Card, tmp_path: Path) -> None:
    """One request too few for warm-up and steps; none is offered twice."""
    with pytest.raises(UsageError, match="need 2,020 requests, found 2,019"):
        plan(card, traffic(card, tmp_path, 2019))


@pytest.mark.gate(
    "rollout.shadow_requests",
    fed="a replay part with fewer requests than shadow, warm-up and steps need together",
    stops="shadow",
    exit=2,
    reason="shadow, warm-up and steps need",
    untouched="there is no plan, and none of the requests is offered twice",
)
def test_too_little_traffic_for_a_shadow_is_refused(card: Card, tmp_path: Path) -> None:
    """Before anything is asked; the canary's plan counts what its shadow has used."""
    rollout = card.rollout.model_copy(update={"shadow": Shadow(requests=300)})
    card, offered = card.model_copy(update={"rollout": rollout}), traffic(card, tmp_path, 2319)

    with pytest.raises(UsageError, match=r"need 300 \+ 2,020 requests, found 2,319"):
        shadow_plan(card, offered)
    with pytest.raises(UsageError, match="need 2,020 requests, found 2,019"):
        plan(card, offered, used=300)
    assert plan(card, offered, used=299)[0].startswith("2,020 of 2,020 requests: ")
    assert shadow_plan(card, traffic(card, tmp_path, 2320))[0].startswith("300 of 2,320 requests at most")


def test_the_detectable_difference_is_found_as_often_as_said(card: Card) -> None:
    """Simulated rewards of both arms in each step, and the interval at the end."""
    rollout = card.rollout
    size = np.array([step.requests for step in rollout.steps])
    share = np.array([step.weight / 100 for step in rollout.steps])
    lift = detectable(rollout, 0.3)
    random = np.random.default_rng(0)
    canary = random.normal(lift, 0.3 / np.sqrt(size * share), (20_000, 2))
    stable = random.normal(0.0, 0.3 / np.sqrt(size * (1 - share)), (20_000, 2))
    weight = size * share * (1 - share)
    total = float(weight.sum())
    half = confidence_sequence(0.0, 0.3 / np.sqrt(total), total, total, rollout.decision.alpha).high

    assert ((canary - stable) @ weight / total > half).mean() == pytest.approx(0.8, abs=0.01)


def test_the_deviation_is_that_of_one_request(card: Card, tmp_path: Path) -> None:
    """Clicks of the best of four options; and log losses of logged labels under the base rate."""
    logged = traffic(card, tmp_path, 5000)
    write_truth(tmp_path, np.tile([0.2, 0.1, 0.0, 0.1], 5000))
    rate = float(logged.outcomes.mean())
    scores = Answer(np.full(4, rate), np.arange(1, 5))

    offered = Traffic.load(card, load_system("ad_click", ROOT), tmp_path, seed=0)
    assert deviation(offered) == pytest.approx(0.4)
    assert deviation(logged) == pytest.approx(logged.gains(0, [scores] * 5000).std())


def with_rewards(stable: float | None, canary: float | None) -> Evidence:
    """The evidence of a candidate beside its champion, version 4, where the true rewards may be known."""
    found = evidence()
    assert found.champion is not None
    champion = found.champion.model_copy(update={"reward": stable, "version": 4})
    candidate = found.candidate.model_copy(update={"reward": canary})
    return found.model_copy(update={"champion": champion, "candidate": candidate})


def test_the_gate_lets_expect_what_the_holdout_showed() -> None:
    """The true reward, or minus the log loss; nothing where another version was the champion."""
    found = with_rewards(0.16, 0.19)
    assert found.champion is not None
    losses = Expected(*(-one.metrics["log_loss"].value for one in (found.champion, found.candidate)))

    assert expected(found, 4, REWARD) == Expected(0.16, 0.19)
    assert expected(found, 4, LOSS) == losses
    assert expected(found, 3, REWARD) is None
    assert expected(with_rewards(None, 0.19), 4, REWARD) is None
    assert expected(None, 4, REWARD) is None


def test_the_power_is_that_of_the_detectable_difference(card: Card) -> None:
    """And rises with the difference; a canary that is worse is hardly ever promoted."""
    rollout = card.rollout
    found = [power(rollout, factor * detectable(rollout, 0.3), 0.3) for factor in (-1, 0, 1, 2)]

    assert found[2] == pytest.approx(POWER)
    assert found == sorted(found)
    assert found[1] < 0.002


def test_the_plan_tells_the_power_for_what_is_expected(card: Card, tmp_path: Path) -> None:
    """Of clicks at the rate of the two versions together; without an expectation only what can be found."""
    write_replay(tmp_path, 2020)
    write_truth(tmp_path, np.full(8080, 0.2))
    offered = Traffic.load(card, load_system("ad_click", ROOT), tmp_path, seed=0)
    hoped = plan(card, offered, Expected(0.16, 0.24))
    found = power(card.rollout, 0.08, bernoulli_deviation(0.2))

    assert hoped[3] == f"on the holdout it was +0.08, which is found with power {found:.2f}"
    assert hoped[:3] + hoped[4:] == plan(card, offered)
