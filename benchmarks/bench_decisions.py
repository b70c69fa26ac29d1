"""How a canary is judged where the world is not polite: spells, failures on what is rare, lost outcomes.

python benchmarks/bench_decisions.py [runs] [runs of 2,000,000 requests]

Traffic is drawn, assignment by unit and the judgement after every batch are those of a rollout. Equal arms
must not be stopped and not be promoted, harmful ones not be promoted, more often than alpha; it ends with an
error where a rate is above that beyond the noise of the simulation. What is beyond what a rollout can hold,
such as spells longer than half a block, is printed and not held.
"""

import sys
import time
from collections import Counter
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import bench_shadow
from benchmarks.bench_canary import Levels, Rate
from slipway.rollout.assignment import position
from slipway.rollout.novelty import exposures
from slipway.rollout.observations import Observations
from slipway.rollout.plan import requests_needed
from slipway.rollout.simulation import Setting, rolled_out
from slipway.rollout.worlds import Spells, World
from slipway.settings.card import Decision, Rollout, Step
from slipway.tasks.click import TASK

ALPHA = Decision().alpha
BLOCK = Rollout.model_fields["block_requests"].default
REWARD, LOSS = TASK.metric("reward"), TASK.metric("log_loss")
TELLS = 1.0
"""Standard deviations between the scores of both labels, as logits; such scores are calibrated."""


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
        prior = np.log(self.rate / (1 - self.rate))
        score = prior - TELLS**2 / 2 + TELLS**2 * self.labels + TELLS * random.normal(size=len(self.labels))
        return _gain(score, self.labels), _gain(np.full(len(self.labels), prior), self.labels)


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
        harmful: whether promoting it is wrong because it is worse, and not because it is equal.
        window: requests until an outcome counts, in both arms; 0 is at once.
        scale: times the requests of each step, batch and block; fewer runs where it is not 1.
        held: whether its rates are held against alpha.
    """

    rate: float = 0.1
    loss: bool = False
    users: int = 0
    tail: float = 0.0
    steps: tuple[tuple[int, int], ...] = ((10, 5000), (25, 8000), (50, 10000))
    window: int = 0
    scale: int = 1
    harmful: bool = False
    held: bool = True

    @property
    def plan(self) -> Rollout:
        """The rollout as a card would have it."""
        steps = [Step(weight=weight, requests=self.scale * size) for weight, size in self.steps]
        size = self.scale * BLOCK
        return Rollout(steps=steps, batch_requests=size, block_requests=size, max_duration_minutes=60.0)

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


HALF = BLOCK // 2
EQUAL = (
    Case("no errors"),
    Case("1 % errors", errors=(0.01, 0.01)),
    Case("base rate 0.1 %, 1 % errors", rate=0.001, errors=(0.01, 0.01)),
    Case("base rate 0.2 %", rate=0.002),
    Case("base rate 1 %", rate=0.01),
    Case("log loss, base rate 0.2 %", rate=0.002, loss=True),
    Case("log loss, base rate 1 %, 1 % errors", rate=0.01, loss=True, errors=(0.01, 0.01)),
    Case("2,000 users", users=2000, errors=(0.01, 0.01)),
    Case("2,000 users, heavy-tailed", users=2000, tail=1.0),
    Case("log loss, 2,000 users, heavy-tailed", users=2000, tail=1.0, loss=True),
    Case("40 users, heavy-tailed", users=40, tail=1.0),
    Case("12 users", users=12),
    Case("2,000,000 requests", scale=87),
    Case("bursts of 200 failures, 1 % of the time", bursts=Spells(0.01, 200)),
    Case("bursts of half a block, 3 % of the time", bursts=Spells(0.03, HALF)),
    Case("slow for 200 requests, 8 % of the time", slow=Spells(0.08, 200)),
    Case("slow for half a block, 8 % of the time", slow=Spells(0.08, HALF)),
    Case("10 % of outcomes unknown", unknown=(0.1, 0.1)),
    Case("20 % of outcomes unknown", unknown=(0.2, 0.2)),
    Case("10 % of the canary's outcomes late", window=3000, late=(0.0, 0.1)),
    Case("10 % of outcomes late", window=3000, late=(0.1, 0.1)),
    Case("slow for two blocks, 8 % of the time", slow=Spells(0.08, 2 * BLOCK), held=False),
    Case("bursts of two blocks, 3 % of the time", bursts=Spells(0.03, 2 * BLOCK), held=False),
)
EARNS = 0.06
LOSES: dict[str, Any] = {"unknown": (0.0, 0.8), "lost_positives": True}
HARMFUL = (
    Case("errors 1 to 2 %, earns more", errors=(0.01, 0.02), harmful=True, effect=EARNS),
    Case("errors 1 to 2.5 %, earns more", errors=(0.01, 0.025), harmful=True, effect=EARNS),
    Case("errors 1 to 5 %, earns more", errors=(0.01, 0.05), harmful=True, effect=EARNS),
    Case("errors 0 to 30 %, earns more", errors=(0.0, 0.3), harmful=True, effect=EARNS),
    Case("every answer fails", errors=(0.0, 1.0), harmful=True, effect=EARNS),
    Case("latency times 2.5, earns more", slower=2.5, harmful=True, effect=EARNS),
    Case("latency times 3, earns more", slower=3.0, harmful=True, effect=EARNS),
    Case(
        "errors 1 to 5 %, earns more, 2,000 users, heavy-tailed",
        errors=(0.01, 0.05),
        users=2000,
        tail=1.0,
        harmful=True,
        effect=EARNS,
    ),
    Case("fails on 60 % of positives of 0.5 %", rate=0.005, positives=(0.0, 0.6), harmful=True),
    Case("fails on 80 % of positives of 0.2 %", rate=0.002, positives=(0.0, 0.8), harmful=True),
    Case("80 % of positives of 0.1 % fail", rate=0.001, positives=(0.0, 0.8), harmful=True),
    Case(
        "log loss, fails on 60 % of positives of 0.5 %",
        rate=0.005,
        loss=True,
        positives=(0.0, 0.6),
        harmful=True,
    ),
    Case(
        "log loss, fails on 80 % of positives of 0.2 %",
        rate=0.002,
        loss=True,
        positives=(0.0, 0.8),
        harmful=True,
    ),
    Case("loses 80 % of positive outcomes of 1 %", rate=0.01, **LOSES, harmful=True),
    Case("log loss, loses 80 % of positive outcomes of 1 %", rate=0.01, loss=True, **LOSES, harmful=True),
    Case("log loss, loses 80 % of positive outcomes of 0.2 %", rate=0.002, loss=True, **LOSES, harmful=True),
    Case("reward 0.10 falls to 0.08", effect=-0.02, harmful=True),
    Case(
        "reward 0.10 falls to 0.08, 2,000 users, heavy-tailed",
        effect=-0.02,
        users=2000,
        tail=1.0,
        harmful=True,
    ),
    Case("reward 0.10 falls to 0.099, 2,000,000 requests", effect=-0.001, scale=87, harmful=True),
)
BETTER = (
    Case("reward 0.10 to 0.13", effect=0.03),
    Case("reward 0.10 to 0.13, 1 % errors in both", effect=0.03, errors=(0.01, 0.01)),
    Case("reward 0.10 to 0.13, slow for 200 requests, 2 % of the time", effect=0.03, slow=Spells(0.02, 200)),
)


def end(world: Case, seed: int) -> tuple[str, int]:
    """How one canary ends, and after how many requests beyond the warm-up."""
    draw = rolled_out(world.setting(seed), world, (seed,))
    return draw.outcome, draw.requests - world.plan.warmup_requests


def ends(world: Case, runs: int) -> list[tuple[str, int]]:
    """How each of so many ends."""
    return [end(world, seed) for seed in range(runs)]


def wears_off(runs: int) -> None:
    """Print the lift by exposure of a canary that adds 5 points three times to a user, then takes 2."""
    plan, found = Case("").plan, []
    for seed in range(max(1, runs // 10)):
        random = np.random.default_rng(seed)
        step = np.repeat(np.arange(len(plan.steps)), [one.requests for one in plan.steps])
        unit = random.integers(0, 4000, len(step))
        weight = np.array([one.weight for one in plan.steps])[step]
        canary = position([str(one) for one in range(4000)], f"wears off {seed}")[unit] < weight
        order = np.lexsort((np.arange(len(unit)), unit))
        met = np.empty(len(unit), np.int64)
        counts = np.cumsum(canary[order])
        first = np.flatnonzero(np.diff(unit[order], prepend=-1))
        met[order] = counts - np.repeat(np.append(0, counts)[first], np.diff(np.append(first, len(unit))))
        lift = np.where(canary, np.where(met <= 3, 0.05, -0.02), 0.0)
        seen = Observations(
            step=step.astype(np.int32),
            block=np.arange(len(step)) // plan.block_requests,
            unit=unit,
            canary=canary,
            error=np.zeros(len(step), np.bool_),
            latency_ms=np.ones(len(step)),
            due=np.ones(len(step), np.bool_),
            metric=(random.random(len(step)) < 0.1 + lift).astype(np.float64),
        )
        found.append(exposures(seen, plan))
    print("\n| first three answers +5 points, then -2: exposure | lift, mean | half width, mean |")
    print("| --- | --- | --- |")
    for group in zip(*found, strict=True):
        lifts = [one.lift for one in group if one.lift]
        half = np.mean([(lift.high - lift.low) / 2 for lift in lifts])
        print(f"| {group[0].number} | {np.mean([lift.value for lift in lifts]):+.3f} | {half:.3f} |")


def main(runs: int = 100, large: int = 20) -> None:
    """Print all tables.

    Raises:
        SystemExit: a rate is above its level beyond the noise of the simulation.
    """
    levels = Levels()
    print(f"{runs} runs each, {large} of 2,000,000 requests, 46 looks; in brackets Wilson's 95 % interval")
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        decided(runs, large, levels, pool)
    wears_off(runs)
    bench_shadow.tables(runs, levels)
    if levels.broken:
        sys.exit("above their level:\n" + "\n".join(levels.broken))


def decided(runs: int, large: int, levels: Levels, pool: Executor) -> None:
    """Print a table for each kind of world."""
    for title, worlds in (("equal", EQUAL), ("harmful", HARMFUL), ("better", BETTER)):
        print(f"\n| {title} arms | aborted | promoted | inconclusive | requests, median |")
        print("| --- | --- | --- | --- | --- |")
        for world in worlds:
            seeds = range(runs if world.scale == 1 else large)
            found = list(pool.map(partial(end, world), seeds))
            counts = Counter(end for end, _ in found)
            if title != "better" and world.held:
                levels.held(f"{world.name}: promoted", (end == "promote" for end, _ in found), ALPHA)
            if title != "harmful" and world.held:
                levels.held(f"{world.name}: aborted", (end == "abort" for end, _ in found), ALPHA)
            rates = [str(Rate(counts[end], len(found))) for end in ("abort", "promote", "inconclusive")]
            beyond = "" if world.held else " (not held)"
            middle = np.median([requests for _, requests in found])
            print(f"| {world.name}{beyond} | {' | '.join(rates)} | {middle:,.0f} |", flush=True)


if __name__ == "__main__":
    begun = time.monotonic()
    main(*map(int, sys.argv[1:]))
    print(f"\n{time.monotonic() - begun:.0f} s")
