"""How a shadow judges pairs: rare outcomes that are denied, few users and heavy tails; and how a split does.

python benchmarks/bench_shadow.py [runs]

Both versions answer every request; `bench_decisions.py` prints the same tables. Equal candidates must be
decided on no more often than alpha; it ends with an error where a rate is above that beyond the noise of the
simulation.
"""

import sys
from collections import Counter
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from benchmarks.bench_canary import Levels, Rate
from slipway.base.provenance import now
from slipway.rollout.difference import difference
from slipway.rollout.events import Events
from slipway.rollout.observations import Observations
from slipway.rollout.paired import Pairs
from slipway.rollout.shadow import judge_pairs, limits
from slipway.settings.card import Decision, Rollout, Shadow, Step
from slipway.tasks.binary import TASK

ALPHA = Decision().alpha
BATCH = 500
LOSS = TASK.metric("log_loss")
FREE = limits(None, 0.0, 60.0)
"""Nobody asks for the traffic, and there is time."""


@dataclass(frozen=True)
class World:
    """Rows with a label, and two versions that know something of it.

    Attributes:
        rate: about the share of positive labels.
        gain: how much more of what there is to know the candidate knows; 0 is as much as stable.
        denies: the candidate knows more than stable and takes every positive for so much rarer that it has
            the same expected loss: on all but the positives it looks better.
        users: how many there are; 0 is a new one for each request.
        tail: user n asks in proportion to n to the minus this.
    """

    requests: int
    rate: float = 0.1
    gain: float = 0.0
    denies: bool = False
    users: int = 0
    tail: float = 1.0

    def __str__(self) -> str:
        users = f"{self.users} heavy-tailed users" if self.users else "a user each"
        known = "denied by the candidate" if self.denies else f"errs {100 * self.gain:.0f} % less"
        return f"{self.requests:,} requests, {100 * self.rate:g} % positives, {users}, {known}"

    def drawn(self, seed: int) -> Pairs:
        """All requests of the world."""
        random = np.random.default_rng(seed)
        unit = self._units(random)
        signal = random.normal(0, 1, self.requests) + random.normal(0, 0.7, unit.max() + 1)[unit]
        start = np.log(self.rate / (1 - self.rate)) - 0.5
        truth = _share(start + signal)
        label = random.random(self.requests) < truth
        stable, candidate = self._said(random, unit, start, signal, truth)
        loss = [np.where(label, np.log(said), np.log1p(-said)) for said in (stable, candidate)]
        nothing = np.zeros(self.requests, np.bool_)
        return Pairs(unit, loss[0], loss[1], nothing, nothing, label.astype(np.float64), ~nothing)

    def _units(self, random: np.random.Generator) -> NDArray[np.int64]:
        if not self.users:
            return np.arange(self.requests)
        weight = np.arange(1, self.users + 1) ** -self.tail
        return random.choice(self.users, self.requests, p=weight / weight.sum())

    def _said(
        self,
        random: np.random.Generator,
        unit: NDArray[np.int64],
        start: float,
        signal: NDArray[np.float64],
        truth: NDArray[np.float64],
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        if self.denies:
            stable, sharp = _share(start + 0.3 * signal), _share(start + 0.9 * signal)
            return stable, sharp * _denial(stable, sharp, truth)
        # Each errs by request and by user, on its own.
        wrong = [random.normal(0, 0.5, len(unit)) + random.normal(0, 0.5, unit.max() + 1)[unit] for _ in "ab"]
        return _share(start + signal + wrong[0]), _share(start + signal + (1 - self.gain) * wrong[1])


def _share(logit: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-logit)), np.float64)


def _denial(stable: NDArray[np.float64], sharp: NDArray[np.float64], truth: NDArray[np.float64]) -> float:
    """The factor by which the sharper version has to be wrong to be no better, on average."""

    def earned(said: NDArray[np.float64]) -> float:
        return float(np.mean(truth * np.log(said) + (1 - truth) * np.log1p(-said)))

    low, high = 1e-4, 1.0
    for _ in range(50):
        middle = float(np.sqrt(low * high))
        low, high = (middle, high) if earned(sharp * middle) < earned(stable) else (low, middle)
    return high


EQUAL = (
    World(6000),
    World(6000, users=60),
    World(6000, users=60, denies=True),
    World(12_000, rate=0.01, users=100),
    World(25_000, rate=0.002),
    World(25_000, rate=0.002, denies=True),
    World(25_000, rate=0.002, denies=True, users=100),
)
BETTER = (
    World(4000, gain=0.2),
    World(4000, gain=0.5),
    World(8000, gain=0.5),
    World(25_000, rate=0.002, gain=0.8),
)


