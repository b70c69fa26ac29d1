"""What CI runs for this repository: all that a generated project runs, the proof, long and deep tests."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
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


TOOLS = {
    "bin/git": "",
    "bin/make": """echo "make $*: ${KUBECONFIG:-none}, ${SLIPWAY_CLUSTER_LOAD:-none}" >>"$CALLS"
test "$1" != "$BAD" """,
    "bin/id": "echo ${USER_ID:-0}",
    "shared/tools/local-base-image": 'echo base >>"$CALLS"',
    "shared/tools/cluster/cluster": """echo "cluster $1" >>"$CALLS"
case "$1" in (status) exit "$DOWN";; (up) echo "export KUBECONFIG=there";; esac""",
}
"""What the script finds on a machine, as programs that write down their calls."""
NONE, THERE = "none, none", "there, '{}' load"
STARTED, KEPT = ["base", "cluster status", "cluster up"], ["cluster down"]


@pytest.mark.parametrize(
    ("known", "begun", "ended", "has"),
    [
        ({"DOWN": "1"}, STARTED, KEPT, THERE),
        ({"DOWN": "0"}, STARTED, [], THERE),
        ({"DOWN": "1", "BAD": "test-full"}, STARTED, KEPT, THERE),
        ({"USER_ID": "1"}, [], [], NONE),
    ],
)
def test_the_long_tests_have_a_cluster_where_one_can_be_made(
    tmp_path: Path, known: dict[str, str], begun: list[str], ended: list[str], has: str
) -> None:
    """It ends with the script, however that ends; one that ran before does not."""
    for name, script in TOOLS.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
    (tmp_path / "a project/.ci").mkdir(parents=True)
    shutil.copy(REPOSITORY / ".ci/run", tmp_path / "a project/.ci")
    calls, path = tmp_path / "calls", f"{tmp_path}/bin:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", str(tmp_path / "a project/.ci/run")],
        env={"PATH": path, "CALLS": str(calls), "BAD": ""} | known,
        capture_output=True,
        text=True,
        check=False,
    )
    has = has.format(tmp_path / "shared/tools/cluster/cluster")
    demo = [] if known.get("BAD") else [f"make demo SIZE=small: {has}"]
    assert calls.read_text().splitlines() == [
        f"make check: {NONE}",
        f"make test: {NONE}",
        *begun,
        f"make test-full: {has}",
        *demo,
        *ended,
    ]
    assert (done.returncode == 0) is ("BAD" not in known), done.stdout + done.stderr
    assert ("the tests that need one are skipped" in done.stdout) is (begun == [])


def test_the_script_is_sound_and_can_be_run() -> None:
    """bash parses it and it is executable."""
    assert (REPOSITORY / ".ci/run").stat().st_mode & 0o111
    subprocess.run(["bash", "-n", ".ci/run"], cwd=REPOSITORY, check=True)
