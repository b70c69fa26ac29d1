"""`make`: the targets explain themselves, and the set-up repeats what did not end well."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.repo.prose import targets
from tests.repo.root import text
from tests.root import REPOSITORY

LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-serving.txt")
PYTHON = """#!/bin/sh
echo "$@" >> calls
case "$*" in
  "-m venv --clear .venv") mkdir -p .venv/bin; cp "$0" .venv/bin/python;;
  *"-r requirements"*) test ! -e offline;;
esac
"""
"""Stands for Python and pip: it writes down how it was called, and fails to install when offline."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project in a folder with a space in its name, on a machine with one Python and one broken shim."""
    folder = tmp_path / "a folder"
    (folder / "bin").mkdir(parents=True)
    shutil.copy(REPOSITORY / "Makefile", folder)
    for name in ("requirements.txt", "requirements-dev.txt", "pyproject.toml"):
        (folder / name).write_text("setuptools==80.0.0 \\\n    --hash=sha256:00\n")
    for name, script in (("python3.13", "#!/bin/sh\nexit 127\n"), ("python3.12", PYTHON)):
        (folder / "bin" / name).write_text(script)
        (folder / "bin" / name).chmod(0o755)
    for name in ("sh", "touch", "mkdir", "cp", "awk", "test", "rm", "find"):
        (folder / "bin" / name).symlink_to(str(shutil.which(name)))
    return folder


