"""What a plan can show: formulas against the analysis itself."""

from functools import partial

import numpy as np
import pytest

from slipway.rollout.blocks import LEAST
from slipway.rollout.guardrails import error_rate_rise
from slipway.rollout.observations import Observations
from slipway.rollout.power import (
    POWER,
    design_effect,
    detectable,
    exact_power,
    power,
    requests_for,
    rise_power,
)
from slipway.settings.card import Rollout, Step

PLAN = Rollout(
    steps=[Step(weight=10, requests=2000), Step(weight=25, requests=4000), Step(weight=50, requests=8000)],
    max_duration_minutes=30.0,
)
PLANNED = sum(step.requests for step in PLAN.steps)
RUNS = 80


def erring(plan: Rollout, rate: float, seed: int) -> Observations:
    """A whole canary whose arms both fail at a rate."""
    random, size = np.random.default_rng(seed), sum(step.requests for step in plan.steps)
    step = np.repeat(np.arange(len(plan.steps), dtype=np.int32), [step.requests for step in plan.steps])
    weight = np.array([step.weight for step in plan.steps])[step]
    return Observations(
        step=step,
        block=np.arange(size) // plan.block_requests,
        unit=np.arange(size),
        canary=random.random(size) * 100 < weight,
        error=random.random(size) < rate,
        latency_ms=np.ones(size),
        due=np.ones(size, np.bool_),
        metric=np.ones(size),
    )


@pytest.mark.parametrize("rate", [0.0, 0.003, 0.01, 0.03])
def test_the_power_for_a_share_is_that_of_the_analysis(rate: float) -> None:
    """As often as said the interval of the errors lies below the limit, though both arms fail alike."""
    shown = [error_rate_rise(erring(PLAN, rate, seed), PLAN).high <= 0.005 for seed in range(RUNS)]
    said = rise_power(PLAN, rate, 0.005)

    # Four standard errors of the simulation, and what a normal approximation may be off.
    assert np.mean(shown) == pytest.approx(said, abs=0.05 + 2 / np.sqrt(RUNS))


def test_the_requests_needed_have_the_power_and_fewer_do_not() -> None:
    """For the metric, for errors, and where no request fails; in steps of the same proportions."""
    chances = (
        partial(power, PLAN, 0.02, 0.4),
        partial(rise_power, PLAN, 0.01, 0.005),
        partial(exact_power, PLAN, 0.0, 0.005),
    )
    for chance in chances:
        needed = requests_for(PLANNED, chance)

        assert needed is not None
        assert chance(needed / PLANNED) >= POWER
        assert chance(0.85 * needed / PLANNED) < POWER


def test_what_no_number_of_requests_shows_has_none() -> None:
    """A canary that is worse is not found to be better."""
    assert requests_for(PLANNED, partial(power, PLAN, -0.01, 0.4)) is None


def test_a_few_requests_that_twelve_blocks_are_too_few_for_do_not_count() -> None:
    """Slow answers are so many that some 1,500 requests show their share, and 5,400 do not."""
    chance = partial(rise_power, PLAN, 0.1, 0.1)
    least = LEAST * PLAN.block_requests

    assert chance(1500 / PLANNED) == 1.0
    assert chance(0.9 * least / PLANNED) < POWER
    assert requests_for(PLANNED, chance) == pytest.approx(least, rel=0.1)


def test_the_power_rises_with_the_plan() -> None:
    """Four times the requests find half the difference."""
    assert power(PLAN, detectable(PLAN, 0.4) / 2, 0.4, scale=4.0) == pytest.approx(POWER)


def test_requests_of_one_unit_that_are_alike_tell_as_one() -> None:
    """Ten copies of each request; and requests that differ each tell for themselves."""
    values = np.random.default_rng(0).normal(size=500)

    assert design_effect(values, np.arange(500)) == pytest.approx(1.0)
    assert design_effect(np.repeat(values, 10), np.repeat(np.arange(500), 10)) == pytest.approx(10.0)
    assert design_effect(np.zeros(5), np.arange(5)) == 1.0
