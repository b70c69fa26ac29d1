"""What an update finds around it: files that Git ignores, a user's settings and hooks, an interruption."""

import os
import re
import sys
from pathlib import Path

import pytest

from slipway.base.errors import Refused, SlipwayError
from slipway.update import merge
from slipway.update.bake import bake, git
from slipway.update.merge import merged
from tests.slipway.update.conftest import HOLE, Toy, commit, write


def hook(folder: Path, name: str, script: str) -> None:
    """A hook of Git's."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


@pytest.mark.parametrize(
    ("place", "named"), [("library/new.py", "library/new.py"), ("conf", "conf"), ("wide.py/x", "wide.py")]
)
def test_an_ignored_file_is_not_written_over(toy: Toy, place: str, named: str) -> None:
    """To Git it is worthless; to who made it, it is not."""
    write(toy.template, {f"{HOLE}/conf/a.py": "A = 1\n", f"{HOLE}/wide.py": "A = 1\n"})
    commit(toy.template, "three")
    toy.edit({".gitignore": f"/{named}\n"})
    write(toy.project, {place: "mine"})

    with pytest.raises(SlipwayError, match=rf"^{named}: Git ignores it, and the template brings "):
        merged(toy.project, None, "main")

    assert (toy.read(place), toy.status()) == ("mine", [])


def test_an_ignored_file_that_the_template_leaves_alone_is_in_nobody_s_way(toy: Toy) -> None:
    """Such as one that the project took out of Git and keeps; an ignored folder has room for more, too."""
    git(toy.project, "rm", "-r", "--quiet", "--cached", "library/b.py", "library/deep")
    toy.edit({".gitignore": "/library/b.py\n/library/deep\n"})
    write(toy.template, {f"{HOLE}/library/deep/d.py": "D = 1\n"})
    commit(toy.template, "three")

    assert merged(toy.project, None, "main").conflicts == []
    assert toy.read("library/b.py") == "B = 1\n"


def test_new_files_count_however_git_shows_them(toy: Toy) -> None:
    """`status.showUntrackedFiles` may hide them."""
    git(toy.project, "config", "status.showUntrackedFiles", "no")
    (toy.project / "draft.txt").write_text("mine")
    with pytest.raises(Refused, match="1 changed or new, 'draft"):
        merged(toy.project, None, None)


def test_a_change_that_git_was_told_to_hide_is_named(toy: Toy) -> None:
    """Git's last line says no more than that it failed."""
    git(toy.project, "update-index", "--skip-worktree", "Makefile")
    write(toy.project, {"Makefile": "mine"})

    with pytest.raises(SlipwayError, match=r"^git cherry-pick: error: Your local changes to .*: Makefile$"):
        merged(toy.project, None, None)

    assert (toy.status(), toy.read("Makefile")) == ([], "mine")


def test_git_keeps_its_settings_and_looks_at_no_other_repository(
    toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job passes addresses, credentials and certificates on in the environment, an alias its repository."""
    settings = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{toy.template}.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://slipway.invalid/x",
        "GIT_DIR": str(tmp_path / "other"),
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)

    assert merged(toy.project, "https://slipway.invalid/x", None).after == "1.1.0"


def test_any_kind_of_hash(toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository has one kind, whatever Git is told to make new ones with."""
    monkeypatch.setenv("GIT_DEFAULT_HASH", "sha256")
    answers = {"project_slug": "other"}
    other = bake(
        toy.template.with_name("copy"), "v1.0.0", answers, tmp_path / "other", GIT_DEFAULT_HASH="sha256"
    )

    for project in (toy.project, other):
        assert merged(project, None, None).after == "1.1.0"


def test_a_conflict_that_git_knows_the_answer_to(toy: Toy) -> None:
    """It is put in the file, and stays marked as a conflict to look at."""
    for name in ("rerere.enabled", "rerere.autoupdate"):
        git(toy.project, "config", name, "true")
    toy.edit({"library/a.py": "A = 3\n"})
    merged(toy.project, None, None)
    toy.edit({"library/a.py": "A = 5\n"})
    git(toy.project, "reset", "--quiet", "--hard", "HEAD~1")

    assert merged(toy.project, None, None).conflicts == ["library/a.py"]
    assert toy.read("library/a.py") == "A = 5\n"


def test_a_hook_of_the_user_s_stops_nothing(toy: Toy) -> None:
    """`post-checkout` runs for one file too, and its end is Git's."""
    hook(toy.project / ".git" / "hooks", "post-checkout", "exit 1")
    assert merged(toy.project, None, None).after == "1.1.0"


def test_line_ends_are_the_template_s(toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Git is told to write others, both bakes would differ from the project in each line."""
    (tmp_path / ".gitconfig").write_text("[core]\nautocrlf = true\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    toy.edit({"Makefile": toy.read("Makefile").replace("echo 0", "echo zero")})

    assert merged(toy.project, None, None).conflicts == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, SlipwayError("no space left")])
def test_an_interrupted_merge_leaves_the_project_as_it_was(
    toy: Toy, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    """Conflicts and new files too are taken back."""
    toy.edit({"library/a.py": "A = 3\n"})

    def interrupted(root: Path, *words: str, **changes: str) -> str:
        if words[0] == "checkout":
            raise error
        return git(root, *words, **changes)

    monkeypatch.setattr(merge, "git", interrupted)
    with pytest.raises(type(error) if isinstance(error, SlipwayError) else KeyboardInterrupt):
        merged(toy.project, None, None)

    assert (toy.status(), toy.read("library/a.py")) == ([], "A = 3\n")
    assert not (toy.project / "library" / "new.py").exists()


def test_a_path_is_relative_to_where_one_is(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a shell."""
    monkeypatch.chdir(toy.project)
    assert merged(toy.project, os.path.relpath(toy.template), None).after == "1.1.0"


def test_a_password_in_the_url_is_not_shown(toy: Toy) -> None:
    """What a job prints is read by more people than may clone its template."""
    told: list[str] = []
    with pytest.raises(SlipwayError) as error:
        # pragma: allowlist nextline secret
        merged(toy.project, "https://user:hunter2@localhost:1/x.git", None, told.append)
    assert told == ["fetching the template from https://***@localhost:1/x.git"]
    assert not re.search("user|hunter2", str(error.value))


def test_nothing_is_left_behind(toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cookiecutter leaves the hooks that it has run, with the answers in them."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = sorted(tmp_path.iterdir())
    merged(toy.project, None, None)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.skipif(sys.platform == "darwin", reason="its disks hold names in UTF-8 only")
def test_a_name_may_be_any_bytes(toy: Toy) -> None:
    """Of a file that is older than UTF-8."""
    (toy.project / os.fsdecode(b"caf\xe9.txt")).write_text("mine")
    commit(toy.project, "old")
    assert merged(toy.project, None, None).after == "1.1.0"
