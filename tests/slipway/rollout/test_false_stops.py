"""Canaries that are no better and no worse, or harmful, judged after every batch: the benchmarks, small."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from benchmarks.bench_canary import (
    AT_THE_LIMIT,
    EQUAL,
    FAULTY,
    Rate,
    Scenario,
    drawn,
    looks,
    run,
)
from benchmarks.bench_decisions import NEW, USED, end, worn_off
from benchmarks.decision_cases import BETTER, BLOCK, HARMFUL, Case
from benchmarks.decision_cases import EQUAL as ALIKE
from slipway.records.evidence import Interval
from slipway.rollout import analysis, guardrails, rules
from slipway.rollout.blocks import counted
from slipway.rollout.observations import Observations
from slipway.rollout.sequential import rate_difference
from slipway.settings.card import Rollout

RUNS = 8
"""Two wrong decisions of so many are more than alpha: a rule that errs in half of all runs is found out in 96
of 100 scenarios, and the pooled test below is in each of its four."""
LOOKS = 4
"""Blocks between two looks of `ends`: a quarter of the looks, each of which is as likely to err."""
ALPHA = 0.05
WORLDS = {world.name: world for world in (*ALIKE, *HARMFUL, *BETTER)}
BURSTS = "bursts of half a block, 3 % of the time"
SLOW = "slow for 200 requests, 8 % of the time"


def ends(case: Case, runs: int, batch: int = LOOKS) -> list[tuple[str, int]]:
    """How canaries end, and after how many requests; of 2,000,000 requests there are 46,000 here."""
    small = replace(case, scale=min(case.scale, 2), batch=batch)
    return [end(small, seed) for seed in range(runs)]


def outcomes(scenario: Scenario, runs: int) -> list[str]:
    """How canaries end that are judged after every batch until there is a verdict."""
    found: list[str] = []
    for seed in range(runs):
        verdicts = (look.verdict.outcome for look in looks(scenario, drawn(scenario, seed)))
        found.append(next(outcome for outcome in verdicts if outcome != "continue"))
    return found


def wrongly_decided(scenario: Scenario) -> bool:
    """Whether equal arms are told apart more often than alpha, by the metric at a look or by the verdict."""
    found = [run(scenario, seed) for seed in range(RUNS)]
    return more_than_alpha(one.excluded or one.outcome != "inconclusive" for one in found)


def more_than_alpha(which: Iterable[bool]) -> bool:
    """Whether it is so more often than alpha, beyond the noise of the runs."""
    return Rate.of(which).interval.low > ALPHA


def pooled_difference(seen: Observations, plan: Rollout) -> Interval:
    """One z-test over the requests of all users and steps, as if nobody had looked before."""
    arms = [seen.metric[seen.known & (seen.canary == arm)] for arm in (True, False)]
    gain = float(arms[0].mean() - arms[1].mean())
    half = float(norm.ppf(1 - plan.decision.alpha / 2) * np.sqrt(sum(arm.var() / len(arm) for arm in arms)))
    return Interval(value=gain, low=gain - half, high=gain + half)


@pytest.mark.parametrize("scenario", EQUAL, ids=lambda scenario: scenario.name)
def test_equal_arms_are_left_alone(scenario: Scenario) -> None:
    """Hardly ever is an equal canary stopped or promoted, whatever its traffic is like."""
    assert not wrongly_decided(scenario)


@pytest.mark.parametrize("scenario", [EQUAL[1], EQUAL[2], EQUAL[3], EQUAL[7]], ids=lambda one: one.name)
def test_the_pooled_test_does_not_hold(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same test fails where requests are pooled: they decide on users and steps, not on the canary."""
    monkeypatch.setattr(analysis, "difference", pooled_difference)

    assert wrongly_decided(scenario)


