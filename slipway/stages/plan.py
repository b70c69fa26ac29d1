"""What a rollout of a line would do and could show; nothing is started, and nothing is kept."""

import os
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from slipway.base.errors import SlipwayError
from slipway.evaluation.carried import Environments
from slipway.evaluation.parity import in_parity
from slipway.registry.versions import Registry
from slipway.rollout.logged import Logged
from slipway.rollout.plan import Expected, basis, expected, heading, paired_basis, requests_needed
from slipway.rollout.power import detectable, detectable_by_pairs
from slipway.rollout.prospects import Basis, Prospect, prospects, shadow_prospects
from slipway.rollout.simulated_shadow import Pairing
from slipway.rollout.simulation import Setting, Tally, simulated, tallied, worlds
from slipway.rollout.traffic import Answer, Traffic
from slipway.settings import Line
from slipway.system import load_system
from slipway.version.answer import ranks


@dataclass(frozen=True)
class Planned:
    """The plan of one line.

    Attributes:
        version: the one that would be tried, None where there is none but the live one.
        stable: the one that is live, None where nothing is.
        basis: of the canary's plan.
        pairs: of the shadow's; None where outcomes depend on the answer, and there is none.
    """

    line: Line
    version: int | None
    stable: int | None
    traffic: Traffic
    expected: Expected | None
    basis: Basis
    pairs: Basis | None

    @property
    def used(self) -> int:
        """Requests of the shadow, which the canary does not offer again."""
        return 0 if self.pairs is None else self.line.card.rollout.shadow.requests

    @property
    def lines(self) -> list[str]:
        """What will be done."""
        lines = list(heading(self.line.card, self.traffic, self.expected, self.basis, self.used))
        if self.pairs is None:
            return lines
        return [
            f"{self.used:,} of {len(self.traffic):,} requests at most are asked of both, in a shadow",
            *lines,
        ]

    @property
    def prospects(self) -> list[Prospect]:
        """What it can show."""
        rollout = self.line.card.rollout
        first = [] if self.pairs is None else shadow_prospects(rollout, self.pairs)
        return [*first, *prospects(rollout, self.basis)]

    @property
    def effect(self) -> float:
        """The gain per request that is to be found; where nobody states one, what the plan would find."""
        rollout, stated = self.line.card.rollout, (self.pairs or self.basis).effect
        if stated is not None and stated > 0:
            return stated
        if self.pairs is not None:
            return detectable_by_pairs(rollout, self.pairs.deviation)
        return detectable(rollout, self.basis.deviation)


def planned(line: Line, version: int | None, warn: Callable[[SlipwayError], None]) -> Planned:
    """Plan the rollout of a version, by default of the one in staging, on the split as it lies here.

    Args:
        warn: told of each record that cannot be read.

    Raises:
        UsageError: the replay part has too few requests.
        SlipwayError: there is no such version, or no split yet.
    """
    card, registry = line.card, Registry(line)
    traffic = Traffic.load(
        card, load_system(card.name, line.project.root), line.data / "split", card.models.seed
    )
    stable = registry.resolve("production")
    staged = registry.resolve("staging") if version is None else version
    # What is live already is no version to try; the plan is then that of the card for the next one.
    number = None if staged == stable else staged
    evaluated = None if number is None else registry.training_record(number).evaluation
    hoped = None if stable is None else expected(evaluated, stable, traffic.metric)
    rate = None if stable is None else recorded_error_rate(registry, stable, warn)
    pairs, used = None, 0
    if not card.depends_on_answer():
        pairs, used = paired_basis(card, traffic, evaluated, stable or 0), card.rollout.shadow.requests
    return Planned(line, number, stable, traffic, hoped, basis(card, traffic, hoped, rate, used), pairs)


def simulate(
    plan: Planned, draws: int, seed: int, tell: Callable[[int, int], None], workers: int | None = None
) -> list[Tally]:
    """Roll the card out so many times in each of its worlds.

    What requests earn is what the live version's answers to them do; a better one earns the effect more. The
    answers of the version on trial are not looked at: that would be its canary, without the canary's rules.

    Args:
        tell: takes the rollouts done, and all that there are.
        workers: processes, by default one for each core.
    """
    rollout, traffic, used = plan.line.card.rollout, plan.traffic, plan.used
    needed = requests_needed(rollout)
    answer = None if plan.stable is None else _answer(plan.line, plan.stable, traffic, used + needed)
    pairing = None
    if plan.pairs is not None:
        copies = Logged.of(traffic, used, answer)
        pairing = Pairing(copies, plan.pairs.deviation)
    setting = Setting(rollout, traffic.metric, Logged.of(traffic, needed, answer, used), pairing)
    each = worlds(rollout, plan.effect, plan.basis.error_rate or 0.0)
    found = []
    for one in simulated(setting, each, draws, seed, workers or os.cpu_count() or 1):
        found.append(one)
        tell(len(found), draws * len(each))
    return tallied(each, found)


def _answer(line: Line, version: int, traffic: Traffic, requests: int) -> Answer:
    """What a version says of the first requests, by its own code."""
    bounds = traffic.bounds[: requests + 1]
    with tempfile.TemporaryDirectory() as temporary:
        file = Path(temporary) / "requests.parquet"
        pq.write_table(traffic.requests.slice(0, int(bounds[-1])), file)
        proven = Registry(line).download(version, Path(temporary) / "version")
        with ExitStack() as stack:
            process, _ = in_parity(proven, Environments.of(line.project), stack)
            scores = process.score(file, file.with_suffix(".npy"))
    groups = np.repeat(np.arange(requests), np.diff(bounds))
    return Answer(scores, ranks(scores, groups).astype(np.int64))


def recorded_error_rate(
    registry: Registry, version: int, warn: Callable[[SlipwayError], None]
) -> float | None:
    """The share of a version's answers that failed in the last canary it was part of; None: in none.

    Args:
        warn: told of each record that cannot be read: one of a newer slipway must not keep a line from plans.
    """
    for entry in reversed(registry.entries(tell=warn)):
        record = registry.readable(entry, warn)
        rate = None if record is None or record.canary is None else record.canary.error_rate(version)
        if rate is not None:
            return rate
    return None
