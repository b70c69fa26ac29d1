"""A project's folder is moved or copied: its registry goes on there, and knows nothing of the other place."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from slipway.base.errors import Lost, Refused
from slipway.cli import app
from slipway.doctor import embedded_registry
from slipway.registry.place import NOTED, OURS
from slipway.registry.versions import Registry
from slipway.settings import Line
from slipway.settings.root import Project
from tests.slipway.durability.conftest import SCENES, Yard
from tests.slipway.durability.scenes import SIZE, SYSTEM

Invoke = Callable[..., Result]
OPENING = "slipway/registry/place.py:bring_along"


def registry(root: Path) -> Registry:
    """Of a project."""
    return Registry(Line(Project(root), SYSTEM, SIZE))


def texts(root: Path) -> list[str]:
    """Every text in a registry's database."""
    found: list[str] = []
    with closing(sqlite3.connect(root / ".slipway" / "registry" / "mlflow.db")) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for row in database.execute(f"SELECT * FROM {table}"):  # noqa: S608 - names of the schema
                found += [value for value in row if isinstance(value, str)]
    return found


@pytest.fixture
def original(yard: Yard, tmp_path: Path) -> Path:
    """A project in which version 2 was promoted over 1, somewhere."""
    yard.set_back("two")
    return Path(shutil.copytree(yard.root, tmp_path / "an original"))


@pytest.fixture
def invoke(monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Run a command in a folder."""

    def run(folder: Path, *arguments: str) -> Result:
        monkeypatch.chdir(folder)
        return CliRunner().invoke(app, arguments)

    return run


def test_a_moved_project_goes_on(yard: Yard, original: Path, tmp_path: Path, invoke: Invoke) -> None:
    """History byte by byte, aliases, versions whole, a rollback; what this machine has seen stays seen."""
    before = invoke(original, "history", "--json").stdout
    assert invoke(original, "history", "--verify").exit_code == 0
    seen = registry(original).seen()
    moved = Path(shutil.move(original, tmp_path / "b%ä" / "moved ü"))
    found = invoke(moved, "history", "--json")

    assert len(json.loads(found.stdout)) == 5
    assert found.stdout == before
    assert found.exit_code == 0
    assert invoke(moved, "history", "--verify").exit_code == 0
    assert registry(moved).seen() == seen
    assert [one for one in texts(moved) if "an%20original" in one or "an original" in one] == []
    assert yard.forks.done(moved, f"{SCENES}:again", "rollback", 1, 2)["end"]["aliases"]["production"] == 1
    assert yard.forks.done(moved, f"{SCENES}:register", 3) == 4
    assert not original.exists()


def test_a_copy_reads_nothing_of_the_original(original: Path, tmp_path: Path, invoke: Invoke) -> None:
    """Nor does it write there, while both are there."""
    copy = Path(shutil.copytree(original, tmp_path / "copy"))
    assert invoke(copy, "history", "--verify").exit_code == 0
    for path in (original / ".slipway" / "registry" / "artifacts").rglob("records/*.json"):
        path.write_text(path.read_text().replace("promote", "rollback"))
    left = sorted(original.rglob("*"))

    assert invoke(copy, "history", "--verify").exit_code == 0
    assert registry(copy).start_run("training", "again", "f")
    assert [one for one in texts(copy) if "an%20original" in one] == []
    assert sorted(original.rglob("*")) == left
    assert invoke(original, "history", "--verify").exit_code == 1


def test_a_registry_of_before_is_brought_along(original: Path, tmp_path: Path, invoke: Invoke) -> None:
    """Nobody had noted its place; its experiments say where it was."""
    assert registry(original).client
    moved = Path(shutil.move(original, tmp_path / "moved"))
    (moved / ".slipway" / "registry" / NOTED).unlink()

    assert invoke(moved, "history", "--verify").exit_code == 0


@pytest.mark.parametrize("place", ["file:///etc", f"file:///home/eve{OURS}/1/artifacts", "s3://eve/1"])
def test_an_address_that_somebody_wrote_leads_nowhere(original: Path, tmp_path: Path, place: str) -> None:
    """Only what lay below this registry's own former place is brought along."""
    assert registry(original).client
    moved = Path(shutil.move(original, tmp_path / "moved"))
    with closing(sqlite3.connect(moved / ".slipway" / "registry" / "mlflow.db")) as database, database:
        database.execute("UPDATE model_versions SET source = :a, storage_location = :a", {"a": place})

    with pytest.raises(Refused, match=r"artifacts at .*, expected below"):
        registry(moved).fetch(1, tmp_path / "out")


def test_a_former_place_does_not_lead_out(original: Path, tmp_path: Path) -> None:
    """Not by a path that begins there."""
    assert registry(original).client
    with closing(sqlite3.connect(original / ".slipway" / "registry" / "mlflow.db")) as database, database:
        database.execute("UPDATE model_versions SET source = source || '/../../../../../trust'")
        database.execute("UPDATE model_versions SET storage_location = source")
    moved = Path(shutil.move(original, tmp_path / "moved"))

    with pytest.raises(Refused, match=r"artifacts at .*, expected below"):
        registry(moved).fetch(1, tmp_path / "out")


@pytest.mark.deep
def test_killed_at_any_line_it_is_brought_along_the_next_time(
    yard: Yard, original: Path, tmp_path: Path, invoke: Invoke
) -> None:
    """Whatever was written by then."""
    assert registry(original).client
    place = tmp_path / "moved"
    shutil.copytree(original, place)
    lines = yard.forks.run(place, f"{SCENES}:look", functions=OPENING)
    assert lines.code == 0
    for at in lines.first:
        shutil.rmtree(place)
        shutil.copytree(original, place)
        assert yard.forks.run(place, f"{SCENES}:look", functions=OPENING, at=at).killed
        assert yard.forks.done(place, f"{SCENES}:look") == lines.answer
        assert [one for one in texts(place) if "an%20original" in one] == []


@pytest.mark.gate(
    "history.lost",
    fed="a registry of which the file of a decision is gone, and one of which all are",
    stops="record",
    exit=1,
    reason="which record is missing; each is named",
    untouched="what is left is shown",
)
@pytest.mark.parametrize("which", ["*promote*", "*"])
def test_a_record_without_its_file_is_an_error(original: Path, which: str, invoke: Invoke) -> None:
    """And `doctor` tells it."""
    assert invoke(original, "history", "--verify").exit_code == 0
    opened = registry(original)
    for run in {one.run for one in opened.records() if one.run}:
        opened.end_run(run)
    gone = [one for one in opened.records() if which == "*" or one.decision == "promote"]
    for one in gone:
        opened.artifact(one.run or "", f"records/{one.id}.json").unlink()
        opened.artifact(one.run or "", f"seals/{one.id}.json").unlink()
    found = invoke(original, "history")
    told = embedded_registry(original / ".slipway" / "registry")

    assert isinstance(found.exception, Lost)
    for one in gone:
        assert one.id in found.stderr
    assert gone[0].id in f"{found.exception}{found.stderr}"
    assert not told.ok
    assert "no file of record " in told.found
