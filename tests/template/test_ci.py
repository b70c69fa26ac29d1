"""What CI runs for this repository: all that a generated project runs, the proof, long and deep tests."""

import re
import subprocess

import yaml

from tests.repo.root import text
from tests.root import REPOSITORY

TARGETS = ["check", "test", "test-full", "demo SIZE=small"]


def made(name: str) -> set[str]:
    """The make targets of a workflow, with their variables but that of the runner's Python."""
    jobs = yaml.safe_load(text(f".github/workflows/{name}.yml"))["jobs"].values()
    lines = [step.get("run", "") for job in jobs for step in job["steps"]]
    return {
        line.removeprefix("make ").removesuffix(" PYTHON=python") for line in lines if line[:5] == "make "
    }


def test_both_run_the_same_targets() -> None:
    """`.ci/run` anywhere, the workflows on GitHub: one vocabulary."""
    here = re.search(r"for target in (.+); do", text(".ci/run"))
    assert here is not None
    assert re.findall(r'"[^"]+"|\S+', here[1]) == [f'"{one}"' if " " in one else one for one in TARGETS]
    assert set(TARGETS) <= made("ci") | made("template")


def test_what_takes_long_has_jobs_of_its_own() -> None:
    """The proof takes longer than all quick tests; none is for a generated project's pull requests."""
    assert made("template") == {"setup", "prove", "test-full", "test-deep"}
    assert not {"prove", "test-full", "test-deep"} & made("ci")


def test_the_script_is_sound_and_can_be_run() -> None:
    """bash parses it and it is executable."""
    assert (REPOSITORY / ".ci/run").stat().st_mode & 0o111
    subprocess.run(["bash", "-n", ".ci/run"], cwd=REPOSITORY, check=True)
