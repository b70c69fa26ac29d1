"""A guardrail passes by what it knows of the last step, and by no more than that."""

from dataclasses import replace

import numpy as np
import pytest

from slipway.records.canary import Look
from slipway.records.checks import CanaryOutcome
from slipway.records.evidence import UNBOUNDED
from slipway.rollout.analysis import judge
from slipway.rollout.observations import Observations
from slipway.settings.card import Guardrails, Rollout, Step
from slipway.tasks.click import TASK
from tests.slipway.rollout.test_analysis import AT, failed

SIZES = (2000, 400)


def plan(quantile: float = 0.9, least: int = 100) -> Rollout:
    """Two steps, the last one short."""
    return Rollout(
        steps=[Step(weight=10, requests=SIZES[0]), Step(weight=50, requests=SIZES[1])],
        guardrails=Guardrails(min_requests=least, latency_quantile=quantile),
        max_duration_minutes=5.0,
    )


def traffic(slower: float = 1.0, errors: float = 0.0) -> Observations:
    """Of users who ask once; the canary earns more in both steps, and is slow or errs in the last alone."""
    random, size = np.random.default_rng(3), sum(SIZES)
    step = np.repeat(np.arange(2, dtype=np.int32), SIZES)
    canary = random.random(size) * 100 < np.array([10, 50])[step]
    worse = canary & (step == 1)
    error = worse & (random.random(size) < errors)
    return Observations(
        step=step,
        unit=np.arange(size),
        canary=canary,
        error=error,
        latency_ms=np.where(error, np.nan, random.lognormal(1.6, 0.2, size) * np.where(worse, slower, 1)),
        due=np.ones(size, np.bool_),
        metric=np.where(error, np.nan, random.random(size) < 0.2 + 0.6 * canary),
    )


def look(seen: Observations, settings: Rollout) -> Look:
    """The last one."""
    return judge(seen, settings, 1, True, AT, TASK.metric("reward"))


def test_a_sound_canary_is_promoted() -> None:
    """Each case below is stopped by its own fault."""
    found = look(traffic(), plan())

    assert (found.verdict.outcome, failed(found)) == ("promote", [])


@pytest.mark.parametrize(("slower", "outcome"), [(1.0, "inconclusive"), (10.0, "inconclusive")])
def test_a_quantile_without_a_bound_is_no_pass(slower: float, outcome: CanaryOutcome) -> None:
    """Two hundred answers bound no p99, of milliseconds as of seconds."""
    found = look(traffic(slower), plan(quantile=0.99))

    assert (found.latency_ratio.low, found.latency_ratio.high) == (0.0, UNBOUNDED)
    assert (found.verdict.outcome, failed(found)) == (outcome, ["canary.latency"])


@pytest.mark.parametrize("least", [100, 190])
def test_the_requests_of_earlier_steps_vouch_for_nothing(least: int) -> None:
    """A last step that ends early has too few for a pass, though all steps together have enough."""
    seen = traffic()
    early = seen.where(np.arange(len(seen)) < SIZES[0] + least)
    found = look(early, plan(least=least))

    assert found.canary.requests < least
    assert "canary.error_rate" in failed(found)
    assert "too few requests to pass" in found.verdict.checks[2].found


@pytest.mark.gate("canary.error_rate")
def test_errors_of_the_last_step_are_not_hidden_by_the_first() -> None:
    """One in six answers fails under the load of the last step alone."""
    found = look(traffic(errors=0.17), plan())

    assert found.verdict.outcome == "abort"
    assert found.verdict.checks[0].code == "canary.error_rate"


@pytest.mark.parametrize(
    ("missing", "passes"), [((0.2, 0.2), True), ((0.2, 0.4), False), ((0.0, 0.1), False)]
)
def test_outcomes_may_be_missing_alike(missing: tuple[float, float], passes: bool) -> None:
    """Where a fifth of both arms' outcomes never comes, their shares differ by noise."""
    seen = traffic()
    lost = np.random.default_rng(2).random(len(seen)) < np.array(missing)[seen.canary.astype(int)]
    found = look(replace(seen, metric=np.where(lost, np.nan, seen.metric)), plan())

    assert ("canary.metric_known" not in failed(found)) == passes
