"""From the gate to the promotion by one rule: an equal version where the card allows it, and no worse one."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slipway.evaluation.gate import decide
from slipway.records.canary import CanaryEvidence
from slipway.records.checks import GateVerdict
from slipway.registry.versions import Registry
from slipway.tasks import Scores
from tests.slipway.report import sample
from tests.slipway.rollout.moves import OneServer, production, promoter
from tests.slipway.tasks.canaries import canary
from tests.slipway.tasks.worlds import World, evidence, weakened, world

MARGIN = 0.03
"""Of log loss, in nats: about what seven thousand requests can show."""
STRICT: dict[str, Any] = {"rule": "better"}
LAX: dict[str, Any] = {"rule": "not_worse", "margin": MARGIN}
LARGE = [{"weight": 25, "requests": 2000}, {"weight": 50, "requests": 5000}]


def rows(asked: dict[str, Any]) -> World:
    """A table of people who come once, and a card that asks the same of gate and canary."""
    found = world("binary", rows=7200, gate__champion=asked, rollout__decision=asked, rollout__steps=LARGE)
    own = found.rows.schema.get_field_index("who")
    return World(found.card, found.rows.set_column(own, "who", [list(range(7200))]), found.truth)


def refreshed(truth: Scores, seed: int) -> Scores:
    """One who learned as much from other rows: the odds of each answer are off by a little noise."""
    noise = np.random.default_rng(seed).normal(0, 0.25, len(truth))
    return np.asarray(1 / (1 + np.exp(noise) * (1 - truth) / truth), np.float64)


def judged(found: World, champion: Scores, candidate: Scores) -> GateVerdict:
    """By the gate of the card, on the first rows."""
    measured = evidence(found, champion=champion, candidate=candidate)
    return decide(measured, found.card.task, found.card.gate, found.card.problem.p99_latency_ms)


def codes(verdict: Any) -> list[str]:
    """Of the checks that refuse."""
    return [check.code for check in verdict.checks if check.refuses]


def promoted(registry: Registry, gate: GateVerdict, tried: CanaryEvidence) -> tuple[int | None, int | None]:
    """What is in production after the promotion of version 2 that these speak for, and what was before."""
    target = OneServer()
    move = promoter(registry, target).move
    first = {"decision": "first", "version": 1, "replaced": None, "canary": None}
    move(sample.record(version_digest=registry.get(1).digest, run=run(registry), **first))
    checks = [*gate.checks, *tried.verdict.checks]
    facts = {"decision": "promote", "version": 2, "replaced": 1, "canary": tried, "checks": checks}
    move(sample.record(version_digest=registry.get(2).digest, run=run(registry), **facts))
    assert target.version == 2
    return production(registry)


def run(registry: Registry) -> str:
    """Of a rollout."""
    return registry.start_run("rollout", "test", "f")


def test_an_equal_version_is_promoted_where_the_card_allows_it(clean: Registry, tmp_path: Path) -> None:
    """Fresher rows, the same quality: gate and canary show that it is not worse by the margin."""
    found = rows(LAX)
    stable, fresh = refreshed(found.truth, 1), refreshed(found.truth, 2)
    gate, tried = judged(found, stable, fresh), canary(found, tmp_path, stable, fresh)

    assert (codes(gate), gate.passed) == ([], True)
    assert (codes(tried.verdict), tried.verdict.outcome) == ([], "promote")
    last = tried.looks[-1].difference
    assert last is not None
    assert -MARGIN < last.low < 0
    assert promoted(clean, gate, tried) == (2, 1)


def test_a_worse_version_is_stopped_by_the_same_rule(tmp_path: Path) -> None:
    """By the gate; and by the canary, had the gate not seen it."""
    found = rows(LAX)
    stable, worse = refreshed(found.truth, 1), weakened("binary", found.truth, 0.7)
    tried = canary(found, tmp_path, stable, worse)

    assert "champion.log_loss" in codes(judged(found, stable, worse))
    assert (tried.verdict.outcome, codes(tried.verdict)[0]) == ("abort", "canary.metric")


@pytest.mark.gate("canary.undecided")
def test_an_equal_version_is_no_better(tmp_path: Path) -> None:
    """Where the card asks for better, a tie keeps the incumbent, in the gate and in the canary."""
    found = rows(STRICT)
    stable, fresh = refreshed(found.truth, 1), refreshed(found.truth, 2)
    tried, gate = canary(found, tmp_path, stable, fresh), judged(found, stable, fresh)

    assert codes(gate) == ["champion.log_loss"]
    assert [check.answer for check in gate.failures] == ["not shown"]
    assert (tried.verdict.outcome, codes(tried.verdict)) == ("inconclusive", ["canary.metric"])


def test_a_copy_of_the_champion_is_not_promoted_for_nothing() -> None:
    """Its difference is zero with no width at all, which a margin would let pass."""
    found = rows(LAX)
    stable = refreshed(found.truth, 1)
    measured = evidence(found, champion=stable, candidate=stable)
    same = measured.candidate.model_copy(update={"digest": measured.champion.digest})  # type: ignore[union-attr]
    copy = measured.model_copy(update={"candidate": same})
    verdict = decide(copy, found.card.task, found.card.gate, found.card.problem.p99_latency_ms)

    assert codes(verdict) == ["candidate.new"]