def first(pairs: Pairs, size: int) -> Pairs:
    """The first so many requests."""
    return pairs.where(slice(size))


def plan(requests: int) -> Rollout:
    """A rollout whose shadow has so many requests."""
    return Rollout(
        shadow=Shadow(requests=requests),
        steps=[Step(weight=50, requests=requests)],
        batch_requests=BATCH,
        max_duration_minutes=60.0,
    )


def end(world: World, seed: int) -> tuple[str, int]:
    """How a shadow ends, and after how many requests."""
    pairs, found = world.drawn(seed), ("continue", 0)
    for size in range(BATCH, len(pairs) + 1, BATCH):
        part, whole = first(pairs, size), size == len(pairs)
        look = judge_pairs(part, plan(len(pairs)), LOSS, now(), whole, FREE)
        found = look.verdict.outcome, size
        if found[0] != "continue":
            break
    return found


def split(pairs: Pairs, seed: int) -> Observations:
    """The same requests, half of the units answered by each version."""
    canary = (np.random.default_rng([1, seed]).random(int(pairs.unit.max()) + 1) < 0.5)[pairs.unit]
    size = len(pairs)
    return Observations(
        step=np.zeros(size, np.int32),
        block=np.arange(size) // 500,
        unit=pairs.unit,
        canary=canary,
        error=np.zeros(size, np.bool_),
        latency_ms=np.full(size, 5.0),
        due=np.ones(size, np.bool_),
        metric=np.where(canary, pairs.candidate, pairs.stable),
        label=pairs.label,
    )


def swapped(pairs: Pairs) -> Pairs:
    """Each version in the place of the other: what the candidate denied, stable does."""
    return replace(pairs, stable=pairs.candidate, candidate=pairs.stable)


def split_end(pairs: Pairs, seed: int, waits: bool) -> str:
    """What the loss of a split alone does: abort at any look, promote at the last.

    Args:
        waits: for outcomes of the rarer kind, as the canary does.
    """
    seen, size = split(pairs, seed), len(pairs)
    for count in range(BATCH, size + 1, BATCH):
        part = seen.where(np.arange(count))
        gain = difference(part, plan(size))
        if gain is None or (waits and not Events.of(part.label, part.canary).enough):
            continue
        if gain.high < 0:
            return "abort"
        if gain.low > 0 and count == size:
            return "promote"
    return "inconclusive"


def splits(runs: int, levels: Levels) -> None:
    """Print how often equal versions, one of which denies rare outcomes, are told apart by their loss."""
    print(
        "\n| split of equal versions, by log loss | waits | aborted | promoted |\n| --- | --- | --- | --- |"
    )
    for size, users in product((1000, 2500, 10_000), (0, 100)):
        world = World(size, rate=0.002, denies=True, users=users)
        drawn = [world.drawn(seed) for seed in range(runs)]
        for by, denied in (("the canary", drawn), ("stable", [swapped(one) for one in drawn])):
            name = str(world).replace("the candidate", by)
            for waits in (False, True):
                found = [split_end(one, seed, waits) for seed, one in enumerate(denied)]
                rates = [Rate(found.count(outcome), runs) for outcome in ("abort", "promote")]
                print(f"| {name} | {'yes' if waits else 'no'} | {rates[0]} | {rates[1]} |", flush=True)
                for outcome in ("abort", "promote") if waits else ():
                    levels.held(f"split, {name}: {outcome}", (one == outcome for one in found), ALPHA)


def tables(runs: int, levels: Levels) -> None:
    """Print how often equal and better candidates pass."""
    splits(runs, levels)
    for title, worlds in (("equal", EQUAL), ("better", BETTER)):
        print(f"\n| shadow of {title} candidates | aborted | passed | inconclusive | requests, median |")
        print("| --- | --- | --- | --- | --- |")
        for world in worlds:
            found = [end(world, seed) for seed in range(runs)]
            counts = Counter(outcome for outcome, _ in found)
            if title == "equal":
                for outcome in ("pass", "abort"):
                    levels.held(f"shadow, {world}: {outcome}", (one == outcome for one, _ in found), ALPHA)
            rates = [str(Rate(counts[outcome], runs)) for outcome in ("abort", "pass", "inconclusive")]
            middle = np.median([requests for _, requests in found])
            print(f"| {world} | {' | '.join(rates)} | {middle:,.0f} |", flush=True)


def main(runs: int = 100) -> None:
    """Print the tables.

    Raises:
        SystemExit: a rate is above its level beyond the noise of the simulation.
    """
    levels = Levels()
    tables(runs, levels)
    if levels.broken:
        sys.exit("above their level:\n" + "\n".join(levels.broken))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
