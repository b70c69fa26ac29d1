"""`docs/adopt.md`: each part alone, by the wheel, in an empty folder."""

import re
from pathlib import Path

import pytest

from tests.repo.root import text
from tests.slipway.adopt.wheel import Installed, install

SCRIPT = re.compile(r"```python\n(.*?)```\n```text\n(.*?)```", re.DOTALL)
SECTIONS = text("docs/adopt.md").split("\n## ")[1:]
SCRIPTS = {one.splitlines()[0]: found for one in SECTIONS for found in SCRIPT.findall(one)}
HEAVY = ("bentoml", "duckdb", "dvc", "fastapi", "great_expectations", "kfp", "lightgbm", "mlflow", "sklearn")
LACKING = "sys.modules.update(dict.fromkeys({heavy}))\n"
"""None in `sys.modules` is an ImportError for who asks."""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel, away from this checkout."""
    return install(tmp_path_factory.mktemp("wheel"))


def test_every_script_is_found() -> None:
    """The checks, the gate and the rollout, each with what it prints."""
    assert list(SCRIPTS) == ["Only the checks", "Only the gate", "Only the rollout's decision"]
    assert text("docs/adopt.md").count("```python") == len(SECTIONS)
    assert len(text("docs/adopt.md").splitlines()) <= 150


@pytest.mark.parametrize("part", SCRIPTS)
def test_a_part_works_alone(installed: Installed, tmp_path: Path, part: str) -> None:
    """It lets the good case through and stops the bad one, as the document says."""
    code, output = SCRIPTS[part]
    done = installed.python(tmp_path, code)
    assert done.returncode == 0, done.stderr
    assert done.stdout == output


@pytest.mark.parametrize("part", ["Only the gate", "Only the rollout's decision"])
def test_a_decision_needs_no_tool(installed: Installed, tmp_path: Path, part: str) -> None:
    """Where the wheel was installed without what the other parts stand on."""
    code, output = SCRIPTS[part]
    done = installed.python(tmp_path, LACKING.format(heavy=HEAVY) + code)
    assert (done.returncode, done.stdout) == (0, output), done.stderr
