"""How often a canary that is no better and no worse is stopped or promoted, judged after every batch.

python benchmarks/bench_canary.py [runs]

Only the traffic is drawn; assignment and analysis are those of a rollout. Beside them stands what one should
not do: one z-test over the requests of all steps. Ends with an error where a rate is above its level.
"""

import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from slipway.base.provenance import now
from slipway.records.canary import Look
from slipway.records.evidence import Interval
from slipway.rollout.analysis import judge
from slipway.rollout.assignment import position
from slipway.rollout.observations import Observations
from slipway.rollout.reference import Reference
from slipway.settings.card import Decision, Guardrails, Rollout, Step
from slipway.tasks import Metric
from slipway.tasks.click import TASK
from slipway.tasks.metrics import log_loss_terms, wilson

BATCH = 500
RETURNS = 50
"""Requests of each user, where users come back."""
ALPHA = Decision().alpha
LIMITS = Guardrails()
SPREAD = 0.5
"""Of the logarithm of a latency, whose mean is 1."""
REWARD, LOSS = TASK.metric("reward"), TASK.metric("log_loss")


@dataclass(frozen=True)
class Scenario:
    """Traffic for a canary.

    Attributes:
        rates: the mean reward in each step; of a log loss, that of its labels.
        habit: the share of a user's requests that all end alike; users come back where it is above zero.
        weights: the canary's, in each step, in percent.
        requests: of each step.
        lift: what the canary adds to the mean reward.
        errors: the share of requests that fail, of stable and of the canary.
        slower: how many times stable's latency the canary takes.
        share: how many times its weight the canary is really given.
    """

    name: str
    rates: tuple[float, ...] = (0.2, 0.2, 0.2)
    habit: float = 0.0
    weights: tuple[int, ...] = (10, 25, 50)
    requests: tuple[int, ...] = (2000, 2000, 2000)
    metric: Metric = REWARD
    lift: float = 0.0
    errors: tuple[float, float] = (0.01, 0.01)
    slower: float = 1.0
    share: float = 1.0

    @property
    def plan(self) -> Rollout:
        """The rollout as a card would have it."""
        steps = [
            Step(weight=weight, requests=size)
            for weight, size in zip(self.weights, self.requests, strict=True)
        ]
        return Rollout(steps=steps, batch_requests=BATCH, max_duration_minutes=60.0)

    @property
    def reference(self) -> Reference:
        """What an endless warm-up of stable would say."""
        quantile = float(np.exp(1 + SPREAD * norm.ppf(LIMITS.latency_quantile)))
        return Reference(slow_ms=LIMITS.max_latency_ratio * quantile, error_rate=self.errors[0])


RISING = (0.10, 0.25, 0.40)
EQUAL = (
    Scenario("independent requests"),
    Scenario("users alike, 50 requests each", habit=0.5),
    Scenario("base rate rises 15 points a step", RISING),
    Scenario("base rate rises, users alike", RISING, 0.5),
    Scenario(
        "weights 5, 20, 50, 80, steps uneven, base rate up and down, users alike",
        (0.1, 0.4, 0.2, 0.5),
        0.5,
        (5, 20, 50, 80),
        (2000, 1000, 1000, 2000),
    ),
    Scenario("rewards of 0.2 %", (0.002,) * 3),
    Scenario("rewards of 0.2 %, users alike", (0.002,) * 3, 0.5),
    Scenario("log loss, base rate rises", RISING, metric=LOSS),
    Scenario("log loss, base rate rises, users alike", RISING, 0.5, metric=LOSS),
)
RISE = (0.01, 0.01 + LIMITS.max_error_rate_rise)
GROWTH = (0.04, 0.04 * (1 + LIMITS.max_error_rate_growth))
LONG = (4000, 4000, 4000)
"""Requests of each step where the guardrails that compare blocks are to speak at more than the last look."""
AT_THE_LIMIT = (
    Scenario("error rate 0.5 points higher", errors=RISE, requests=LONG),
    Scenario("error rate 0.5 points higher, users alike", errors=RISE, habit=0.5, requests=LONG),
    Scenario("error rate half as high again", errors=GROWTH, requests=LONG),
    Scenario("latency twice as long", slower=LIMITS.max_latency_ratio, requests=LONG),
    Scenario("latency twice as long, users alike", slower=LIMITS.max_latency_ratio, habit=0.5, requests=LONG),
)
FAULTY = (
    Scenario("reward 0.20 falls to 0.12", lift=-0.08),
    Scenario("errors rise from 1 % to 5 %", errors=(0.01, 0.05), requests=LONG),
    Scenario("every answer fails", errors=(0.01, 1.0)),
    Scenario("latency three times as long", slower=3.0, requests=LONG),
    Scenario("the canary gets 1.4 times its share", share=1.4),
)


