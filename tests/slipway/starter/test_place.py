"""The user's table in a system's source, and who keeps its versions."""

import subprocess
from pathlib import Path

import pytest

from slipway.base.errors import SlipwayError
from slipway.data.versions import run_stages
from slipway.settings import Line
from slipway.settings.root import Project
from slipway.starter import place as module
from slipway.starter.place import Place, bring, place
from tests.slipway.starter.tables import blank, listing, write

SPLIT = """stages:
  split:
    matrix: {system: [churn], size: [small]}
    cmd: mkdir -p data/churn/small/split && cat systems/churn/source/* > data/churn/small/split/train
    deps: [systems/churn/source]
    outs: [data/churn/small/split]
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A repository without systems, in a folder with a space in its name."""
    return Project(blank(tmp_path / "a project"))


def git(project: Project, *arguments: str) -> None:
    """Run Git in it."""
    subprocess.run(["git", "-C", str(project.root), *arguments], check=True)


def test_a_table_is_copied_under_the_system_s_name(project: Project, tmp_path: Path) -> None:
    """Whatever it was called; the files of a folder keep their names."""
    path = write(tmp_path / "Customers (3).CSV", ["a"])
    assert place(project, path, "churn", ".csv") == Place("churn.csv", follows=None)
    assert place(project, tmp_path, "churn", "") == Place("", follows=None)


def test_a_table_that_git_or_dvc_keep_is_followed(project: Project) -> None:
    """What neither knows, or Git ignores, may be gone tomorrow and is copied."""
    for name in ("new.csv", "of git.csv", "of dvc.csv", "of dvc.csv.dvc", "data/x.csv"):
        write(project.root / name, ["a"])
    git(project, "add", "of git.csv")

    found = {
        name: place(project, project.root / name, "churn", ".csv").follows for name in listing(project.root)
    }

    assert found["of git.csv"] == "of git.csv"
    assert found["of dvc.csv"] == "of dvc.csv"
    assert found["new.csv"] is None
    assert place(project, project.root / "data/x.csv", "churn", ".csv").follows is None


def test_dvc_keeps_what_is_brought(project: Project, tmp_path: Path) -> None:
    """Git gets the link to it and not the table."""
    path = write(tmp_path / "t.csv", ["a", "1"])
    before = listing(project.root)
    bring(project, "churn", path, Place("churn.csv", None), print)

    assert set(listing(project.root)) - set(before) == {
        "systems/churn/source.dvc",
        "systems/churn/.gitignore",
    }
    assert (project.source("churn") / "churn.csv").read_bytes() == path.read_bytes()


def test_a_folder_is_brought_whole(project: Project, tmp_path: Path) -> None:
    """With the folders in it."""
    for name in ("1.csv", "deep/2.csv"):
        write(tmp_path / "many" / name, ["a", name])
    bring(project, "churn", tmp_path / "many", Place("", None), print)
    assert (project.source("churn") / "deep/2.csv").read_text() == "a\ndeep/2.csv\n"


def test_what_dvc_does_not_take_is_told(project: Project, tmp_path: Path) -> None:
    """With one line on why."""
    (project.root / ".dvc" / "config").write_text("no settings")
    with pytest.raises(SlipwayError, match="dvc add failed"):
        bring(project, "churn", write(tmp_path / "t.csv", ["a"]), Place("churn.csv", None), print)


@pytest.mark.parametrize("table", [pytest.param("all tables/t.csv", marks=pytest.mark.long), "it's ${odd}"])
def test_what_is_followed_stays_a_dependency(project: Project, table: str) -> None:
    """A file or folder, however it is called; a change of it changes the data."""
    lies = write(project.root / table / "t.csv", ["a", "1"]) if "odd" in table else project.root / table
    write(lies, ["a", "1"])
    (project.root / "dvc.yaml").write_text(SPLIT)
    name = "" if "odd" in table else "churn.csv"
    bring(project, "churn", project.root / table, Place(name, follows=table), print)
    made = Line(project, "churn", "small").data / "split" / "train"

    assert run_stages(Line(project, "churn", "small"))
    assert made.read_text() == "a\n1\n"
    assert not run_stages(Line(project, "churn", "small"))
    write(lies, ["a", "2"])
    assert run_stages(Line(project, "churn", "small"))
    assert made.read_text() == "a\n2\n"


def test_a_file_that_is_gone_from_a_followed_folder_is_gone_from_the_source(project: Project) -> None:
    """DVC takes away what a stage made before it runs again."""
    for name in ("1.csv", "2.csv"):
        write(project.root / "many" / name, [name])
    (project.root / "dvc.yaml").write_text(SPLIT)
    bring(project, "churn", project.root / "many", Place("", follows="many"), print)
    run_stages(Line(project, "churn", "small"))
    (project.root / "many" / "1.csv").unlink()
    run_stages(Line(project, "churn", "small"))

    assert [file.name for file in project.source("churn").iterdir()] == ["2.csv"]


def test_a_long_copy_says_how_far_it_is(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In megabytes, as the bar of the command line understands it; a short one says nothing."""
    path, said = tmp_path / "t.csv", []
    path.write_bytes(b"a" * 5_000_000)
    clock = iter(range(6))
    monkeypatch.setattr(module, "BLOCK", 1_000_000)
    monkeypatch.setattr(module.time, "monotonic", lambda: next(clock))
    module.copy(path, project.source("churn"), "churn.csv", said.append)

    assert said == ["3 of 5 MB: copied", "5 of 5 MB: copied"]
