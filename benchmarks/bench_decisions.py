"""How a canary is judged where the world is not polite: spells, failures on what is rare, lost outcomes.

python -m benchmarks.bench_decisions [runs] [runs of 2,000,000 requests]

Traffic is drawn, assignment by unit and the judgement after every batch are those of a rollout. Equal arms
must not be stopped and not be promoted, harmful ones not be promoted, more often than alpha; it ends with an
error where a rate is above that beyond the noise of the simulation. What is beyond what a rollout can hold,
such as spells longer than half a block, is printed and not held.
"""

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

import numpy as np

from benchmarks import bench_shadow
from benchmarks.bench_canary import Levels, Rate
from benchmarks.decision_cases import BETTER, EQUAL, HARMFUL, REWARD, Case
from slipway.base.provenance import now
from slipway.records.canary import Exposure
from slipway.rollout.analysis import judge
from slipway.rollout.assignment import position
from slipway.rollout.novelty import exposures
from slipway.rollout.observations import Observations
from slipway.rollout.reference import Reference
from slipway.rollout.simulation import rolled_out
from slipway.settings.card import Decision

ALPHA = Decision().alpha
NEW, USED = 0.05, -0.02
"""What a canary adds to a user's first three rewards, and to all later ones."""
Each = Callable[..., Iterable]  # type: ignore[type-arg]
"""As `map`."""


def end(case: Case, seed: int) -> tuple[str, int]:
    """How a canary ends, and after how many requests beyond the warm-up."""
    draw = rolled_out(case.setting(seed), case, (seed,))
    return draw.outcome, draw.requests - case.plan.warmup_requests


def table(title: str, cases: Iterable[Case], runs: tuple[int, int], levels: Levels, each: Each) -> None:
    """Print how often canaries end in which way.

    Args:
        runs: of each case, and of each that is large.
    """
    print(f"\n| {title} arms | aborted | promoted | inconclusive | requests, median |")
    print("| --- | --- | --- | --- | --- |")
    for case in cases:
        found = list(each(partial(end, case), range(runs[case.scale > 1])))
        counts = Counter(outcome for outcome, _ in found)
        if title != "better" and case.held:
            levels.held(f"{case.name}: promoted", (one == "promote" for one, _ in found), ALPHA)
        if title != "harmful" and case.held:
            levels.held(f"{case.name}: aborted", (one == "abort" for one, _ in found), ALPHA)
        rates = [str(Rate(counts[outcome], len(found))) for outcome in ("abort", "promote", "inconclusive")]
        beyond = "" if case.held else " (not held)"
        middle = np.median([requests for _, requests in found])
        print(f"| {case.name}{beyond} | {' | '.join(rates)} | {middle:,.0f} |", flush=True)


def worn_off(seed: int) -> tuple[list[Exposure], str]:
    """The lift by exposure of a canary whose gain wears off, and how it ends."""
    plan, random, users = Case("").plan, np.random.default_rng(seed), 4000
    step = np.repeat(np.arange(len(plan.steps), dtype=np.int32), [one.requests for one in plan.steps])
    unit = random.integers(0, users, len(step))
    weight = np.array([one.weight for one in plan.steps])[step]
    canary = position([str(one) for one in range(users)], f"wears off {seed}")[unit] < weight
    met = np.empty(len(unit), np.int64)
    for user in range(users):
        own = np.flatnonzero(unit == user)
        met[own] = np.cumsum(canary[own])
    lift = np.where(canary, np.where(met <= 3, NEW, USED), 0.0)
    seen = Observations(
        step=step,
        block=np.arange(len(step)) // plan.block_requests,
        unit=unit,
        canary=canary,
        error=np.zeros(len(step), np.bool_),
        latency_ms=np.ones(len(step)),
        due=np.ones(len(step), np.bool_),
        metric=(random.random(len(step)) < 0.1 + lift).astype(np.float64),
    )
    outcome, size = "continue", 0
    while outcome == "continue":
        size += plan.batch_requests
        part, last = seen.where(slice(size)), size == len(seen)
        look = judge(part, plan, int(step[size - 1]), last, now(), REWARD, Reference(slow_ms=2.0))
        outcome = look.verdict.outcome
    return exposures(seen, plan), outcome


def wears_off(runs: int, levels: Levels, each: Each) -> None:
    """Print what is shown of a novelty: nothing decides by it, but its intervals must hold the truth."""
    found = list(each(worn_off, range(runs)))
    print(f"\n| first three answers {NEW:+g}, then {USED:+g}: exposure | lift, mean | misses it |")
    print("| --- | --- | --- |")
    for number, group in enumerate(zip(*(shown for shown, _ in found), strict=True)):
        truth, lifts = NEW if number < 3 else USED, [one.lift for one in group if one.lift]
        missed = [not lift.low <= truth <= lift.high for lift in lifts]
        rate = levels.held(f"novelty, exposure {group[0].number}", missed, ALPHA)
        print(f"| {group[0].number} | {np.mean([lift.value for lift in lifts]):+.3f} | {rate} |")
    promoted = Rate.of(outcome == "promote" for _, outcome in found)
    print(f"\nIt is promoted in {promoted} (not held): time tells, for which live traffic has a least.")


def main(runs: int = 100, large: int = 10) -> None:
    """Print a table for each kind of world.

    Raises:
        SystemExit: a rate is above its level beyond the noise of the simulation.
    """
    levels, workers = Levels(), os.cpu_count() or 1
    print(f"{runs} runs each, {large} of 2,000,000 requests, 46 looks; in brackets Wilson's 95 % interval")
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        for title, cases in (("equal", EQUAL), ("harmful", HARMFUL), ("better", BETTER)):
            table(title, cases, (runs, large), levels, pool.map)
        wears_off(runs, levels, pool.map)
    bench_shadow.tables(runs, levels)
    if levels.broken:
        sys.exit("above their level:\n" + "\n".join(levels.broken))


if __name__ == "__main__":
    begun = time.monotonic()
    main(*map(int, sys.argv[1:]))
    print(f"\n{time.monotonic() - begun:.0f} s")