@pytest.mark.parametrize("scenario", AT_THE_LIMIT, ids=lambda scenario: scenario.name)
def test_what_the_card_allows_is_not_stopped(scenario: Scenario) -> None:
    """A canary at the very limit of a guardrail is within it."""
    found = [run(scenario, seed) for seed in range(RUNS)]

    assert not more_than_alpha(one.errors or one.latency for one in found)


@pytest.mark.parametrize("scenario", FAULTY, ids=lambda scenario: scenario.name)
def test_faults_are_found(scenario: Scenario) -> None:
    """What is clearly beyond a limit is stopped, most often before the plan ends."""
    assert outcomes(scenario, runs=RUNS).count("abort") >= 5


@pytest.mark.parametrize("case", [case for case in ALIKE if case.held], ids=lambda case: case.name)
def test_equal_arms_in_a_rude_world_are_left_alone(case: Case) -> None:
    """Spells, few users, rare rewards, what fails on them, what is lost, what is late: nothing is decided."""
    assert [outcome for outcome, _ in ends(case, 1)] == ["inconclusive"]


@pytest.mark.parametrize("name", ["1 % errors", BURSTS, SLOW])
def test_equal_servers_with_faults_are_left_alone(name: str) -> None:
    """Errors of both, or spells of either, decide nothing."""
    found = [outcome for outcome, _ in ends(WORLDS[name], 6)]

    assert not more_than_alpha(outcome == "abort" for outcome in found)
    assert not more_than_alpha(outcome == "promote" for outcome in found)


def by_unit(seen: Observations, hits: Any, target: float, alpha: float) -> Interval:
    """A rise as if what happens to one unit told nothing of the next request."""
    stable, canary = (counted(hits[arm], seen.unit[arm]) for arm in (~seen.canary, seen.canary))
    return rate_difference(stable, canary, alpha)


def test_a_comparison_by_unit_does_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same bursts stop equal arms where units are counted as independent of each other."""
    monkeypatch.setattr(guardrails, "rise", by_unit)

    assert more_than_alpha(outcome == "abort" for outcome, _ in ends(WORLDS[BURSTS], 6))


@pytest.mark.parametrize("world", HARMFUL, ids=lambda world: world.name)
def test_a_harmful_canary_is_never_promoted(world: Case) -> None:
    """Whatever it earns, and whether or not the harm is ever shown."""
    assert "promote" not in [outcome for outcome, _ in ends(world, 2)]


@pytest.mark.parametrize("name", ["errors 1 to 2 %, earns more", "latency times 3, earns more"])
def test_harm_is_what_withholds_the_promotion(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the guardrails the same canaries would be promoted for what they earn."""
    none = Interval(value=0.0, low=0.0, high=0.0)
    monkeypatch.setattr(guardrails, "rise", lambda *given: none)
    monkeypatch.setattr(rules, "broken", lambda *given: None)

    assert "promote" in [outcome for outcome, _ in ends(WORLDS[name], 2)]


def test_a_canary_whose_answers_all_fail_ends_at_once() -> None:
    """One block is enough."""
    assert ends(WORLDS["every answer fails"], 6, batch=1) == [("abort", BLOCK)] * 6


@pytest.mark.parametrize("world", BETTER, ids=lambda world: world.name)
def test_a_better_canary_is_not_aborted(world: Case) -> None:
    """Whether or not there are enough requests to promote it."""
    assert "abort" not in [outcome for outcome, _ in ends(world, 1)]


@pytest.mark.parametrize("world", [BETTER[0], BETTER[3]], ids=lambda world: world.name)
def test_a_better_canary_is_promoted(world: Case) -> None:
    """Also where both servers are slow at times."""
    assert [outcome for outcome, _ in ends(world, 3)] == ["promote"] * 3


def test_what_wears_off_is_seen_to() -> None:
    """The interval of each exposure holds what is true there."""
    for number, shown in enumerate(worn_off(0)[0]):
        assert shown.lift is not None
        assert shown.lift.low <= (NEW if number < 3 else USED) <= shown.lift.high
