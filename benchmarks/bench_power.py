"""How often the demo's candidate passes the gate and its canary is promoted, with other luck.

python benchmarks/bench_power.py [seeds] [data sets]

Each seed assigns the users anew and draws the clicks anew; other data sets are generated and trained on anew,
with other seeds than the card's. A candidate that the gate refuses is promoted by no canary. It ends with an
error where fewer than 95 % end promoted. Only the servers are left out, and with them errors and what they
add to the time of an answer: both arms take the same, so the weight rises with every step.
"""

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from slipway.data.ingest import ingest_rows
from slipway.data.split import split_rows
from slipway.evaluation.compose import HoldoutRows
from slipway.evaluation.evaluate import Contender, evaluate_models
from slipway.evaluation.gate import decide
from slipway.records.canary import Look
from slipway.records.checks import Check
from slipway.records.evidence import HoldoutUse
from slipway.rollout.analysis import judge
from slipway.rollout.assignment import position
from slipway.rollout.controller import batches
from slipway.rollout.observations import Observations
from slipway.rollout.plan import Expected, requests_needed
from slipway.rollout.power import power
from slipway.rollout.reference import Reference
from slipway.rollout.traffic import Answer, Traffic
from slipway.rollout.triggering import by_unit
from slipway.settings import Card, Size
from slipway.settings.root import Project
from slipway.stages.train import BASELINE, CANDIDATE
from slipway.system import System, load_system
from slipway.tasks.click import bernoulli_deviation
from slipway.training.fit import data_ref, read_scores, train_models
from slipway.version.answer import Version
from slipway.version.proven import trained_here
from tests.slipway.root import ROOT

POWER = 0.95
AT = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Demo:
    """Traffic, and what the versions answer to it, stable first.

    Attributes:
        refused: why the gate refuses the candidate; empty where it passes.
    """

    card: Card
    traffic: Traffic
    answers: tuple[list[Answer], list[Answer]]
    expected: Expected
    refused: str

    @property
    def truth(self) -> Expected:
        """What the versions earn on this traffic."""
        stable, canary = (np.concatenate([one.ranks for one in arm]) for arm in self.answers)
        chance = self.traffic.truth[: len(stable)]
        return Expected(float(chance[stable == 1].mean()), float(chance[canary == 1].mean()))


def main(seeds: int = 100, sets: int = 10) -> None:
    """Print a line for each size, and one for the other data sets together."""
    card = Project.find(Path(__file__).parent).card("ad_click")
    own = card.data.source.seed
    print(f"{seeds} seeds for the card's data, one for each of {sets} other data sets\n")
    heads = "data", "holdout difference", "power by the plan", "true difference", "past the gate"
    print("| " + " | ".join((*heads, "promoted", "aborted")) + " |")
    print("|---|---|---|---|---|---|---|")
    weak = []
    for size in ("small", "full"):
        with built(card, size, own) as demo:
            ends = Counter(outcome(demo, seed) for seed in range(seeds))
            print(row(f"{size}, seed {own}", [demo], ends), flush=True)
            if ends["promote"] < POWER * seeds:
                weak.append(f"{size}: {ends['promote']} of {seeds} promoted, at least {POWER:.0%} wanted")
        demos, ends = [], Counter()
        for seed in range(1, sets + 1):
            with built(card, size, own + seed) as demo:
                demos.append(demo)
                ends[outcome(demo, seed)] += 1
        if demos:
            print(row(f"{size}, seeds {own + 1} to {own + sets}", demos, ends), flush=True)
        if ends["promote"] < POWER * sets:
            weak.append(f"{size}: {ends['promote']} of {sets} data sets promoted, {POWER:.0%} wanted")
    if weak:
        sys.exit("; ".join(weak))


def row(name: str, demos: list[Demo], ends: Counter[str]) -> str:
    """One line of the table."""
    runs = sum(ends.values())
    planned = np.mean(
        [power(demo.card.rollout, demo.expected.difference, deviation(demo.expected)) for demo in demos]
    )
    for demo in demos:
        if demo.refused:
            print(f"refused by the gate: {demo.refused}", file=sys.stderr)
    cells = [
        name,
        span([demo.expected.difference for demo in demos]),
        f"{planned:.3f}",
        span([demo.truth.difference for demo in demos]),
        f"{sum(not demo.refused for demo in demos)} of {len(demos)}",
        f"{ends['promote']} of {runs}",
        str(ends["abort"]),
    ]
    return "| " + " | ".join(cells) + " |"


def span(values: list[float]) -> str:
    """One number, or from the least to the most."""
    return " to ".join(f"{value:+.4f}" for value in sorted({min(values), max(values)}))


def deviation(expected: Expected) -> float:
    """Of one click of either arm."""
    return bernoulli_deviation((expected.stable + expected.canary) / 2)


