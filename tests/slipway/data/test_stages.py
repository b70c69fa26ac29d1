"""`dvc.yaml`: a stage runs again when code that made its output changes."""

import ast
from pathlib import Path

import pytest
import yaml

from tests.slipway.root import REPOSITORY

PACKAGE = REPOSITORY / "slipway" / "data"
STAGES = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text(encoding="utf-8"))["stages"]


def imported(path: Path) -> set[Path]:
    """Modules of slipway/data that a module imports, wherever in it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    return {
        PACKAGE / f"{name.removeprefix('slipway.data.')}.py"
        for name in names
        if name.startswith("slipway.data.")
    }


def closure(path: Path) -> set[Path]:
    """A module and all that it imports, directly or not."""
    found: set[Path] = set()
    waiting = {path}
    while waiting:
        one = waiting.pop()
        found.add(one)
        waiting |= imported(one) - found
    return found


@pytest.mark.parametrize("stage", ["ingest", "check", "split"])
def test_a_stage_watches_the_code_that_it_runs(stage: str) -> None:
    """All of slipway/data that it imports and no other, or an old output would pass for a new one."""
    watched = {name for name in STAGES[stage]["deps"] if name.startswith("slipway/data/")}

    assert watched == {path.relative_to(REPOSITORY).as_posix() for path in closure(PACKAGE / f"{stage}.py")}
