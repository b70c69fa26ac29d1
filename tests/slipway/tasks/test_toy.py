"""A fifth task, of items retrieved from a catalogue, needs no edit outside its own folder."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from slipway import tasks
from slipway.evaluation.gate import decide
from slipway.tasks import Scores
from tests.slipway.tasks.canaries import canary
from tests.slipway.tasks.test_canaries import reported
from tests.slipway.tasks.worlds import BASELINE, LABELS, PRIMARY, World, evidence, world

ITEMS = 50


@pytest.fixture(autouse=True)
def found_by_name(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The folder is on the path of the package, and that is all."""
    monkeypatch.setattr(tasks, "__path__", [*tasks.__path__, str(Path(__file__).with_name("toy"))])
    monkeypatch.setitem(LABELS, "retrieval", {"type": "string"})
    monkeypatch.setitem(PRIMARY, "retrieval", "recall")
    monkeypatch.setitem(BASELINE, "retrieval", "logistic")
    yield
    __import__("sys").modules.pop("slipway.tasks.retrieval", None)


def market(rows: int = 3000) -> World:
    """Users want three of the items around their taste; whoever knows it answers the five around it."""
    from tests.slipway.tasks.worlds import card

    random = np.random.default_rng(0)
    taste = random.integers(0, ITEMS, rows)
    wanted = (taste[:, None] + np.array([-1, 0, 1])) % ITEMS
    labels = pa.array([" ".join(map(str, row)) for row in wanted.tolist()])
    base = world("binary", rows)
    table = base.rows.set_column(base.rows.schema.get_field_index("label"), "label", labels)
    best = ((taste[:, None] + np.arange(-2, 3)) % ITEMS).astype(np.float64)
    return World(card("retrieval"), table, best)


def off(scores: Scores, share: float) -> Scores:
    """The same, moved half the catalogue away for a share of the rows."""
    chosen = np.random.default_rng(1).random(len(scores)) < share
    return np.where(chosen[:, None], (scores + ITEMS / 2) % ITEMS, scores)


def test_the_gate_lets_the_better_one_pass_and_refuses_the_worse() -> None:
    """Where up is better, too."""
    found = market()
    weak, weaker = off(found.truth, 0.3), off(found.truth, 0.4)
    good = decide(
        evidence(found, baseline=weaker, champion=weak),
        found.card.task,
        found.card.gate,
        found.card.problem.p99_latency_ms,
    )
    bad = decide(
        evidence(found, baseline=weaker, candidate=weak, champion=found.truth),
        found.card.task,
        found.card.gate,
        found.card.problem.p99_latency_ms,
    )

    assert good.failures == []
    assert "champion.recall" in [check.code for check in bad.failures]
    assert any(check.code.startswith("slice.shop.") for check in bad.failures)


def test_an_answer_that_names_an_item_twice_is_refused() -> None:
    """By the rules of the task."""
    found = market()
    twice = found.truth.copy()
    twice[3, :] = 7

    verdict = decide(
        evidence(found, baseline=off(found.truth, 0.4), candidate=twice),
        found.card.task,
        found.card.gate,
        found.card.problem.p99_latency_ms,
    )
    assert [check.allowed for check in verdict.failures] == ["different items of the catalogue"]


def test_its_canary_promotes_and_aborts(tmp_path: Path) -> None:
    """By the recall of what was logged."""
    found = market()
    weak = off(found.truth, 0.5)

    assert canary(found, tmp_path, weak, found.truth).verdict.outcome == "promote"
    assert canary(found, tmp_path, found.truth, weak).verdict.outcome == "abort"


def test_its_report_is_drawn(tmp_path: Path) -> None:
    """Without a curve, which it does not have."""
    found = market()
    told = canary(found, tmp_path, off(found.truth, 0.5), found.truth)
    page = reported(replace(found, truth=found.truth), told)

    assert "Recall" in page
    assert "higher is better" in page
    assert "recall of what was wanted" in page
