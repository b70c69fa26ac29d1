"""Traffic that is not polite, for equal, harmful and better canaries; `bench_decisions.py` runs it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slipway.rollout.plan import requests_needed
from slipway.rollout.simulation import Setting
from slipway.rollout.worlds import Spells, World
from slipway.settings.card import Rollout, Step
from slipway.tasks.click import TASK

BLOCK = Rollout.model_fields["block_requests"].default
REWARD, LOSS = TASK.metric("reward"), TASK.metric("log_loss")
TELLS = 1.0
"""Standard deviations between the scores of both labels, as logits; such scores are calibrated."""
LARGE = 87
"""Times a rollout of 23,000 requests is one of 2,000,000."""


@dataclass(frozen=True)
class Drawn:
    """Requests of a rollout, each with a label of 1 or 0; the fields are those of `Requests`."""

    units: list[str]
    unit_codes: NDArray[np.int64]
    labels: NDArray[np.float64]
    window: int

    def earned(self, random: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The label, as one earns a click; without an answer nothing."""
        return self.labels, np.zeros(len(self.labels))

    def due(self, first: int, last: int, waited: bool) -> NDArray[np.bool_]:
        """Once the window has passed."""
        return np.asarray(waited | (np.arange(first, last) + self.window < last), np.bool_)


