"""The hook of Git in a bake: it refuses what `make check` would refuse, and lets through the rest."""

import subprocess
from pathlib import Path

import pytest

from tests.repo.habits import owners
from tests.repo.test_habits import PLACEHOLDER
from tests.template.conftest import OTHER, Bake, git, lend_environment
from tests.template.test_secrets import PLANTED

FAULTS = {
    "lint": ("mine.py", '"""Mine."""\n\nimport os\n', "hook id: lint"),
    "format": ("mine.py", '"""Mine."""\nx = {  }\n', "hook id: format"),
    "secret": (*PLANTED["github token"], "hook id: secrets"),
    "workflow": (".github/workflows/mine.yml", "on: push\njobs: {a: {steps: []}}\n", "hook id: workflows"),
}


@pytest.fixture(scope="module")
def hooked(bake: Bake, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of a bake in which somebody asked for the hook."""
    made = tmp_path_factory.mktemp("hooked") / "a project"
    git(made.parent, "clone", "--quiet", str(bake(**OTHER, system="blank")), str(made))
    known = lend_environment(made)
    done = subprocess.run(["make", "hooks"], cwd=made, env=known, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return made


def commit(project: Path, name: str, content: str) -> subprocess.CompletedProcess[str]:
    """Stage a file and commit it, as its author would; no network is there to be asked."""
    (project / name).parent.mkdir(parents=True, exist_ok=True)
    (project / name).write_text(content)
    git(project, "add", name)
    nowhere = {"https_proxy": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}
    who = {
        f"GIT_{one}_{what}": "t@example.com" for one in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    return subprocess.run(
        ["git", "commit", "--quiet", "--message", "mine"],
        cwd=project,
        env=lend_environment(project) | nowhere | who,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.long
@pytest.mark.parametrize(
    "kind", ["lint", *(pytest.param(kind, marks=pytest.mark.deep) for kind in FAULTS if kind != "lint")]
)
def test_a_fault_is_refused(hooked: Path, kind: str) -> None:
    """Nothing is committed, and the reason is told."""
    name, content, said = FAULTS[kind]
    before = git(hooked, "rev-parse", "HEAD")
    done = commit(hooked, name, content)
    git(hooked, "rm", "--quiet", "--force", name)
    assert done.returncode != 0
    assert said in done.stdout + done.stderr
    assert git(hooked, "rev-parse", "HEAD") == before


@pytest.mark.long
def test_what_is_right_is_committed(hooked: Path) -> None:
    """And left as it was staged; no file of the hook's lies in the project."""
    assert commit(hooked, "fine.py", '"""Fine."""\n').returncode == 0
    assert git(hooked, "log", "-1", "--format=%s").strip() == "mine"
    assert git(hooked, "status", "--porcelain") == ""


def test_nobody_gets_the_hook_unasked(bake: Bake) -> None:
    """A set-up installs none."""
    assert not (bake(**OTHER, system="blank") / ".git" / "hooks" / "pre-commit").exists()


def test_a_project_is_told_to_name_its_reviewers(bake: Bake) -> None:
    """Cards, settings, workflows and locks have some, once the placeholder is replaced."""
    project = bake(**OTHER, system="ad_click")
    told = (project / ".github" / "CODEOWNERS").read_text()
    for name in (
        "systems/ad_click/system.yaml",
        "project.yaml",
        ".github/workflows/ci.yml",
        "requirements.txt",
    ):
        assert (project / name).exists()
        assert owners(told, name) == [PLACEHOLDER]
    assert owners(told, "README.md") == []
