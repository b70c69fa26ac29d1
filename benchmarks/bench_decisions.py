"""How a canary is judged where the world is not polite: spells, failures on what is rare, lost outcomes.

python benchmarks/bench_decisions.py [runs]

Traffic is drawn, assignment by unit and the judgement after every batch are those of a rollout. Equal arms
must not be stopped and not be promoted, harmful ones not be promoted, more often than alpha; it ends with an
error where a rate is above that beyond the noise of the simulation. What is beyond what a rollout can hold,
such as spells longer than half a block, is printed and not held.
"""

import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from benchmarks import bench_shadow
from benchmarks.bench_canary import Levels, Rate
from slipway.base.provenance import now
from slipway.records.canary import Look
from slipway.rollout.analysis import judge
from slipway.rollout.assignment import position
from slipway.rollout.observations import Observations
from slipway.rollout.reference import Reference
from slipway.settings.card import Decision, Guardrails, Rollout, Step
from slipway.tasks.click import TASK

ALPHA = Decision().alpha
BLOCK = Rollout.model_fields["block_requests"].default
LIMITS = Guardrails()
REWARD = TASK.metric("reward")
WARM = 100
"""Requests of stable's warm-up that tell what is slow."""


@dataclass(frozen=True)
class Spells:
    """When a server fails or is slow: for so many consecutive requests, so much of the time, on average."""

    share: float = 0.0
    length: int = 1

    def drawn(self, random: np.random.Generator, size: int) -> NDArray[np.bool_]:
        """Whether the server is in one, [requests]."""
        found = np.zeros(size, np.bool_)
        if not self.share:
            return found
        pause = self.length * (1 - self.share) / self.share
        at = random.exponential(pause)
        while at < size:
            found[int(at) : int(at) + self.length] = True
            at += self.length + random.exponential(pause)
        return found


@dataclass(frozen=True)
class World:
    """Traffic for a canary.

    Attributes:
        rate: the mean reward; `lift` is what the canary adds.
        errors: the share of requests that fail, of stable and of the canary.
        positives: the same of the requests that would have earned something.
        bursts: each server's own spells in which all requests fail.
        slow: each server's own spells in which answers take six times as long.
        slower: how many times stable's latency the canary takes.
        unknown: the share of outcomes that never come, of stable and of the canary; of positives alone where
            `lost_positives`.
        users: how many there are; 0 is a new one for each request.
        tail: user n asks in proportion to n to the minus this; 0 is all alike.
        harmful: whether promoting it is wrong because it is worse, and not because it is equal.
        held: whether its rates are held against alpha.
    """

    name: str
    rate: float = 0.1
    lift: float = 0.0
    errors: tuple[float, float] = (0.0, 0.0)
    positives: tuple[float, float] = (0.0, 0.0)
    bursts: Spells = Spells()
    slow: Spells = Spells()
    slower: float = 1.0
    unknown: tuple[float, float] = (0.0, 0.0)
    lost_positives: bool = False
    users: int = 0
    tail: float = 0.0
    steps: tuple[tuple[int, int], ...] = ((10, 5000), (25, 8000), (50, 10000))
    harmful: bool = False
    held: bool = True

    @cached_property
    def plan(self) -> Rollout:
        """The rollout as a card would have it."""
        steps = [Step(weight=weight, requests=size) for weight, size in self.steps]
        return Rollout(steps=steps, batch_requests=BLOCK, max_duration_minutes=60.0)

    def drawn(self, seed: int) -> tuple[Observations, Reference]:
        """All requests of the plan, and what stable's warm-up said."""
        random = np.random.default_rng(seed)
        size = sum(requests for _, requests in self.steps)
        step = np.repeat(np.arange(len(self.steps), dtype=np.int32), [requests for _, requests in self.steps])
        unit = self._units(random, size)
        names = [str(user) for user in range(int(unit.max()) + 1)]
        canary = position(names, f"world {seed}")[unit] < np.array([weight for weight, _ in self.steps])[step]
        arm = canary.astype(int)
        hit = random.random(size) < self.rate + self.lift * canary
        error = random.random(size) < np.array(self.errors)[arm]
        error |= hit & (random.random(size) < np.array(self.positives)[arm])
        servers = [self.bursts.drawn(random, size) for _ in range(2)]
        error |= np.where(canary, servers[1], servers[0])
        slow = [self.slow.drawn(random, size) for _ in range(2)]
        latency = random.lognormal(1.0, 0.5, size) * np.where(np.where(canary, slow[1], slow[0]), 6.0, 1.0)
        lost = random.random(size) < np.array(self.unknown)[arm]
        lost &= ~error & (hit | (not self.lost_positives))
        seen = Observations(
            step=step,
            block=np.arange(size) // BLOCK,
            unit=unit,
            canary=canary,
            error=error,
            latency_ms=np.where(error, np.nan, latency * np.where(canary, self.slower, 1.0)),
            due=np.ones(size, np.bool_),
            metric=np.where(lost, np.nan, hit & ~error),
        )
        return seen, Reference.of(random.lognormal(1.0, 0.5, WARM), LIMITS)

    def _units(self, random: np.random.Generator, size: int) -> NDArray[np.int64]:
        if not self.users:
            return np.arange(size)
        weight = np.arange(1, self.users + 1) ** -self.tail
        return random.choice(self.users, size, p=weight / weight.sum())


