"""Canaries that are no better and no worse, judged after every batch: the benchmark, small."""

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
from slipway.records.evidence import Interval
from slipway.rollout import analysis
from slipway.rollout.observations import Observations
from slipway.settings.card import Rollout

RUNS = 24
ALPHA = 0.05


def outcomes(scenario: Scenario, runs: int = RUNS) -> list[str]:
    """How canaries end that are judged after every batch until there is a verdict."""
    ends = []
    for seed in range(runs):
        verdicts = (look.verdict.outcome for look in looks(scenario, drawn(scenario, seed)))
        ends.append(next(outcome for outcome in verdicts if outcome != "continue"))
    return ends


def wrongly_decided(scenario: Scenario) -> bool:
    """Whether equal arms are stopped or promoted more often than alpha, beyond the noise of the runs."""
    ends = outcomes(scenario)
    return Rate.of(end != "inconclusive" for end in ends).interval.low > ALPHA


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
    found = [run(scenario, seed) for seed in range(12)]

    assert Rate.of(one.errors or one.latency for one in found).interval.low < ALPHA


@pytest.mark.parametrize("scenario", FAULTY, ids=lambda scenario: scenario.name)
def test_faults_are_found(scenario: Scenario) -> None:
    """What is clearly beyond a limit is stopped, most often before the plan ends."""
    assert outcomes(scenario, runs=12).count("abort") >= 7
