"""A machine that fails: the error is one line that says where, and nothing is lost or left half-written."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slipway.base.atomic import whole_file, whole_folder, write_text
from tests.slipway.cli.conftest import only_line, settings_only, slipway
from tests.slipway.durability.conftest import SCENES, Yard
from tests.slipway.durability.disks import SAYS, Fault, disk
from tests.slipway.durability.forks import Ended
from tests.slipway.root import ROOT

FAULTS: list[Fault] = ["full", "read-only"]


def said(ended: Ended, *parts: str, code: int = 1) -> None:
    """It failed with that exit code and one line that has these parts."""
    assert ended.code == code, ended.answer
    assert len(str(ended.answer).splitlines()) == 1, ended.answer
    for part in parts:
        assert part in ended.answer


@pytest.fixture
def one(yard: Yard) -> Iterator[Yard]:
    """Version 1 is live."""
    yard.set_back("one")
    yield yard
    yard.set_back("one")


def promote(yard: Yard) -> Ended:
    """Promote version 2 over it."""
    return yard.forks.run(yard.root, f"{SCENES}:move", "promote", 2, 1)


def look(yard: Yard) -> Any:
    """Aliases, traffic and records."""
    return yard.forks.done(yard.root, f"{SCENES}:look")


def promoted(yard: Yard) -> Any:
    """What an undisturbed promotion leaves."""
    yard.set_back("two")
    return look(yard)


@pytest.mark.parametrize("fault", FAULTS)
def test_no_room_for_the_intent(one: Yard, fault: Fault) -> None:
    """Nothing is moved without it."""
    before = look(one)
    with disk(one.root / ".slipway" / "intents") as intents:
        intents.spoil(fault)
        said(promote(one), "intents/ad_click-small.json", SAYS[fault])
        intents.mend()
        assert look(one) == before
        assert promote(one).code == 0


@pytest.mark.parametrize("fault", FAULTS)
def test_no_room_for_the_record(one: Yard, fault: Fault) -> None:
    """The traffic has moved by then; the next run finishes what this one began."""
    after = promoted(one)
    one.set_back("one")
    with disk(one.root / ".slipway" / "registry" / "artifacts") as artifacts:
        artifacts.spoil(fault)
        said(promote(one), SAYS[fault], ".slipway/registry")
        artifacts.mend()
        again = one.forks.done(one.root, f"{SCENES}:again", "promote", 2, 1)
    assert again["said"] == "a promote of version 2 had moved traffic and was finished"
    assert again["end"] == after


@pytest.mark.parametrize("fault", FAULTS)
def test_no_room_in_the_registry(one: Yard, fault: Fault) -> None:
    """SQLite says so; what it held, it holds."""
    before = look(one)
    with disk(one.root / ".slipway" / "registry") as registry:
        registry.spoil(fault)
        said(promote(one), "registry: ", "disk" if fault == "full" else "readonly database")
        registry.mend()
        assert look(one) == before
        assert promote(one).code == 0


@pytest.mark.parametrize("fault", FAULTS)
def test_no_room_for_a_registration(one: Yard, fault: Fault) -> None:
    """No version is there that is not whole."""
    with disk(one.root / ".slipway" / "registry" / "artifacts") as artifacts:
        artifacts.spoil(fault)
        said(one.forks.run(one.root, f"{SCENES}:register", 3), SAYS[fault])
        artifacts.mend()
        assert one.forks.done(one.root, f"{SCENES}:register", 3) == 4


def test_the_registry_goes_away_between_two_stages(one: Yard) -> None:
    """It is not made anew with a version 2 in it; when it is back, nothing is lost."""
    before = look(one)
    database, aside = one.root / ".slipway" / "registry" / "mlflow.db", one.root / "elsewhere.db"
    database.rename(aside)
    said(promote(one), "no version 2 in the embedded registry", code=2)
    refused = one.forks.run(one.root, f"{SCENES}:move", "first", 1, None)
    aside.replace(database)

    assert refused.code == 2
    assert look(one) == before


@pytest.mark.long
def test_the_registry_is_locked_by_another(one: Yard) -> None:
    """One line after a wait, and nothing has moved."""
    before = look(one)
    database = one.root / ".slipway" / "registry" / "mlflow.db"
    holder = sqlite3.connect(database, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    ended = promote(one)
    holder.close()

    said(ended, "registry: ", "database is locked")
    assert look(one) == before


def test_the_registry_goes_away_in_the_middle_of_a_move(one: Yard) -> None:
    """The traffic has moved: the intent stays, and the next run finishes it."""
    after = promoted(one)
    one.set_back("one")
    ended = one.forks.run(one.root, f"{SCENES}:move_without_registry", "promote", 2, 1)
    said(ended, "no version 1 in the embedded registry", code=2)
    again = one.forks.done(one.root, f"{SCENES}:again", "promote", 2, 1)

    assert again["said"] == "a promote of version 2 had moved traffic and was finished"
    assert again["end"] == after


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A project with settings and traffic, and no code."""
    return settings_only(tmp_path / "a project")