@dataclass(frozen=True)
class Run:
    """What became of one canary.

    Attributes:
        outcome: of the first look with a verdict.
        requests: up to that look.
        excluded: the interval of the difference left zero out at some look.
        errors: the guardrail was shown to be exceeded at some look.
        latency: the same.
        mismatch: the least p of the sample ratio in each step.
        pooled: |z| of the test one should not do, at each look.
    """

    outcome: str
    requests: int
    excluded: bool
    errors: bool
    latency: bool
    mismatch: list[float]
    pooled: NDArray[np.float64]


def run(scenario: Scenario, seed: int) -> Run:
    """Judge one canary after every batch, also after the verdict."""
    seen = drawn(scenario, seed)
    found = list(looks(scenario, seen))
    ends = [place for place, look in enumerate(found) if look.verdict.outcome != "continue"]
    gains = [look.difference for look in found if look.difference]
    return Run(
        outcome=found[ends[0]].verdict.outcome,
        requests=(ends[0] + 1) * BATCH,
        excluded=any(gain.low > 0 or gain.high < 0 for gain in gains),
        errors=any(_shown_bad(look, "canary.error_rate") for look in found),
        latency=any(_shown_bad(look, "canary.latency") for look in found),
        mismatch=[
            min(look.sample_ratio_p for look in found if look.step == step)
            for step in range(len(scenario.weights))
        ],
        pooled=pooled(seen),
    )


def _shown_bad(look: Look, code: str) -> bool:
    return any(check.code == code and check.answer == "bad" for check in look.verdict.checks)


def looks(scenario: Scenario, seen: Observations) -> Iterator[Look]:
    """What is said after each batch."""
    plan, reference, order = scenario.plan, scenario.reference, np.arange(len(seen))
    for end in range(BATCH, len(seen) + 1, BATCH):
        step = int(seen.step[end - 1])
        part = seen.where(order < end)
        yield judge(part, plan, step, end == len(seen), now(), scenario.metric, reference)