@contextmanager
def built(card: Card, size: Size, seed: int) -> Iterator[Demo]:
    """Generate, split and train."""
    source = card.data.source.model_copy(update={"seed": seed})
    card = card.model_copy(update={"data": card.data.model_copy(update={"source": source})})
    project = Project.find(Path(__file__).parent)
    with tempfile.TemporaryDirectory() as temporary:
        raw, parts, models = (Path(temporary) / name for name in ("raw", "split", "models"))
        ingest_rows(project, card, size, raw)
        system = load_system(card.name, project.root)
        split_rows(card, system, size, raw, parts)
        models.mkdir()
        train_models(project.root, card, parts, data_ref(parts, "", size), models, say=lambda text: None)
        versions = [Version.load(models / name) for name in (BASELINE, CANDIDATE)]
        traffic = Traffic.load(card, system, parts, seed)
        rows = HoldoutRows.read(card, system, parts)
        yield Demo(
            card,
            traffic,
            (answers(versions[0], traffic), answers(versions[1], traffic)),
            Expected(*(_on_holdout(card, rows, version) for version in versions)),
            "; ".join(map(str, gates(card, system, parts, models))),
        )


def gates(card: Card, system: System, parts: Path, models: Path) -> Iterator[Check]:
    """What refuses the baseline as the first version, or the candidate beside it in production."""
    baseline, candidate = (trained_here(models / name, ROOT, False) for name in (BASELINE, CANDIDATE))
    first = [Contender("baseline", baseline), Contender("candidate", baseline)]
    second = [
        Contender("baseline", baseline),
        Contender("candidate", candidate),
        Contender("champion", baseline, 1),
    ]
    use = HoldoutUse.of(1, card.evaluation.confidence)
    for contenders, used in ((first, None), (second, use)):
        evidence = evaluate_models(card, system, parts, "", contenders, read_scores(models), used)
        yield from decide(evidence, card.task, card.gate, card.problem.p99_latency_ms).failures


def _on_holdout(card: Card, rows: HoldoutRows, version: Version) -> float:
    return card.task.earned(version.scores(rows.requests), rows.truth, np.array(rows.bounds)[:, 0])


def answers(version: Version, traffic: Traffic) -> list[Answer]:
    """What the version answers to the requests that the plan needs."""
    bounds = traffic.bounds[: requests_needed(version.card.rollout) + 1]
    rows = traffic.requests.slice(0, bounds[-1])
    found = version.answer(rows, np.repeat(np.arange(len(bounds) - 1), np.diff(bounds)))
    cuts = bounds[1:-1]
    return [
        Answer(*pair) for pair in zip(np.split(found.scores, cuts), np.split(found.ranks, cuts), strict=True)
    ]


def outcome(demo: Demo, seed: int) -> str:
    """How it ends."""
    if demo.refused:
        return "refuse"
    return list(looks(demo, seed))[-1].verdict.outcome


def looks(demo: Demo, seed: int) -> Iterator[Look]:
    """The controller's loop without servers: a look after each batch, up to the verdict."""
    rollout, traffic = demo.card.rollout, demo.traffic
    end, last = rollout.warmup_requests, requests_needed(rollout)
    seen, reference = observed(demo, seed)
    for number, step in enumerate(rollout.steps):
        for requests in batches(step.requests, rollout.batch_requests):
            end += requests
            due = traffic.due(rollout.warmup_requests, end, waited=end >= last)
            so_far = replace(seen.where(np.arange(len(seen)) < len(due)), due=due)
            found = judge(so_far, rollout, number, end >= last, AT, traffic.metric, reference)
            yield found
            if found.verdict.outcome != "continue":
                return


def observed(demo: Demo, seed: int) -> tuple[Observations, Reference]:
    """Every request of the plan, as served by the arm of its user, and what the warm-up said of stable."""
    rollout, random = demo.card.rollout, np.random.default_rng([seed, 1])
    traffic = replace(demo.traffic, luck=np.random.default_rng(seed).random(len(demo.traffic.outcomes)))
    first, last = rollout.warmup_requests, requests_needed(rollout)
    step = np.repeat(np.arange(len(rollout.steps), dtype=np.int32), [one.requests for one in rollout.steps])
    weight = np.array([float(one.weight) for one in rollout.steps])[step]
    canary = position(traffic.units[first:last], f"experiment {seed}") < weight
    stable, better = (traffic.gains(first, arm[first:last]) for arm in demo.answers)
    pairs = zip(*(arm[first:last] for arm in demo.answers), strict=True)
    differs = np.array([bool(((one.ranks == 1) != (other.ranks == 1)).any()) for one, other in pairs])
    seen = Observations(
        step=step,
        block=np.arange(len(step)) // rollout.block_requests,
        unit=traffic.unit_codes[first:last],
        canary=canary,
        error=np.zeros(len(step), np.bool_),
        latency_ms=random.lognormal(1.0, 0.4, len(step)),
        due=np.zeros(len(step), np.bool_),
        metric=np.where(canary, better, stable),
        triggered=by_unit(differs, traffic.unit_codes[first:last]),
    )
    warm = rollout.warmup_requests - rollout.warmup_requests // 2
    return seen, Reference.of(random.lognormal(1.0, 0.4, warm), rollout.guardrails)


if __name__ == "__main__":
    begun = time.monotonic()
    main(*map(int, sys.argv[1:]))
    print(f"\n{time.monotonic() - begun:.0f} s")