@pytest.mark.parametrize("fault", FAULTS)
def test_no_room_for_the_split(own: Path, fault: Fault) -> None:
    """The split that was there stays, whole."""
    shutil.copytree(ROOT / "systems", own / "systems", dirs_exist_ok=True)
    folder = own / "data" / "ad_click" / "small"
    with disk(folder) as data:
        write_text(folder / "raw" / "old", "old")
        data.spoil(fault)
        line = only_line(slipway(own, "data", "ingest", "--size", "small"), 1)
        assert SAYS[fault] in line
        assert str(folder) in line
        assert [path.name for path in folder.iterdir() if path != data.filler] == ["raw"]
        assert (folder / "raw" / "old").read_text() == "old"


@pytest.mark.parametrize("fault", FAULTS)
def test_no_room_for_a_file(tmp_path: Path, fault: Fault) -> None:
    """The error names it; the old one stays, and no part of the new one is beside it."""
    with disk(tmp_path / "disk") as place:
        path = place.folder / "report.html"
        write_text(path, "old")
        place.spoil(fault)
        with pytest.raises(OSError, match=SAYS[fault]) as caught:
            write_text(path, "new" * 100_000)
        place.mend()
        assert str(path.name) in str(caught.value.filename)
        assert [one.read_text() for one in place.folder.iterdir()] == ["old"]


def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    """By one who is not root."""
    locked = tmp_path / "locked"
    write_text(locked / "old", "old")
    locked.chmod(0o555)
    user = os.geteuid()
    tmp_path.chmod(0o755)
    for above in tmp_path.parents:
        if user == 0 and str(above).startswith("/tmp/pytest"):  # noqa: S108 - pytest's own folder
            above.chmod(0o755)
    if user == 0:
        os.seteuid(65534)
    try:
        with pytest.raises(PermissionError, match="locked"):
            write_text(locked / "old", "new")
    finally:
        os.seteuid(user)
    assert (locked / "old").read_text() == "old"


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    """What processes wrote that are gone, and only that; in a container an id is that of one before."""
    gone, own = 2**22 + 1, os.getpid()  # above the highest process id
    ours = (f".out.{gone}.part", f".out.{gone}.old", f".out.{own}.part")
    for name in (*ours, f".out.{os.getppid()}.part", ".outer.1.part"):
        (tmp_path / name).mkdir()
    with whole_folder(tmp_path / "out") as folder:
        (folder / "file").touch()
    (tmp_path / f".file.{gone}.part").touch()
    write_text(tmp_path / "file", "whole")

    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f".out.{os.getppid()}.part",
        ".outer.1.part",
        "file",
        "out",
    ]


def test_a_folder_is_replaced_in_one_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At every moment the path is a whole folder or nothing: it is moved away before it is deleted."""
    out, removed = tmp_path / "out", []
    with whole_folder(out) as folder:
        (folder / "old").touch()
    real = shutil.rmtree
    monkeypatch.setattr(shutil, "rmtree", lambda path, **how: (removed.append(path), real(path, **how)))
    with whole_folder(out) as folder:
        (folder / "new").touch()

    assert [path.name for path in out.iterdir()] == ["new"]
    assert out not in removed


def test_an_error_names_the_file_that_it_was_about(tmp_path: Path) -> None:
    """The system does not, where a disk fills up in the middle of a file."""
    with pytest.raises(OSError, match="no room") as caught, whole_file(tmp_path / "a"):
        raise OSError(28, "no room")
    assert caught.value.filename == str(tmp_path / "a")
    assert list(tmp_path.iterdir()) == []