@dataclass(frozen=True)
class Scored(Drawn):
    """The same, judged by the log loss of scores that tell something of the label."""

    rate: float

    def earned(self, random: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Minus the loss; without an answer that of the rate."""
        size, prior = len(self.labels), np.log(self.rate / (1 - self.rate))
        score = prior + TELLS**2 * (self.labels - 0.5) + TELLS * random.normal(size=size)
        return _gain(score, self.labels), _gain(np.full(size, prior), self.labels)


def _gain(logit: NDArray[np.float64], label: NDArray[np.float64]) -> NDArray[np.float64]:
    return -np.logaddexp(0, np.where(label > 0, -logit, logit))


@dataclass(frozen=True)
class Case(World):
    """A world, and the traffic that meets it.

    Attributes:
        rate: the mean reward, or the share of positives.
        loss: whether the log loss decides, and not the reward.
        users: how many there are; 0 is a new one for each request.
        tail: user n asks in proportion to n to the minus this; 0 is all alike.
        window: requests until an outcome counts, in both arms; 0 is at once.
        scale: times the requests of each step, batch and block.
        batch: blocks between two looks.
        held: whether its rates are held against alpha.
    """

    rate: float = 0.1
    loss: bool = False
    users: int = 0
    tail: float = 0.0
    steps: tuple[tuple[int, int], ...] = ((10, 5000), (25, 8000), (50, 10000))
    window: int = 0
    scale: int = 1
    batch: int = 1
    held: bool = True

    @property
    def plan(self) -> Rollout:
        """The rollout as a card would have it."""
        steps = [Step(weight=weight, requests=self.scale * size) for weight, size in self.steps]
        size = self.scale * BLOCK
        batch = self.batch * size
        return Rollout(steps=steps, batch_requests=batch, block_requests=size, max_duration_minutes=60.0)

    def setting(self, seed: int) -> Setting:
        """The plan and its requests."""
        # Not the stream of the rollout itself, whose faults would go with the labels.
        random, size = np.random.default_rng([1, seed]), requests_needed(self.plan)
        unit = np.arange(size)
        if self.users:
            weight = np.arange(1, self.users + 1) ** -self.tail
            unit = random.choice(self.users, size, p=weight / weight.sum())
        label = (random.random(size) < self.rate).astype(np.float64)
        traffic = [str(one) for one in unit], unit, label, self.window
        if self.loss:
            return Setting(self.plan, LOSS, Scored(*traffic, self.rate))
        return Setting(self.plan, REWARD, Drawn(*traffic))


HALF, TWO = Spells(0.03, BLOCK // 2), Spells(0.03, 2 * BLOCK)
SLOW, SLOW_HALF, SLOW_TWO = (Spells(0.08, length) for length in (200, BLOCK // 2, 2 * BLOCK))
FAIL, RARE = (0.01, 0.01), (0.001, 0.002, 0.005, 0.01)
EQUAL = (
    Case("no errors"),
    Case("1 % errors", errors=FAIL),
    *(Case(f"base rate {rate:.1%}, 1 % errors", rate=rate, errors=FAIL) for rate in RARE),
    Case("2,000 users", users=2000, errors=FAIL),
    Case("2,000 users, heavy-tailed", users=2000, tail=1.0),
    Case("2,000 users, heavy-tailed, base rate 0.5 %", rate=0.005, users=2000, tail=1.0, errors=FAIL),
    Case("40 users, heavy-tailed", users=40, tail=1.0),
    Case("12 users", users=12),
    Case("2,000,000 requests", scale=LARGE),
    Case(
        "2,000,000 requests, 50,000 users, heavy-tailed, base rate 0.1 %",
        rate=0.001,
        users=50_000,
        tail=1.0,
        errors=FAIL,
        scale=LARGE,
    ),
    Case("both fail on 40 % of positives", positives=(0.4, 0.4)),
    Case("both fail on 40 % of positives of 0.5 %", rate=0.005, positives=(0.4, 0.4)),
    *(Case(f"log loss, {rate:.1%} positives", rate=rate, loss=True) for rate in RARE),
    Case("log loss, 2,000 users, heavy-tailed, 1 % errors", loss=True, users=2000, tail=1.0, errors=FAIL),
    Case("log loss, both fail on 40 % of positives of 1 %", rate=0.01, loss=True, positives=(0.4, 0.4)),
    Case("bursts of 200 failures, 1 % of the time", bursts=Spells(0.01, 200)),
    Case("bursts of half a block, 3 % of the time", bursts=HALF),
    Case("the same, 2,000 users, heavy-tailed", bursts=HALF, users=2000, tail=1.0),
    Case("slow for 200 requests, 8 % of the time", slow=SLOW),
    Case("slow for half a block, 8 % of the time", slow=SLOW_HALF),
    Case("10 % of outcomes unknown", unknown=(0.1, 0.1)),
    Case("20 % of positive outcomes of 1 % unknown", rate=0.01, unknown=(0.2, 0.2), lost_positives=True),
    Case("10 % of the canary's outcomes late", window=3000, late=(0.0, 0.1)),
    Case("10 % of outcomes late", window=3000, late=(0.1, 0.1)),
    Case("slow for two blocks, 8 % of the time", slow=SLOW_TWO, held=False),
    Case("bursts of two blocks, 3 % of the time", bursts=TWO, held=False),
)
EARNS = 0.06
"""What hides a harm: a reward of 0.10 rises to 0.16."""
HARMFUL = (
    Case("errors 1 to 2 %, earns more", errors=(0.01, 0.02), effect=EARNS),
    Case("errors 1 to 2.5 %, earns more", errors=(0.01, 0.025), effect=EARNS),
    Case("errors 1 to 5 %, earns more", errors=(0.01, 0.05), effect=EARNS),
    Case("errors 0 to 30 %, earns more", errors=(0.0, 0.3), effect=EARNS),
    Case("every answer fails", errors=(0.0, 1.0), effect=EARNS),
    Case(
        "errors 1 to 2.5 %, 2,000 users, heavy-tailed",
        errors=(0.01, 0.025),
        effect=EARNS,
        users=2000,
        tail=1.0,
    ),
    Case("errors 1 to 2.5 %, bursts of half a block", errors=(0.01, 0.025), effect=EARNS, bursts=HALF),
    Case("errors 1 to 1.6 %, 2,000,000 requests", errors=(0.01, 0.016), effect=EARNS, scale=LARGE),
    Case("latency times 2.5, earns more", slower=2.5, effect=EARNS),
    Case("latency times 3, earns more", slower=3.0, effect=EARNS),
    Case("latency times 3, slow for half a block", slower=3.0, effect=EARNS, slow=SLOW_HALF),
    Case("fails on 60 % of positives of 0.5 %", rate=0.005, positives=(0.0, 0.6)),
    Case("fails on 80 % of positives of 0.2 %", rate=0.002, positives=(0.0, 0.8)),
    Case("fails on 80 % of positives of 0.1 %", rate=0.001, positives=(0.0, 0.8)),
    Case("log loss, fails on 60 % of positives of 0.5 %", rate=0.005, loss=True, positives=(0.0, 0.6)),
    Case("log loss, fails on 80 % of positives of 0.2 %", rate=0.002, loss=True, positives=(0.0, 0.8)),
    Case("loses 80 % of positive outcomes of 1 %", rate=0.01, unknown=(0.0, 0.8), lost_positives=True),
    *(
        Case(
            f"log loss, loses 80 % of positive outcomes of {100 * rate:g} %",
            rate=rate,
            loss=True,
            unknown=(0.0, 0.8),
            lost_positives=True,
        )
        for rate in (0.01, 0.002)
    ),
    Case("unknown outcomes 5 to 7 %, earns more", unknown=(0.05, 0.07), effect=EARNS),
    Case("late outcomes 5 to 15 %, earns more", window=3000, late=(0.05, 0.15), effect=EARNS),
    *(Case(f"reward {rate:.1%} falls by a fifth", rate=rate, effect=-rate / 5) for rate in RARE),
    Case("reward 10 % falls by a fifth", effect=-0.02),
    Case("the same, 2,000 users, heavy-tailed", effect=-0.02, users=2000, tail=1.0),
    Case("the same, 40 users, heavy-tailed", effect=-0.02, users=40, tail=1.0),
    Case("the same, outcomes after 3,000 requests", effect=-0.02, window=3000),
    Case("reward 10 to 9.9 %, 2,000,000 requests", effect=-0.001, scale=LARGE),
)
BETTER = (
    Case("reward 10 to 13 %", effect=0.03),
    Case("reward 10 to 13 %, 1 % errors in both", effect=0.03, errors=FAIL),
    Case("reward 10 to 13 %, 2,000 users, heavy-tailed", effect=0.03, users=2000, tail=1.0),
    Case("reward 10 to 13 %, slow for 200 requests, 2 % of the time", effect=0.03, slow=Spells(0.02, 200)),
    Case("reward 10 to 13 %, bursts of half a block, 3 % of the time", effect=0.03, bursts=HALF),
    Case("reward 1 to 1.6 %", rate=0.01, effect=0.006),
    Case("reward 10 to 10.2 %, 2,000,000 requests", effect=0.002, scale=LARGE),
)
