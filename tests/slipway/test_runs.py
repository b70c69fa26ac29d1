"""The local runner works in folders of any name, and says what failed."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from filelock import FileLock

from tests.slipway.root import ROOT

SCRIPT = """
import sys
from pathlib import Path
from kfp import dsl
from slipway.settings.root import Project
from slipway.runs import run_locally

@dsl.component(base_image="slipway-python", install_kfp_package=False)
def say(run: dict) -> str:
    import os
    import sys
    from slipway.base.errors import Refused
    from slipway.base.failure import failure_kept
    print("» " + sys.prefix)
    if run["ends"] == "killed":
        os.kill(os.getpid(), 9)
    with failure_kept():
        if run["ends"] == "bad":
            raise Refused("no")
        if run["ends"] == "odd":
            raise KeyError("nobody knows")
    return "yes"

@dsl.component(base_image="slipway-python", install_kfp_package=False)
def later(said: str) -> None:
    print("» heard " + said)

@dsl.pipeline(name="tiny")
def tiny(run: dict) -> None:
    said = say(run=run).set_caching_options(False)
    later(said=said.output).set_caching_options(False)

heard = []
try:
    hear = lambda kind, text: heard.append(text)
    arguments = {"run": {"id": sys.argv[2], "ends": sys.argv[1]}}
    print(run_locally(Project(Path.cwd()), tiny, arguments, hear).tasks)
except Exception as error:
    print(type(error).__name__, error)
print(heard)
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter in a folder whose name has a space and the word python3."""
    folder = tmp_path_factory.mktemp("runs") / "my python3 project"
    venv.create(folder / ".venv", symlinks=True)
    place = next((folder / ".venv" / "lib").glob("python*")) / "site-packages" / "here.pth"
    place.write_text("\n".join(path for path in (str(ROOT), *sys.path) if path))
    shutil.copyfile(ROOT / "project.yaml", folder / "project.yaml")
    return folder / ".venv" / "bin" / "python"


def folders(runs: Path) -> list[str]:
    """The names of the folders in it."""
    return sorted(path.name for path in runs.iterdir() if path.is_dir())


def run(python: Path, ends: str, name: str | None = None) -> str:
    """Run the tiny pipeline there, under a name, by default that of how it ends."""
    folder = python.parents[2]
    (folder / "tiny.py").write_text(SCRIPT)
    done = subprocess.run(
        [python, "tiny.py", ends, name or ends],
        cwd=folder,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def test_a_task_runs_in_this_interpreter(python: Path) -> None:
    """A space in the path, or the word that kfp replaces, does no harm."""
    said = run(python, "good")

    assert "('say', 'later')" in said
    assert "heard yes" in said
    assert str(python.parents[1]) in said


@pytest.mark.gate(
    "run.task",
    fed="a pipeline of which a task refuses",
    stops="gate",
    exit=3,
    reason="the task's own line",
    untouched="no later task run",
)
def test_the_error_of_a_task_is_the_error_of_the_run(python: Path) -> None:
    """With its kind, and so its exit code; what would come after it does not run."""
    said = run(python, "bad")

    assert "Refused no" in said
    assert "later" not in said


def test_an_error_that_nobody_foresaw_is_one_line(python: Path) -> None:
    """What it was, of which task, and where all of it is."""
    log = python.parents[2] / ".slipway" / "runs" / "odd.log"
    said = run(python, "odd")

    assert f"SlipwayError say failed: KeyError: 'nobody knows'; its log is {log}" in said
    assert "Traceback" in log.read_text()


def test_a_killed_task_leaves_no_reason(python: Path) -> None:
    """Neither does it get that of an earlier run."""
    runs = python.parents[2] / ".slipway" / "runs"
    run(python, "bad")
    shutil.copyfile(runs / "bad.error.json", runs / "killed.error.json")
    said = run(python, "killed")

    log = runs / "killed.log"
    assert f"SlipwayError say failed: it gave no reason, as one that was killed; its log is {log}" in said
    assert not (runs / "killed.error.json").exists()


@pytest.mark.long
def test_what_earlier_runs_left_is_removed(python: Path) -> None:
    """But for the logs, what the last failure needs, and what a run of another process works on."""
    runs = python.parents[2] / ".slipway" / "runs"
    shutil.rmtree(runs, ignore_errors=True)
    (runs / "training-2026-01-01" / "fetch").mkdir(parents=True)  # as earlier versions of slipway left them
    (runs / "other").mkdir()
    with FileLock(runs / "other.lock"):
        for name in ("a", "bad", "b"):
            run(python, "good" if name != "bad" else "bad", name)

        assert folders(runs) == ["b", "bad", "other"]
    run(python, "killed", "c")

    assert folders(runs) == ["bad", "c"]
    run(python, "good", "d")
    run(python, "good", "e")

    assert folders(runs) == ["c", "e"]
    assert sorted(path.name for path in runs.glob("*.log")) == [
        f"{name}.log" for name in ("a", "b", "bad", *"cde")
    ]
