"""The plan before a rollout."""

from pathlib import Path

import numpy as np
import pytest

from slipway.base.errors import Refused, UsageError
from slipway.records.evidence import Evidence
from slipway.rollout.plan import Expected, expected, per_day, plan, shadow_plan
from slipway.rollout.power import POWER, design_effect, detectable, power
from slipway.rollout.sequential import confidence_sequence
from slipway.rollout.traffic import Answer, Traffic
from slipway.settings import Card, load_card
from slipway.settings.card import Decision, Shadow
from slipway.system import load_system
from slipway.tasks.click import TASK, bernoulli_deviation
from slipway.tasks.columns import SHUFFLED
from tests.slipway.report.sample import canary, evidence
from tests.slipway.rollout.live import short, traffic, write_replay, write_truth
from tests.slipway.root import ROOT

REWARD, LOSS = TASK.metric("reward"), TASK.metric("log_loss")


def deviation(offered: Traffic) -> float:
    """Of one request, before anything is known of the versions."""
    return float(offered.task.presumed(offered.metric, offered.offered).std())


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


@pytest.mark.gate("rollout.requests")
def test_too_little_traffic_for_a_shadow_is_refused(card: Card, tmp_path: Path) -> None:
    """Before anything is asked; the canary's plan counts what its shadow has used."""
    rollout = card.rollout.model_copy(update={"shadow": Shadow(requests=300)})
    card, offered = card.model_copy(update={"rollout": rollout}), traffic(card, tmp_path, 2319)

    with pytest.raises(UsageError, match="shadow, warm-up and steps need 2,320 requests, found 2,319"):
        shadow_plan(card, offered)
    with pytest.raises(UsageError, match="need 2,320 requests, found 2,319"):
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


def test_a_margin_is_room(card: Card) -> None:
    """An equal canary has the power to be shown not worse that one better by the margin has to be better."""
    asked = Decision(metric="reward", rule="not_worse", margin=0.06)
    lax = card.rollout.model_copy(update={"decision": asked})

    assert power(lax, 0.0, 0.3) == power(card.rollout, 0.06, 0.3) > 0.5
    assert detectable(lax, 0.3) == pytest.approx(detectable(card.rollout, 0.3) - 0.06)


def test_the_deviation_is_that_of_one_request(card: Card, tmp_path: Path) -> None:
    """Clicks of the best of four options; and log losses of logged labels under the base rate."""
    logged = traffic(card, tmp_path, 5000)
    write_truth(tmp_path, np.tile([0.2, 0.1, 0.0, 0.1], 5000))
    rate = float(logged.outcomes.mean())
    scores = Answer(np.full(4, rate), np.arange(1, 5))

    offered = Traffic.load(card, load_system("ad_click", ROOT), tmp_path, seed=0)
    assert deviation(offered) == pytest.approx(0.4, abs=0.01)
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


def drawn(card: Card, folder: Path) -> Traffic:
    """Requests whose best option is clicked twice in ten times."""
    write_replay(folder, 2020)
    write_truth(folder, np.full(8080, 0.2))
    return Traffic.load(card, load_system("ad_click", ROOT), folder, seed=0)


def alike(offered: Traffic) -> float:
    """The design effect of the requests that are judged."""
    presumed = offered.task.presumed(offered.metric, offered.offered)
    return design_effect(presumed[20:2020], offered.unit_codes[20:2020])


def test_the_plan_tells_the_power_for_what_is_expected(card: Card, tmp_path: Path) -> None:
    """Of clicks at the rate of the two versions together, and of units that come back."""
    offered = drawn(card, tmp_path)
    hoped = plan(card, offered, Expected(0.16, 0.26))
    noise = bernoulli_deviation(0.21) * np.sqrt(alike(offered))
    found = power(card.rollout, 0.1, noise)

    assert [one.split(":")[0] for one in hoped[4:8]] == [
        "canary.error_rate",
        "canary.latency",
        "canary.metric_known",
        "canary.metric",
    ]
    assert hoped[7].startswith(f"canary.metric: power {found:.2f}; ")
    assert hoped[7].endswith("if it gains +0.1 per request (as on the holdout)")
    assert "canary.metric:" not in "".join(plan(card, offered))


def test_the_effect_that_is_worth_finding_goes_before_the_holdout_s(card: Card, tmp_path: Path) -> None:
    """What the holdout showed is told beside it."""
    rollout = card.rollout.model_copy(update={"min_effect": 0.09})
    wanted = card.model_copy(update={"rollout": rollout})
    said = plan(wanted, drawn(card, tmp_path), Expected(0.16, 0.17))

    assert said[3].startswith("on the holdout it was +0.01, which is found with power 0.0")
    assert said[8].endswith("if it gains +0.09 per request (the card's min_effect)")


@pytest.mark.gate("rollout.hopeless")
def test_a_plan_that_can_hardly_promote_anything_is_refused(card: Card, tmp_path: Path) -> None:
    """By the metric; an exploratory card is let through, and says so."""
    offered, small = drawn(card, tmp_path), Expected(0.16, 0.17)
    with pytest.raises(
        Refused, match=r"can hardly promote anything; canary\.metric: power 0\.0\d; "
    ) as caught:
        plan(card, offered, small)
    assert "rollout.exploratory: true" in str(caught.value)
    rollout = card.rollout.model_copy(update={"exploratory": True})
    assert "exploratory: it may well end inconclusive" in plan(
        card.model_copy(update={"rollout": rollout}), offered, small
    )


def test_the_rate_is_that_of_the_replay_part(card: Card, tmp_path: Path) -> None:
    """A request each minute; rows that were shuffled have no time, so nobody knows days."""
    offered = drawn(card, tmp_path)
    made = card.data.columns["time"].model_copy(update={"source": SHUFFLED})
    data = card.data.model_copy(update={"columns": card.data.columns | {"time": made}})

    assert per_day(card, offered) == pytest.approx(1440, rel=1e-3)
    assert per_day(card.model_copy(update={"data": data}), offered) is None


def test_recorded_errors_are_planned_with(card: Card, tmp_path: Path) -> None:
    """The last look of each step counts the requests of the step; of the arm that the version was in."""
    found = canary()
    last = {look.step: look for look in found.looks}.values()
    stable = sum(look.stable.errors for look in last) / sum(look.stable.requests for look in last)

    assert found.error_rate(found.stable) == stable
    assert found.error_rate(99) is None
    said = plan(card, drawn(card, tmp_path), error_rate=0.0345)
    assert "if 3.5 % of answers fail in both arms (as recorded; 0.05 more are allowed)" in said[4]
