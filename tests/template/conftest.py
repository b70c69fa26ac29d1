"""The template as people get it, and what cookiecutter makes of it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.repo.root import files
from tests.root import REPOSITORY

LIVE = {
    "project_name": "Slipway Demo",
    "project_slug": "slipway-demo",
    "description": "From versioned data to a canaried model, every gate proven to bite",
    "system": "ad_click",
    "image_repository": "registry.example.com/slipway-demo",
}
OTHER = {
    "project_name": "Harbour Lights",
    "project_slug": "harbour-lights",
    "description": 'Which "lights": on # or \\off? 50 % \N{SHIP}',
    "image_repository": "images.example.org:5000/team/lights",
}
SYSTEMS = ("ad_click", "blank")
Bake = Callable[..., Path]


def environment(home: Path) -> dict[str, str]:
    """A home folder without settings of cookiecutter or Git."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return kept | {"HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1", "XDG_CONFIG_HOME": str(home)}


def git(folder: Path, *words: str) -> str:
    """What a Git command prints."""
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    command = ["git", "-C", str(folder), *identity, *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def tracked(project: Path) -> set[str]:
    """The files of a project's first commit."""
    return set(git(project, "ls-files", "-z").split("\0")) - {""}


def cookiecutter(
    template: Path | str, out: Path, *options: str, cwd: Path | None = None, **answers: str
) -> subprocess.CompletedProcess[str]:
    """Run the program without a question."""
    out.mkdir(parents=True, exist_ok=True)
    words = [f"{name}={value}" for name, value in answers.items()]
    return subprocess.run(
        [sys.executable, "-m", "cookiecutter", str(template), "--no-input", "-o", str(out), *options, *words],
        cwd=cwd or out,
        env=environment(out),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def lend_environment(project: Path) -> dict[str, str]:
    """Let a project use this environment instead of a set-up of its own; what its commands need to know."""
    if not (project / ".venv").exists():
        (project / ".venv").symlink_to(REPOSITORY / ".venv")
        with (project / ".git" / "info" / "exclude").open("a") as excluded:
            excluded.write(".venv\n")
        for name in (
            "pyproject.toml",
            "slipway/pyproject.toml",
            *(path.name for path in project.glob("req*.txt")),
        ):
            if (project / name).exists():
                os.utime(project / name, (0, 0))  # older than the stamps of the set-up
    known = environment(project.parent)
    return known | {"PYTHONPATH": str(project), "PATH": f"{project}/.venv/bin:{known['PATH']}"}


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean clone of this repository as it stands: what Git tracks, also where it is not committed yet."""
    root = tmp_path_factory.mktemp("template") / "slipway"
    for name in files():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / name, root / name)
    git(root, "init", "--quiet", "--initial-branch", "main")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "template")
    return root


@pytest.fixture(scope="session")
def bake(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Bake:
    """Make a project, once for the same answers."""
    made: dict[tuple[tuple[str, str], ...], Path] = {}

    def baked(**answers: str) -> Path:
        key = tuple(sorted(answers.items()))
        if key not in made:
            out = tmp_path_factory.mktemp("baked")
            (out / ".gitconfig").write_text("[user]\nuseConfigOnly = true\n")  # and no guess either
            done = cookiecutter(template, out, **answers)
            assert done.returncode == 0, done.stderr
            made[key] = next(path for path in out.iterdir() if (path / "project.yaml").exists())
        return made[key]

    return baked
