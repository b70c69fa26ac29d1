"""Where the user's table lies, and who keeps its versions."""

import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

from slipway.base.errors import SlipwayError
from slipway.settings.root import Project
from slipway.starter import incoming
from slipway.starter.incoming import Place, bring, place
from tests.slipway.starter.tables import blank, listing, write


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A repository without systems, in a folder with a space in its name."""
    return Project(blank(tmp_path / "a project"))


def git(project: Project, *arguments: str) -> None:
    """Run Git in it."""
    subprocess.run(["git", "-C", str(project.root), *arguments], check=True)


def test_a_table_outside_is_copied_under_the_system_s_name(project: Project, tmp_path: Path) -> None:
    """Whatever it was called."""
    path = write(tmp_path / "Customers (3).CSV", ["a"])
    assert place(project, path, "churn", ".csv") == Place("incoming/churn.csv", copied=True, tracked=True)


def test_a_table_inside_stays_where_it_is(project: Project) -> None:
    """DVC is told of it, unless it or Git knows it; what Git ignores may be gone tomorrow and is copied."""
    for name in ("new.csv", "of git.csv", "of dvc.csv", "of dvc.csv.dvc", "data/x.csv"):
        write(project.root / name, ["a"])
    git(project, "add", "of git.csv")

    def found(name: str) -> Place:
        return place(project, project.root / name, "churn", ".csv")

    assert found("new.csv") == Place("new.csv", copied=False, tracked=True)
    assert found("of git.csv") == Place("of git.csv", copied=False, tracked=False)
    assert found("of dvc.csv") == Place("of dvc.csv", copied=False, tracked=False)
    assert found("data/x.csv") == Place("incoming/churn.csv", copied=True, tracked=True)


def test_dvc_keeps_what_is_brought(project: Project, tmp_path: Path) -> None:
    """Git gets the link to it and not the table; nothing is left of the undoing."""
    path = write(tmp_path / "t.csv", ["a", "1"])
    with ExitStack() as undo:
        files = bring(project, path, Place("incoming/t.csv", True, True), undo, print)
        undo.pop_all()

    assert files == ["incoming/t.csv.dvc", "incoming/.gitignore"]
    assert set(files) <= set(listing(project.root))
    assert "incoming/t.csv" not in listing(project.root)
    assert (project.root / "incoming/t.csv").read_bytes() == path.read_bytes()


def test_a_folder_is_brought_whole(project: Project, tmp_path: Path) -> None:
    """With the folders in it; one undoing takes all of it back."""
    for name in ("1.csv", "deep/2.csv"):
        write(tmp_path / "many" / name, ["a", name])
    before = listing(project.root)
    with ExitStack() as undo:
        bring(project, tmp_path / "many", Place("incoming/many", True, True), undo, print)
        assert (project.root / "incoming/many/deep/2.csv").read_text() == "a\ndeep/2.csv\n"

    assert listing(project.root) == before
    assert not (project.root / "incoming").exists()


def test_what_dvc_does_not_take_is_taken_back(project: Project, tmp_path: Path) -> None:
    """With one line on why, and every file as it was."""
    write(project.root / "incoming" / ".gitignore", ["/other.csv"])
    (project.root / ".dvc" / "config").write_text("no settings")
    before = listing(project.root)
    with pytest.raises(SlipwayError, match="dvc add failed"), ExitStack() as undo:
        bring(project, write(tmp_path / "t.csv", ["a"]), Place("incoming/t.csv", True, True), undo, print)

    assert listing(project.root) == before
    assert not (project.root / "incoming/t.csv").exists()


def test_a_long_copy_says_how_far_it_is(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In megabytes, as the bar of the command line understands it; a short one says nothing."""
    path, said = tmp_path / "t.csv", []
    path.write_bytes(b"a" * 5_000_000)
    clock = iter(range(6))
    monkeypatch.setattr(incoming, "BLOCK", 1_000_000)
    monkeypatch.setattr(incoming.time, "monotonic", lambda: next(clock))
    with ExitStack() as undo:
        bring(project, path, Place("t.csv", True, False), undo, said.append)

    assert said == ["3 of 5 MB: copied", "5 of 5 MB: copied"]
