"""A shadow before a simulated canary: pairs decide the quality, and the canary the rest."""

from dataclasses import replace

import numpy as np
import pytest

from slipway.rollout.simulated_shadow import Pairing, shadowed
from slipway.rollout.simulation import Setting, rolled_out, simulated, tallied, worlds
from slipway.rollout.worlds import World
from slipway.settings.card import Decision, Guardrails, Rollout, Shadow, Step
from slipway.tasks.binary import TASK

LOSS = TASK.metric("log_loss")
PLAN = Rollout(
    shadow=Shadow(requests=2000),
    steps=[Step(weight=50, requests=1200)],
    warmup_requests=20,
    batch_requests=100,
    block_requests=50,
    guardrails=Guardrails(max_error_rate_rise=0.05, max_unknown_rise=0.05),
    max_duration_minutes=10,
)
NOISE = 0.2
"""Of a pair, which a gain of 0.02 exceeds by far in 2,000 of them: 0.02 / (0.2 / sqrt(2000)) = 4.5."""


class Rows:
    """Requests of a user each, of which three in ten have the label 1, answered by the base rate."""

    def __init__(self, size: int) -> None:
        self.unit_codes = np.arange(size)
        self.units = [str(one) for one in range(size)]
        self.labels = (np.random.default_rng(0).random(size) < 0.3).astype(np.float64)

    def earned(self, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """The log loss of 0.3, answered or not."""
        loss = np.where(self.labels == 1, np.log(0.3), np.log(0.7))
        return loss, loss

    def due(self, first: int, last: int, waited: bool) -> np.ndarray:
        """All at once."""
        return np.ones(last - first, np.bool_)


@pytest.fixture(scope="module")
def setting() -> Setting:
    """Shadow and canary of the plan above."""
    copies = Rows(PLAN.shadow.requests)
    return Setting(PLAN, LOSS, Rows(1220), Pairing(copies, NOISE))


def test_the_shadow_decides_and_the_canary_proves_the_rest(setting: Setting) -> None:
    """A better version is promoted by fewer requests than a split takes; equal and erring ones are not."""
    equal, better, erring, _ = worlds(PLAN, 0.02, 0.0)
    found = {}
    for world in (equal, better, erring):
        (found[world.name],) = tallied([world], list(simulated(setting, [world], 10, 0)))

    assert found["equal"].rate("promote").value <= 0.1
    assert found[better.name].rate("promote").value >= 0.8
    assert found[erring.name].rate("promote").value == 0
    assert found["equal"].obstacle == "shadow.metric"
    assert replace(setting, pairing=None) != setting
    alone = [rolled_out(replace(setting, pairing=None), better, (seed,)).outcome for seed in range(10)]
    assert alone.count("promote") <= 1


def test_requests_of_both_are_counted(setting: Setting) -> None:
    """Those of the shadow up to its verdict, then warm-up and steps; where it does not pass, nothing more."""
    better, worse = World("better", effect=0.05), World("worse", effect=-0.05)
    verdict, used = shadowed(setting.pairing, PLAN, LOSS, better, np.random.default_rng((3,)))  # type: ignore[arg-type]
    through, ended = (rolled_out(setting, world, (3,)) for world in (better, worse))

    assert verdict.outcome == "pass"
    assert 100 <= used < PLAN.shadow.requests
    assert through.requests == used + 1220
    assert (ended.outcome, ended.why, ended.looks) == ("abort", "shadow.metric", [])
    assert ended.requests < PLAN.shadow.requests


def test_what_is_not_worth_it_ends_the_shadow(setting: Setting) -> None:
    """An equal version is given up once a gain of 0.05 is shown not to be there; `not_worse` lets it pass."""
    equal, rows = World("equal"), setting.pairing
    assert rows is not None
    worth = PLAN.model_copy(update={"min_effect": 0.05})
    lax = PLAN.model_copy(update={"decision": Decision(rule="not_worse", margin=0.05, metric="log_loss")})
    ends = [shadowed(rows, plan, LOSS, equal, np.random.default_rng(1))[0] for plan in (worth, lax)]

    assert [end.outcome for end in ends] == ["abort", "pass"]
    assert "below the 0.05 that is worth it" in ends[0].checks[0].found


def test_a_copy_that_fails_is_no_answer(setting: Setting) -> None:
    """It earns what nobody's answer does, so a better version that fails half of its copies gains half."""
    found = World("fails", effect=0.05, errors=(0.0, 1.0))
    assert setting.pairing is not None
    verdict, used = shadowed(setting.pairing, PLAN, LOSS, found, np.random.default_rng(1))

    assert (verdict.outcome, used) == ("inconclusive", PLAN.shadow.requests)