HALF = BLOCK // 2
EQUAL = (
    World("no errors"),
    World("1 % errors", errors=(0.01, 0.01)),
    World("base rate 0.1 %, 1 % errors", rate=0.001, errors=(0.01, 0.01)),
    World("2,000 users", users=2000, errors=(0.01, 0.01)),
    World("2,000 users, heavy-tailed", users=2000, tail=1.0),
    World("bursts of 200 failures, 1 % of the time", bursts=Spells(0.01, 200)),
    World("bursts of half a block, 3 % of the time", bursts=Spells(0.03, HALF)),
    World("slow for 200 requests, 8 % of the time", slow=Spells(0.08, 200)),
    World("slow for half a block, 8 % of the time", slow=Spells(0.08, HALF)),
    World("10 % of outcomes unknown", unknown=(0.1, 0.1)),
    World("slow for two blocks, 8 % of the time", slow=Spells(0.08, 2 * BLOCK), held=False),
    World("bursts of two blocks, 3 % of the time", bursts=Spells(0.03, 2 * BLOCK), held=False),
)
EARNS = 0.06
HARMFUL = (
    World("errors 1 to 2 %, earns more", errors=(0.01, 0.02), harmful=True, lift=EARNS),
    World("errors 1 to 2.5 %, earns more", errors=(0.01, 0.025), harmful=True, lift=EARNS),
    World("errors 1 to 5 %, earns more", errors=(0.01, 0.05), harmful=True, lift=EARNS),
    World("errors 0 to 30 %, earns more", errors=(0.0, 0.3), harmful=True, lift=EARNS),
    World("every answer fails", errors=(0.0, 1.0), harmful=True, lift=EARNS),
    World("latency times 2.5, earns more", slower=2.5, harmful=True, lift=EARNS),
    World("latency times 3, earns more", slower=3.0, harmful=True, lift=EARNS),
    World("fails on 60 % of positives of 0.5 %", rate=0.005, positives=(0.0, 0.6), harmful=True),
    World("fails on 80 % of positives of 0.2 %", rate=0.002, positives=(0.0, 0.8), harmful=True),
    World("80 % of positives of 0.1 % fail", rate=0.001, positives=(0.0, 0.8), harmful=True),
    World(
        "loses 80 % of positive outcomes of 1 %",
        rate=0.01,
        unknown=(0.0, 0.8),
        lost_positives=True,
        harmful=True,
    ),
    World("reward 0.10 falls to 0.08", lift=-0.02, harmful=True),
)
BETTER = (
    World("reward 0.10 to 0.13", lift=0.03),
    World("reward 0.10 to 0.13, 1 % errors in both", lift=0.03, errors=(0.01, 0.01)),
    World("reward 0.10 to 0.13, slow for 200 requests, 2 % of the time", lift=0.03, slow=Spells(0.02, 200)),
)


def looks(world: World, seed: int) -> Iterator[Look]:
    """What is said after each batch, up to the verdict."""
    (seen, reference), plan = world.drawn(seed), world.plan
    order = np.arange(len(seen))
    for end in range(BLOCK, len(seen) + 1, BLOCK):
        step = int(seen.step[end - 1])
        part = seen.where(order < end)
        found = judge(part, plan, step, end == len(seen), now(), REWARD, reference)
        yield found
        if found.verdict.outcome != "continue":
            return


def ends(world: World, runs: int) -> list[tuple[str, int]]:
    """How each canary ends, and after how many requests."""
    found: list[tuple[str, int]] = []
    for seed in range(runs):
        every = list(looks(world, seed))
        found.append((every[-1].verdict.outcome, len(every) * BLOCK))
    return found


def main(runs: int = 100) -> None:
    """Print a table for each kind of world.

    Raises:
        SystemExit: a rate is above its level beyond the noise of the simulation.
    """
    levels = Levels()
    print(f"{runs} runs each, a look after every {BLOCK} requests; in brackets Wilson's 95 % interval")
    for title, worlds in (("equal", EQUAL), ("harmful", HARMFUL), ("better", BETTER)):
        print(f"\n| {title} arms | aborted | promoted | inconclusive | requests, median |")
        print("| --- | --- | --- | --- | --- |")
        for world in worlds:
            found = ends(world, runs)
            counts = Counter(end for end, _ in found)
            if title != "better" and world.held:
                levels.held(f"{world.name}: promoted", (end == "promote" for end, _ in found), ALPHA)
            if title != "harmful" and world.held:
                levels.held(f"{world.name}: aborted", (end == "abort" for end, _ in found), ALPHA)
            rates = [str(Rate(counts[end], runs)) for end in ("abort", "promote", "inconclusive")]
            beyond = "" if world.held else " (not held)"
            middle = np.median([requests for _, requests in found])
            print(f"| {world.name}{beyond} | {' | '.join(rates)} | {middle:,.0f} |", flush=True)
    bench_shadow.tables(runs, levels)
    if levels.broken:
        sys.exit("above their level:\n" + "\n".join(levels.broken))


if __name__ == "__main__":
    begun = time.monotonic()
    main(*map(int, sys.argv[1:]))
    print(f"\n{time.monotonic() - begun:.0f} s")
