"""A guardrail passes where it is shown that no harm is done, and stops where harm is shown."""

from dataclasses import replace

import numpy as np
import pytest

from slipway.records.canary import Look
from slipway.rollout.analysis import judge
from slipway.rollout.observations import Observations
from slipway.rollout.reference import Reference
from slipway.settings.card import Guardrails, Rollout, Step
from slipway.tasks.click import TASK
from tests.slipway.rollout.judged import AT, check, failed

SIZES = (4000, 6000)
SLOW = Reference(slow_ms=2 * float(np.exp(1.6 + 0.2 * 1.2816)))
"""Of the traffic below: twice its p90."""


def plan(quantile: float = 0.9, least: int = 100) -> Rollout:
    """Two steps, of eight and of twelve blocks."""
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
        block=np.arange(size) // 500,
        unit=np.arange(size),
        canary=canary,
        error=error,
        latency_ms=np.where(error, np.nan, random.lognormal(1.6, 0.2, size) * np.where(worse, slower, 1)),
        due=np.ones(size, np.bool_),
        metric=np.where(error, 0.0, random.random(size) < 0.2 + 0.6 * canary),
    )


def look(seen: Observations, settings: Rollout) -> Look:
    """The last one."""
    return judge(seen, settings, 1, True, AT, TASK.metric("reward"), SLOW)


def test_a_sound_canary_is_promoted() -> None:
    """Each case below is stopped by its own fault."""
    found = look(traffic(), plan())

    assert (found.verdict.outcome, failed(found)) == ("promote", [])


@pytest.mark.parametrize(("quantile", "passes"), [(0.9, True), (0.99, True), (0.999, False)])
def test_no_slow_answer_is_not_shown_to_be_few_enough(quantile: float, passes: bool) -> None:
    """Three thousand answers of which none is slow bound their share, but not by one in a thousand."""
    rule = check(look(traffic(), plan(quantile=quantile)), "latency")

    assert rule.passed == passes
    assert rule.answer == ("good" if passes else "not shown")


@pytest.mark.parametrize(("blocks", "answer"), [(16, "bad"), (11, "not shown")])
def test_eleven_blocks_do_not_show_a_slow_canary(blocks: int, answer: str) -> None:
    """A canary ten times as slow from its first request on is stopped by sixteen blocks, not by eleven.

    Nor would it be promoted before: it is not shown to be fast enough.
    """
    seen = traffic()
    seen = replace(seen, latency_ms=seen.latency_ms * np.where(seen.canary, 10, 1))
    found = look(seen.where(seen.block < blocks), plan())

    assert check(found, "latency").answer == answer
    assert found.verdict.outcome == ("abort" if answer == "bad" else "inconclusive")


def test_a_warm_up_in_a_slow_spell_hides_no_slow_canary() -> None:
    """Six times as slow as ever since, it would let a canary pass that takes three times as long."""
    seen, spell = traffic(slower=3.0), Reference(slow_ms=6 * (SLOW.slow_ms or 0.0))
    found = judge(seen, plan(), 1, True, AT, TASK.metric("reward"), spell)

    assert (found.verdict.outcome, failed(found)) == ("abort", ["canary.latency"])


def test_slow_answers_of_the_last_step_are_not_hidden_by_the_first() -> None:
    """A canary that is ten times as slow under the load of the last step alone is stopped for it."""
    found = look(traffic(slower=10.0), plan())

    assert (found.verdict.outcome, failed(found)) == ("abort", ["canary.latency"])


@pytest.mark.parametrize("least", [100, 190])
def test_the_requests_of_earlier_steps_vouch_for_nothing(least: int) -> None:
    """A last step that ends early has too few for a promotion, though all steps together have enough."""
    seen = traffic()
    early = seen.where(np.arange(len(seen)) < SIZES[0] + least)
    found = look(early, plan(least=least))

    assert found.canary.requests < least < early.canary.sum()
    assert check(found, "min_requests").answer == "not shown"
    assert found.verdict.outcome == "inconclusive"


@pytest.mark.gate("canary.error_rate")
def test_errors_of_the_last_step_are_not_hidden_by_the_first() -> None:
    """One in six answers fails under the load of the last step alone.

    Blocks that change half-way are no sample of one rise, but one after the other is five points worse.
    """
    found = look(traffic(errors=0.17), plan())

    assert found.verdict.outcome == "abort"
    assert found.verdict.checks[0].code == "canary.error_rate"
    assert "in block after block" in found.verdict.checks[0].found


@pytest.mark.parametrize(
    ("missing", "answer"),
    [((0.0, 0.0), "good"), ((0.2, 0.2), "not shown"), ((0.2, 0.4), "bad"), ((0.0, 0.1), "bad")],
)
def test_outcomes_may_be_missing_alike(missing: tuple[float, float], answer: str) -> None:
    """Where a fifth of both arms' outcomes never comes, their shares differ by noise: no harm is shown.

    Nor that there is none, on so few requests.
    """
    seen = traffic()
    lost = np.random.default_rng(2).random(len(seen)) < np.array(missing)[seen.canary.astype(int)]
    found = look(replace(seen, metric=np.where(lost, np.nan, seen.metric)), plan())

    assert check(found, "metric_known").answer == answer
    assert (found.verdict.outcome == "abort") == (answer == "bad")


def test_a_reference_is_frozen_by_stable() -> None:
    """Slow is a multiple of a quantile of the answers that came; the others are its error rate."""
    warm = np.array([*np.arange(1.0, 12.0), np.nan])
    found = Reference.of(warm, Guardrails(latency_quantile=0.9, max_latency_ratio=3.0))

    assert found.slow_ms == pytest.approx(3 * 10.0)
    # One of twelve at least once in twenty times: 1 - (1 - p)^12 = 0.05.
    assert found.error_rate == pytest.approx(1 - 0.95 ** (1 / 12))


def test_errors_by_chance_do_not_widen_the_limit() -> None:
    """Three of a hundred failed answers are well known where stable fails in one of a hundred."""
    warm = np.where(np.arange(100) < 3, np.nan, 1.0)
    always = np.where(np.arange(100) < 30, np.nan, 1.0)

    assert Reference.of(warm, Guardrails()).most_errors(Guardrails()) == Guardrails().max_error_rate_rise
    assert Reference.of(always, Guardrails()).most_errors(Guardrails()) == pytest.approx(0.1124, abs=1e-4)


@pytest.mark.parametrize(("warm", "errors"), [([], 0.0), ([np.nan, np.nan], np.sqrt(0.05))])
def test_a_reference_of_no_answer_knows_no_latency(warm: list[float], errors: float) -> None:
    """Where stable answered nothing, nothing is slow; all failed, or nothing was asked: p^2 = 0.05."""
    assert Reference.of(np.array(warm, np.float64), Guardrails()) == Reference(None, errors)


@pytest.mark.parametrize(("before", "most"), [(0.0, 0.005), (0.01, 0.005), (0.04, 0.02)])
def test_most_errors(before: float, most: float) -> None:
    """Half a percent, or half of what stable had, whichever is more."""
    assert Reference(error_rate=before).most_errors(Guardrails()) == pytest.approx(most)
