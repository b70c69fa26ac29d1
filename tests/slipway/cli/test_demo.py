"""`slipway demo`: what it does with a baseline that does not reach production."""

import json
from pathlib import Path

import pytest

from tests.slipway.chain.conftest import Copy, copy_project

pytestmark = pytest.mark.long

SMALL = ("--size", "small")


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A copy with few rows and a gate that nothing passes."""
    copy = copy_project(tmp_path_factory.mktemp("demo"))
    source = {"kind": "generator", "seed": 17}
    copy.change_card(data={"source": source | {"rows": {"small": 8000}}}, gate={"min_auc": 0.999})
    return copy


@pytest.mark.gate(
    "demo.baseline",
    fed="a demo whose baseline the gate refuses",
    stops="gate",
    exit=3,
    reason="the baseline did not go to production",
    untouched="no candidate trained, nothing registered",
)
def test_a_refused_baseline_ends_the_demo(refused: Copy) -> None:
    """The candidate is not trained: with nothing to beat it would go first, unbeaten."""
    ran = refused.slipway("demo", *SMALL, "--json")
    decided = json.loads(refused.slipway("history", *SMALL, "--json").stdout)

    assert ran.returncode == 3, ran.stderr
    assert [one["decision"] for one in decided] == ["refused"]
    assert json.loads(ran.stdout)["id"] == decided[0]["id"]
    assert "the baseline did not go to production" in ran.stderr


def test_a_refused_baseline_is_tried_again(refused: Copy) -> None:
    """Nothing is in production, so "nothing changed" would leave it at that for ever."""
    ran = refused.slipway("demo", *SMALL)

    assert ran.returncode == 3, ran.stderr
    assert "the baseline goes first" in ran.stdout
    assert "Report" in ran.stdout
    assert "Nothing changed" not in ran.stdout


def test_the_report_of_a_decision_is_told_to_machines(refused: Copy) -> None:
    """Its record and its path."""
    told = json.loads(refused.slipway("report", *SMALL, "--json").stdout)

    assert Path(told["report"]).is_file()
    assert told["record"]
