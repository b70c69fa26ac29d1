"""The template from wherever people have it; and loudly nothing where its hook did not run."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.template.conftest import LIVE, OTHER, Bake, cookiecutter, environment, git

NAME = OTHER["project_slug"]


def same(one: Path, other: Path) -> bool:
    """Whether two projects were committed with the same files, but for where they say they come from."""
    trees = (git(project, "ls-tree", "-r", "HEAD").splitlines() for project in (one, other))
    first, second = ([line for line in tree if not line.endswith(".template.json")] for tree in trees)
    return first == second


def test_a_folder_the_working_directory_and_a_git_url(template: Path, bake: Bake, tmp_path: Path) -> None:
    """All give the same project."""
    git(template, "clone", "--quiet", "--bare", str(template), str(tmp_path / "slipway.git"))
    expected = bake(**OTHER, system="blank")
    sources = {"dot": (".", template), "url": (f"file://{tmp_path}/slipway.git", tmp_path)}

    for name, (source, cwd) in sources.items():
        done = cookiecutter(source, tmp_path / name, cwd=cwd, **OTHER, system="blank")
        assert done.returncode == 0, done.stderr
        assert same(tmp_path / name / NAME, expected)


def test_an_archive(template: Path, bake: Bake, tmp_path: Path) -> None:
    """As a release has it: no Git in it."""
    archive = tmp_path / "slipway.zip"
    git(template, "archive", "--prefix", "slipway/", "--output", str(archive), "HEAD")

    done = cookiecutter(archive, tmp_path / "out", **OTHER, system="blank")

    assert done.returncode == 0, done.stderr
    assert same(tmp_path / "out" / NAME, bake(**OTHER, system="blank"))


def test_work_that_is_not_committed_is_baked_and_what_is_ignored_is_not(
    template: Path, tmp_path: Path
) -> None:
    """A change to the template can be tried before it is committed, also where Git shows no new files."""
    copy = shutil.copytree(template, tmp_path / "slipway", symlinks=True)
    git(copy, "config", "status.showUntrackedFiles", "no")
    (copy / "systems" / "README.md").write_text("No system.\n")
    (copy / "systems" / "ad_click" / "new.py").write_text('"""New."""\n')
    (copy / ".slipway").mkdir()
    (copy / ".slipway" / "state").write_text("secret")

    done = cookiecutter(copy, tmp_path / "out", **OTHER, system="ad_click")

    project = tmp_path / "out" / NAME
    assert done.returncode == 0, done.stderr
    assert (project / "systems" / "ad_click" / "new.py").exists()
    assert (project / "systems" / "README.md").exists()
    assert not (project / ".slipway").exists()
    assert '"commit": null' in (project / ".template.json").read_text()


@pytest.mark.parametrize(
    ("remote", "recorded"),
    [
        # pragma: allowlist nextline secret
        ("https://user:hunt@er2@git.example.com/slipway.git", "https://git.example.com/slipway.git"),
        ("ssh://git@git.example.com:7999/slipway.git", "ssh://git@git.example.com:7999/slipway.git"),
    ],
)
def test_a_password_in_the_url_is_not_recorded(
    template: Path, tmp_path: Path, remote: str, recorded: str
) -> None:
    """A project's files are read by more people than may clone its template; SSH's user is no secret."""
    copy = shutil.copytree(template, tmp_path / "slipway", symlinks=True)
    git(copy, "remote", "add", "origin", remote)

    assert cookiecutter(copy, tmp_path / "out", **OTHER, system="blank").returncode == 0

    record = (tmp_path / "out" / NAME / ".template.json").read_text()
    assert f'"source": "{recorded}"' in record


@pytest.mark.parametrize(
    "remote", ["/home/ada/slipway", "../slipway", "file:///home/ada/slipway", "C:\\slipway"]
)
def test_a_path_of_this_machine_is_not_recorded(template: Path, tmp_path: Path, remote: str) -> None:
    """It would say nothing to anybody else; an update asks for the template then."""
    copy = shutil.copytree(template, tmp_path / "slipway", symlinks=True)
    git(copy, "remote", "add", "origin", remote)

    assert cookiecutter(copy, tmp_path / "out", **OTHER, system="blank").returncode == 0

    assert '"source": null' in (tmp_path / "out" / NAME / ".template.json").read_text()


@pytest.mark.parametrize("old", [False, True], ids=["hooks off", "before 2.4"])
def test_without_the_hook_nothing_is_made(template: Path, tmp_path: Path, *, old: bool) -> None:
    """A cookiecutter before 2.4 knows no `pre_prompt`; either way three files would be all of the project."""
    copy = shutil.copytree(template, tmp_path / "slipway", symlinks=True)
    if old:
        (copy / "hooks" / "pre_prompt.py").unlink()

    done = cookiecutter(copy, tmp_path / "out", *([] if old else ["--accept-hooks", "no"]), **OTHER)

    assert done.returncode != 0
    assert "_origin" in done.stdout + done.stderr
    assert not (tmp_path / "out" / NAME).exists()


def test_the_answers_can_be_replayed(template: Path, tmp_path: Path) -> None:
    """By cookiecutter's own means; not on a template that has moved, whose holes are elsewhere."""
    copy = shutil.copytree(template, tmp_path / "slipway", symlinks=True)
    assert cookiecutter(copy, tmp_path, **OTHER, system="blank").returncode == 0
    command = [sys.executable, "-m", "cookiecutter", "--replay", "-o", str(tmp_path), str(copy)]

    def replayed() -> subprocess.CompletedProcess[str]:
        shutil.rmtree(tmp_path / NAME)
        known = environment(tmp_path)
        return subprocess.run(command, cwd=tmp_path, env=known, capture_output=True, text=True, check=False)

    done = replayed()
    assert done.returncode == 0, done.stderr
    assert (tmp_path / NAME / "project.yaml").exists()

    (copy / "Makefile").write_text(f"# {LIVE['project_slug']}\n")
    git(copy, "commit", "--quiet", "--all", "--message", "moved")

    done = replayed()
    assert done.returncode != 0
    assert "the replayed answers are of another state of the template" in done.stdout + done.stderr
    assert not (tmp_path / NAME).exists()
