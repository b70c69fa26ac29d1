"""A rollout of a card many times over, in worlds whose answer is known: how often it decides, and how soon.

Units, times, outcomes and the order of requests are those of the replay part. The assignment is drawn anew
each time, and so are outcomes that can be drawn, faults and latencies. Steps, limits and the judgement after
each batch are those of a rollout; only the servers are left out.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context

import numpy as np
from numpy.typing import NDArray

from slipway.base.provenance import now
from slipway.records.canary import Look
from slipway.records.checks import CanaryVerdict
from slipway.records.evidence import Interval
from slipway.records.shadow import ShadowVerdict
from slipway.rollout.analysis import judge
from slipway.rollout.assignment import in_canary
from slipway.rollout.controller import walk
from slipway.rollout.observations import Observations
from slipway.rollout.plan import requests_needed
from slipway.rollout.reference import Reference
from slipway.rollout.simulated_shadow import Pairing, Requests, shadowed
from slipway.rollout.worlds import Answered, Spells, World
from slipway.settings.card import Rollout
from slipway.tasks import Metric
from slipway.tasks.metrics import wilson

CONFIDENCE = 0.95
SLOW = 0.02
"""The share of the time that a server is slow where it is so in spells."""
ERRING = 2.0
"""How many times the rise of errors that is allowed an erring canary has."""
CHUNK = 8
"""Rollouts that a process does between two reports, for each of which it is sent the requests once."""
Seed = tuple[int, ...]


@dataclass(frozen=True)
class Setting:
    """What stays the same from draw to draw.

    Attributes:
        requests: of the canary.
        pairing: the shadow before it; None where outcomes depend on the answer, and the canary decides.
    """

    plan: Rollout
    metric: Metric
    requests: Requests
    pairing: Pairing | None = None


@dataclass(frozen=True)
class Draw:
    """One simulated rollout.

    Attributes:
        verdict: the last one, of the shadow where that did not pass.
        looks: of the canary, up to the one that decides.
        requests: that were offered, those of shadow and warm-up too.
    """

    verdict: CanaryVerdict | ShadowVerdict
    looks: list[Look]
    requests: int

    @property
    def outcome(self) -> str:
        """How it ended."""
        return self.verdict.outcome

    @property
    def why(self) -> str | None:
        """The code of the check that stopped it, or was first in its way; None where it was promoted."""
        return next((check.code for check in self.verdict.checks if not check.passed), None)


def rolled_out(setting: Setting, world: World, seed: Seed) -> Draw:
    """One rollout in a world; the same seed is the same rollout."""
    plan, requests = setting.plan, setting.requests
    random, used = np.random.default_rng(seed), 0
    if setting.pairing is not None:
        shadow, used = shadowed(setting.pairing, plan, setting.metric, world, random)
        if shadow.outcome != "pass":
            return Draw(shadow, [], used)
    decided = setting.pairing is not None
    labels = requests.labels if setting.metric.is_loss else None
    answered = world.answered(random, *requests.earned(random), labels)
    warm = slice(plan.warmup_requests // 2, plan.warmup_requests)
    reference = Reference.of(answered.latency_ms[0, warm], plan.guardrails)
    experiment, seen = f"simulated {list(seed)}", _Seen(setting, answered)
    weight = 0

    def weigh(percent: int) -> None:
        nonlocal weight
        weight = percent

    def look(number: int, batch: int) -> Look:
        seen.offer(number, in_canary(requests.units[seen.end : seen.end + batch], experiment, weight))
        last = seen.end == requests_needed(plan)
        observed = seen.observed(last)
        return judge(observed, plan, number, last, now(), setting.metric, reference, shadowed=decided)

    looks = walk(plan, reference, weigh, look)
    return Draw(looks[-1].verdict, looks, used + seen.end)


class _Seen:
    """What a rollout has offered so far, and what came of it."""

    def __init__(self, setting: Setting, answered: Answered) -> None:
        self.setting, self.answered = setting, answered
        self.end = setting.plan.warmup_requests
        asked = setting.metric.is_loss or setting.pairing is not None
        self.labels = setting.requests.labels if asked else None
        self.step, self.canary = np.empty(0, np.int32), np.empty(0, np.bool_)

    def offer(self, step: int, canary: NDArray[np.bool_]) -> None:
        """Have the next requests answered, each by its arm."""
        self.step = np.append(self.step, np.full(len(canary), step, np.int32))
        self.canary = np.append(self.canary, canary)
        self.end += len(canary)

    def observed(self, waited: bool) -> Observations:
        """All of it, as an arena has it."""
        plan, requests, answered = self.setting.plan, self.setting.requests, self.answered
        first = plan.warmup_requests
        where = self.canary.astype(np.int64), np.arange(first, self.end)
        return Observations(
            step=self.step,
            block=np.arange(len(self.step)) // plan.block_requests,
            unit=requests.unit_codes[first : self.end],
            canary=self.canary,
            error=answered.error[where],
            latency_ms=answered.latency_ms[where],
            due=requests.due(first, self.end, waited),
            metric=answered.metric[where],
            label=np.empty(0) if self.labels is None else self.labels[first : self.end],
            late=None if answered.late is None else answered.late[where],
        )


def worlds(plan: Rollout, effect: float, error_rate: float) -> tuple[World, ...]:
    """The four questions that a plan has to answer well, each with its name.

    Args:
        effect: what a better canary gains per request.
        error_rate: of stable.
    """
    errors = (error_rate, error_rate)
    rise = ERRING * Reference(error_rate=error_rate).most_errors(plan.guardrails)
    spells = Spells(SLOW, max(1, plan.block_requests // 2))
    return (
        World("equal", errors=errors),
        World(f"better by {effect:.2g}", effect=effect, errors=errors),
        World(f"better, errors {100 * rise:+.2g} %", effect=effect, errors=(error_rate, error_rate + rise)),
        World("better, both slow in spells", effect=effect, errors=errors, slow=spells),
    )


@dataclass(frozen=True)
class End:
    """How one simulated rollout ended, in what is kept of it."""

    outcome: str
    why: str | None
    requests: int


@dataclass(frozen=True)
class Tally:
    """How often rollouts in one world ended in which way, and after how much."""

    world: str
    ends: tuple[End, ...]

    def rate(self, outcome: str) -> Interval:
        """The share of one outcome, with Wilson's interval."""
        hits = sum(end.outcome == outcome for end in self.ends)
        return wilson(hits, len(self.ends), CONFIDENCE)

    def requests(self, quantile: float) -> int:
        """After how many requests so many of them had ended."""
        # A number that really occurred: between two looks nothing ends.
        return int(np.quantile([end.requests for end in self.ends], quantile, method="inverted_cdf"))

    @property
    def obstacle(self) -> str | None:
        """The check that most often kept them from promotion, None where all were promoted."""
        found = [end.why for end in self.ends if end.why is not None]
        return max(sorted(set(found)), key=found.count) if found else None


def simulated(
    setting: Setting, each: Sequence[World], draws: int, seed: int, workers: int = 1
) -> Iterator[tuple[int, End]]:
    """Roll out `draws` times in each world; yields the world's place and how it ended, world by world.

    The result is that of the seed, however many processes work on it.
    """
    jobs = [(place, (seed, place, draw)) for place in range(len(each)) for draw in range(draws)]
    one = partial(_end, setting, tuple(each))
    if workers == 1:
        yield from map(one, jobs)
        return
    # Not forked: who calls may have threads, and a fork of one of them may hang.
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        yield from pool.map(one, jobs, chunksize=CHUNK)


def _end(setting: Setting, each: tuple[World, ...], job: tuple[int, Seed]) -> tuple[int, End]:
    place, seed = job
    draw = rolled_out(setting, each[place], seed)
    return place, End(draw.outcome, draw.why, draw.requests)


def tallied(each: Sequence[World], ends: Sequence[tuple[int, End]]) -> list[Tally]:
    """The ends by world."""
    return [
        Tally(world.name, tuple(end for at, end in ends if at == place)) for place, world in enumerate(each)
    ]
