"""A project with settings and nothing else, and the command line run in it."""

import atexit
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.slipway.cli.warm import Commands
from tests.slipway.root import ROOT


def settings_only(root: Path) -> Path:
    """Copy the settings files, and no code, to a folder."""
    (root / "systems" / "ad_click" / "source").mkdir(parents=True)
    for name in ("project.yaml", "systems/ad_click/system.yaml"):
        shutil.copyfile(ROOT / name, root / name)
    return root


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of the module, in a folder with a space in its name."""
    return settings_only(tmp_path_factory.mktemp("cli") / "a project")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A project of the test."""
    return settings_only(tmp_path / "a project")


def environment(changes: dict[str, str]) -> dict[str, str]:
    """This process's, with this repository's code and no registry but the embedded one."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    return kept | {"PYTHONPATH": str(ROOT)} | changes


def slipway(root: Path, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, with changes to its environment."""
    return _commands().run(list(arguments), root, environment(changes))


@cache
def _commands() -> Commands:
    made = Commands(ROOT)
    atexit.register(made.close)
    return made


def only_line(ran: subprocess.CompletedProcess[str], code: int) -> str:
    """What a failed command said: one line and nothing else."""
    assert ran.returncode == code, ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1, ran.stderr
    return ran.stderr