def make(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run make with nothing on PATH but the folder's own programs."""
    command = [str(shutil.which("make")), *words]
    environment = {"PATH": str(folder / "bin")}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def installs(folder: Path) -> int:
    """How often a lock was installed."""
    return len(re.findall(r"-r requirements", (folder / "calls").read_text()))


def test_help_lists_every_target() -> None:
    """A target without a line of help is a target that nobody finds."""
    both = text("Makefile") + text(".ci/library.mk")
    phony = {name for line in re.findall(r"^\.PHONY: (.+)$", both, re.MULTILINE) for name in line.split()}
    assert targets(REPOSITORY) == phony


def test_what_proves_the_library_is_a_target_only_where_its_tests_are(project: Path) -> None:
    """A project has neither the proof nor the benchmarks."""
    assert {"prove", "test-deep", "bench"} <= targets(REPOSITORY)
    assert not {"prove", "test-deep", "bench"} & targets(project)


def test_the_set_up_is_made_once(project: Path) -> None:
    """The broken shim is passed over, and a second run has nothing to do."""
    assert make(project, "setup").returncode == 0
    assert make(project, "setup").returncode == 0
    assert installs(project) == 1


def test_the_library_is_installed_from_its_folder(project: Path) -> None:
    """Where there is one, and again when it changed; else the lock names its wheel."""
    make(project, "setup")
    assert "./slipway" not in (project / "calls").read_text()

    (project / "slipway").mkdir()
    (project / "slipway" / "pyproject.toml").touch()
    for name in ("requirements-dev.txt", "pyproject.toml", ".venv/bin/python"):
        os.utime(project / name, (0, 0))
    os.utime(project / ".venv/.dev", (1, 1))
    make(project, "setup")
    assert (project / "calls").read_text().splitlines()[-1].endswith("--no-build-isolation -e ./slipway")


def test_a_lock_holds_no_folder(project: Path) -> None:
    """The library is left out of the locks where it is a folder, and is locked where it is not."""
    assert "slipway-mlops" not in make(project, "-n", "lock").stdout

    (project / "slipway").mkdir()
    (project / "slipway" / "pyproject.toml").touch()
    assert make(project, "-n", "lock").stdout.count("--no-emit-package slipway-mlops") == len(LOCKS)


def test_what_is_new_waits(project: Path) -> None:
    """A lock takes no package of the last seven days, unless somebody says so on the command line."""
    said = make(project, "-n", "lock", "UPGRADE=1").stdout
    assert said.count("uv pip compile ") == said.count('--exclude-newer "7 days" ') == len(LOCKS)
    assert '--exclude-newer "0 days" ' in make(project, "-n", "lock", "COOLDOWN=0 days").stdout


NEW, OLD = "ab" * 32, "cd" * 32


@pytest.mark.parametrize(
    ("answer", "ends"),
    [(f"sha256:{NEW}", True), ("", False), ("sha256:12", False), (f"sha256:{NEW}|w x", False)],
)
def test_a_base_is_renewed_by_its_digest(project: Path, answer: str, ends: bool) -> None:
    """The newest of its own tag; an answer that is none changes nothing."""
    before = f"service: a:B\ndocker:\n  base_image: r.example.org/python:3.11@sha256:{OLD}\nenvs: []\n"
    (project / "bentofile.yaml").write_text(before)
    (project / "bin/docker").write_text(f"#!/bin/sh\necho \"$@\" >> calls\necho '{answer}'\n")
    (project / "bin/docker").chmod(0o755)
    for name in ("sed", "mv", "grep"):
        (project / "bin" / name).symlink_to(str(shutil.which(name)))
    done = make(project, "base")

    assert (done.returncode == 0) is ends, done.stderr
    assert "inspect r.example.org/python:3.11 --format" in (project / "calls").read_text()
    assert (project / "bentofile.yaml").read_text() == (before.replace(OLD, NEW) if ends else before)
    assert ends or "expected sha256:" in done.stderr


def test_a_job_installs_what_it_runs(project: Path) -> None:
    """One lock of the chain, not that of the tests."""
    assert make(project, "setup-run").returncode == 0
    assert "-r requirements.txt" in (project / "calls").read_text()
    assert "requirements-dev" not in (project / "calls").read_text()


def test_a_lock_that_changed_is_installed_again(project: Path) -> None:
    """Which is how an update reaches a machine."""
    make(project, "setup")
    os.utime(project / ".venv/.dev", (0, 0))
    make(project, "setup")
    assert installs(project) == 2


def test_an_interrupted_set_up_is_repeated(project: Path) -> None:
    """A failed installation leaves no stamp."""
    (project / "offline").touch()
    assert make(project, "setup").returncode != 0
    (project / "offline").unlink()
    assert make(project, "setup").returncode == 0
    assert installs(project) == 2


def test_the_demo_needs_less_than_the_tests(project: Path) -> None:
    """After the larger set-up there is nothing left to install for the demo."""
    make(project, "setup")
    assert make(project, "demo", "SIZE=small").returncode == 0
    assert installs(project) == 1
    assert (project / "calls").read_text().splitlines()[-1] == "-m slipway demo --size small"


def test_no_python_is_one_clear_message(project: Path) -> None:
    """It says what is needed and how to name another one."""
    (project / "bin" / "python3.12").unlink()
    done = make(project, "setup")
    assert done.returncode != 0
    assert "No complete Python 3.11, 3.12 or 3.13" in done.stderr
    assert not (project / ".venv").exists()


def test_clean_keeps_the_registry(project: Path) -> None:
    """It is no way to lose what is in production."""
    (project / ".slipway").mkdir()
    make(project, "setup")
    assert make(project, "clean").returncode == 0
    assert (project / ".slipway").exists()
    assert not (project / ".venv").exists()


def test_reset_says_what_it_deletes_and_keeps_what_nobody_else_has(project: Path) -> None:
    """It wants a second word, and a backup first; DVC's only remote and the key stay in any case."""
    for name in ("registry", "heads", "dvc-remote/files", "trust"):
        (project / ".slipway" / name).mkdir(parents=True)
    (project / "data").mkdir()
    before = sorted(project.rglob("*"))
    asked = make(project, "reset")
    assert asked.returncode == 2
    assert sorted(project.rglob("*")) == before
    for word in ("data/", ".slipway/", "record", "slipway backup FILE.tar.gz", "make reset YES=1"):
        assert word in asked.stderr
    assert make(project, "reset", "YES=1").returncode == 0
    left = {path.relative_to(project / ".slipway").as_posix() for path in (project / ".slipway").rglob("*")}
    assert left == {"dvc-remote", "dvc-remote/files", "trust"}
    assert not (project / "data").exists()
    assert make(project, "reset", "YES=1").returncode == 0


def test_a_moved_environment_is_made_anew(project: Path) -> None:
    """Its programs name the place where it was; a copy's would run the code of the original."""
    assert make(project, "setup").returncode == 0
    moved = project.rename(project.parent / "moved")
    assert make(moved, "setup").returncode == 0
    assert make(moved, "setup").returncode == 0
    assert installs(moved) == 2
    assert (moved / "calls").read_text().count("-m venv --clear .venv") == 2


def test_a_lent_environment_is_left_alone(project: Path) -> None:
    """A link leads to that of another folder, which still needs it."""
    assert make(project, "setup").returncode == 0
    other = shutil.copytree(
        project, project.parent / "other", ignore=shutil.ignore_patterns(".venv", "calls")
    )
    (other / ".venv").symlink_to(project / ".venv")
    assert make(other, "setup").returncode == 0
    assert not (other / "calls").exists()
    assert (project / ".venv" / ".chain").read_text() == f"{project.resolve()}\n"