def drawn(scenario: Scenario, seed: int) -> Observations:
    """All requests of the plan."""
    random, size = np.random.default_rng(seed), sum(scenario.requests)
    step = np.repeat(np.arange(len(scenario.rates), dtype=np.int32), scenario.requests)
    unit = random.permutation(np.arange(size) // (RETURNS if scenario.habit else 1))
    names = [str(user) for user in range(int(unit.max()) + 1)]
    weight = np.array(scenario.weights, np.float64)[step]
    canary = position(names, f"experiment {seed}")[unit] < weight * scenario.share
    error = _luck(random, unit, scenario.habit) < np.array(scenario.errors)[canary.astype(int)]
    latency = np.exp(1 + SPREAD * norm.ppf(_luck(random, unit, scenario.habit)))
    chance = np.array(scenario.rates)[step] + scenario.lift * canary
    hit = _luck(random, unit, scenario.habit) < chance
    # A failed answer earns nothing, or the loss of the base rate.
    if scenario.metric.name == "reward":
        metric = np.where(error, 0.0, hit)
    else:
        metric = np.where(error, -log_loss_terms(np.full(size, hit.mean()), hit), _loss(random, chance, hit))
    return Observations(
        step=step,
        block=np.arange(size) // scenario.plan.block_requests,
        unit=unit,
        canary=canary,
        error=error,
        latency_ms=np.where(error, np.nan, latency * np.where(canary, scenario.slower, 1)),
        due=np.ones(size, np.bool_),
        metric=metric,
        label=hit.astype(np.float64),
    )


def _luck(random: np.random.Generator, unit: NDArray[np.int64], habit: float) -> NDArray[np.float64]:
    """Uniform numbers, [requests]; each is, with the chance `habit`, its user's own."""
    of_user = random.random(int(unit.max()) + 1)[unit]
    return np.where(random.random(len(unit)) < habit, of_user, random.random(len(unit)))


def _loss(
    random: np.random.Generator, chance: NDArray[np.float64], hit: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Minus the log loss of scores that are spread around the chance."""
    logit = np.log(chance / (1 - chance)) + random.normal(size=len(chance))
    return -np.logaddexp(0, np.where(hit, -logit, logit))


def pooled(seen: Observations) -> NDArray[np.float64]:
    """|z| of canary against stable after each batch, all requests of all steps in one test: [looks]."""
    arms = []
    for chosen in (seen.canary, ~seen.canary):
        counted = chosen & seen.known
        value = np.where(counted, seen.metric, 0.0)
        sums = [part.cumsum()[BATCH - 1 :: BATCH] for part in (counted, value, value**2)]
        size = np.maximum(sums[0], 1)
        arms.append((sums[1] / size, (sums[2] / size - (sums[1] / size) ** 2) / size))
    (canary, its), (stable, others) = arms
    error = np.sqrt(its + others)
    return np.abs(np.divide(canary - stable, error, out=np.zeros_like(error), where=error > 0))


@dataclass(frozen=True)
class Rate:
    """How many of how many."""

    hits: int
    trials: int

    @classmethod
    def of(cls, which: Iterable[bool]) -> "Rate":
        """Count them."""
        found = list(which)
        return cls(sum(found), len(found))

    @property
    def interval(self) -> Interval:
        """The rate with its bounds."""
        return wilson(self.hits, self.trials, 0.95)

    def __str__(self) -> str:
        rate = self.interval
        return f"{rate.value:.1%} ({rate.low:.1%} to {rate.high:.1%})"


class Levels:
    """Rates that are held against their levels, beyond the noise of the simulation."""

    def __init__(self) -> None:
        self.broken: list[str] = []

    def held(self, name: str, which: Iterable[bool], level: float) -> str:
        """The rate in words."""
        rate = Rate.of(which)
        if rate.interval.low > level:
            self.broken.append(f"{name}: {rate}, level {level:.1%}")
        return str(rate)


def main(runs: int = 300) -> None:
    """Print the tables.

    Raises:
        SystemExit: a rate is above its level beyond the noise of the simulation.
    """
    levels = Levels()
    print(f"{runs} runs each, {BATCH} requests between two looks; in brackets Wilson's 95 % interval\n")
    mismatch = equal_arms(runs, levels)
    at_the_limit(runs, levels, mismatch)
    faulty(runs)
    if levels.broken:
        sys.exit("above their level:\n" + "\n".join(levels.broken))


def equal_arms(runs: int, levels: Levels) -> list[float]:
    """Print how often they are told apart; returns the least p of the sample ratio in each step."""
    _head(
        "arms that are equal",
        "stopped",
        "promoted",
        "interval ever wrong",
        "z-test at the end",
        "at any look",
    )
    mismatch: list[float] = []
    limit = norm.ppf(1 - ALPHA / 2)
    for scenario in EQUAL:
        found = [run(scenario, seed) for seed in range(runs)]
        mismatch += [p for one in found for p in one.mismatch]
        _row(
            scenario.name,
            levels.held(scenario.name, (one.outcome == "abort" for one in found), ALPHA),
            levels.held(scenario.name, (one.outcome == "promote" for one in found), ALPHA),
            levels.held(scenario.name, (one.excluded for one in found), ALPHA),
            str(Rate.of(one.pooled[-1] > limit for one in found)),
            str(Rate.of((one.pooled > limit).any() for one in found)),
        )
    return mismatch


def at_the_limit(runs: int, levels: Levels, mismatch: list[float]) -> None:
    """Print how often a guardrail stops what it allows."""
    _head("guardrail", "stopped", "at most")
    for scenario in AT_THE_LIMIT:
        found = [run(scenario, seed) for seed in range(runs)]
        stopped = (one.errors if scenario.slower == 1 else one.latency for one in found)
        _row(f"{scenario.name}, as is allowed", levels.held(scenario.name, stopped, ALPHA), f"{ALPHA:.1%}")
    for level in (LIMITS.sample_ratio_alpha, ALPHA):
        stopped = (p < level for p in mismatch)
        name = f"shares as planned, per step at {level:.1%}"
        _row(name, levels.held("sample ratio", stopped, level), f"{level:.1%}")


def faulty(runs: int) -> None:
    """Print how often, and how soon, a fault is found."""
    _head("canary that is faulty", "stopped", "after (median)")
    for scenario in FAULTY:
        found = [run(scenario, seed) for seed in range(runs)]
        stopped, after = (
            Rate.of(one.outcome == "abort" for one in found),
            np.median([one.requests for one in found]),
        )
        _row(scenario.name, str(stopped), f"{after:,.0f} of {sum(scenario.requests):,}")


def _head(*cells: str) -> None:
    print()
    _row(*cells)
    _row(*["---"] * len(cells))


def _row(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    begun = time.monotonic()
    main(*map(int, sys.argv[1:]))
    print(f"\n{time.monotonic() - begun:.0f} s")
