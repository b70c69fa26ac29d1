"""CI runs the commands that people run, with no more rights than it needs."""

import re
import subprocess
from typing import Any

import yaml

from tests.repo.root import ROOT, text

WORKFLOW = ".github/workflows/ci.yml"
TARGETS = ["check", "test", "test-full", "demo SIZE=small"]


def workflow() -> dict[str, Any]:
    """The workflow of a push."""
    content: dict[str, Any] = yaml.safe_load(text(WORKFLOW))
    return content


def test_both_run_the_same_targets() -> None:
    """`.ci/run` anywhere, the workflow on GitHub: one vocabulary."""
    here = re.search(r"for target in (.+); do", text(".ci/run"))
    assert here is not None
    assert re.findall(r'"[^"]+"|\S+', here[1]) == [f'"{one}"' if " " in one else one for one in TARGETS]
    steps = [step.get("run", "") for step in workflow()["jobs"]["make"]["steps"]]
    assert [step.removeprefix("make ") for step in steps if step.removeprefix("make ") in TARGETS] == TARGETS


def test_gates_are_proven_beside_the_rest() -> None:
    """In a job of its own, as it takes longer than all quick tests."""
    assert "make prove" in [step.get("run") for step in workflow()["jobs"]["prove"]["steps"]]


def test_actions_are_pinned_by_commit() -> None:
    """A tag can be moved; the version stands in a comment."""
    uses = re.findall(r"uses: (.+)", text(WORKFLOW))
    assert uses
    assert [one for one in uses if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v[\d.]+", one)] == []


def test_the_workflow_may_only_read() -> None:
    """And nobody's token stays behind in the checkout."""
    assert workflow()["permissions"] == {"contents": "read"}
    assert "persist-credentials: false" in text(WORKFLOW)


def test_every_supported_python_is_tried() -> None:
    """The same as `requires-python`."""
    assert workflow()["jobs"]["make"]["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]


def test_the_script_is_sound_and_can_be_run() -> None:
    """bash parses it and it is executable."""
    assert (ROOT / ".ci/run").stat().st_mode & 0o111
    subprocess.run(["bash", "-n", ".ci/run"], cwd=ROOT, check=True)
