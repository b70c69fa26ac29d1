"""A new project passes its own checks as it is."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.template.conftest import OTHER, Bake, git, lend_environment


def passes(project: Path, *command: str) -> None:
    """Run a command of the project to its end; it says what went wrong."""
    done = subprocess.run(
        command,
        cwd=project,
        env=lend_environment(project),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]


@pytest.mark.deep
def test_a_blank_project_passes_its_own_checks_and_tests(bake: Bake) -> None:
    """All of them, without a trace in Git."""
    project = bake(**OTHER, system="blank")

    passes(project, "make", "check")
    passes(project, "make", "test", "JOBS=0")

    assert git(project, "status", "--porcelain") == ""


@pytest.mark.deep
def test_the_tests_of_the_worked_system_pass_before_it_ran(bake: Bake, tmp_path: Path) -> None:
    """Nothing is in its registry, and no data was made."""
    made = bake(**OTHER, system="ad_click")
    ignored = shutil.ignore_patterns(".venv", ".slipway", "data")
    passes(shutil.copytree(made, tmp_path / made.name, ignore=ignored), "make", "test", "JOBS=0")


@pytest.mark.long
def test_a_project_of_the_worked_system_runs_its_chain(bake: Bake) -> None:
    """Its checks pass, and its tests afterwards; Git sees no trace of it."""
    project = bake(**OTHER, system="ad_click")

    passes(project, "make", "check")
    passes(project, "make", "demo", "SIZE=small")
    passes(project, "make", "test", "JOBS=0")

    assert git(project, "status", "--porcelain") == ""
