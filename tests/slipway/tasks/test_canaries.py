"""The canary of every task promotes what is better and aborts what is worse, by logged outcomes."""

from pathlib import Path

import numpy as np
import pytest

from slipway.report import markdown, render
from slipway.rollout.plan import plan
from slipway.rollout.traffic import Traffic
from slipway.system import load_system
from slipway.tasks import Scores, kind
from tests.slipway.report import sample
from tests.slipway.root import ROOT
from tests.slipway.tasks.canaries import canary
from tests.slipway.tasks.worlds import PRIMARY, World, evidence, weakened, world

TASKS = pytest.mark.parametrize("task", PRIMARY)


@TASKS
def test_a_better_version_is_promoted(task: str, tmp_path: Path) -> None:
    """And the plan says in whose name."""
    found = world(task)
    told = canary(found, tmp_path, weakened(task, found.truth, 0.9), found.truth)

    assert told.verdict.outcome == "promote", told.verdict.checks
    assert told.metric == PRIMARY[task]
    lines = plan(found.card, Traffic.load(found.card, load_system("ad_click", ROOT), tmp_path, seed=0))
    assert any(line.startswith(f"decision metric {PRIMARY[task]}; ") for line in lines)


def broken(task: str, scores: Scores) -> Scores:
    """Answers as of another row: sound, and of no use."""
    return np.roll(scores, 1, axis=0)


@TASKS
def test_a_broken_version_is_aborted(task: str, tmp_path: Path) -> None:
    """By the metric, before the plan ends."""
    found = world(task)
    told = canary(found, tmp_path, found.truth, broken(task, found.truth))
    failed = [check for check in told.verdict.checks if not check.passed]

    assert told.verdict.outcome == "abort"
    assert failed[0].code == "canary.metric"
    assert failed[0].found.startswith(f"minus {kind(task).metric(PRIMARY[task]).words}: ")


@TASKS
def test_equal_versions_are_inconclusive(task: str, tmp_path: Path) -> None:
    """Nothing is shown, so nothing is promoted."""
    found = world(task)
    weak = [weakened(task, found.truth, share) for share in (0.3, 0.300001)]

    assert canary(found, tmp_path, *weak).verdict.outcome == "inconclusive"


@TASKS
def test_the_report_speaks_of_the_task(task: str, tmp_path: Path) -> None:
    """Every metric by its title, and no word of another problem."""
    found = world(task)
    told = canary(found, tmp_path, weakened(task, found.truth, 0.9), found.truth)
    page = reported(found, told)

    for metric in kind(task).metrics:
        assert metric.title in page
    assert kind(task).words.earned[PRIMARY[task]] in page
    assert "click" not in page.lower()
    assert ("probabilit" in page) == (task != "regression")


def reported(found: World, told: object) -> str:
    """The page, and the lines for a pull request."""
    measured = evidence(found, champion=weakened(found.card.problem.task, found.truth, 0.5))
    plain = {"reason": "", "bento": "demo:1", "checks": []}
    record = sample.record(system=found.card.name, evaluation=measured, canary=told, **plain)
    return render(record, found.card, None) + markdown(record)
