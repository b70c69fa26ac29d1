"""`slipway forget` finds each copy of a user's rows, removes what it may and says what it may not."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from slipway.base.errors import UsageError
from slipway.cli import app
from slipway.data.unit_rows import unit_value
from slipway.settings.root import Project
from slipway.storage.forget import Forgotten
from slipway.trust.signing import LocalKey
from tests.slipway.data import small
from tests.slipway.durability.conftest import SCENES, Yard
from tests.slipway.durability.personal import SOURCE, USER

PERSONAL = "tests.slipway.durability.personal"
FUNCTIONS = (
    "slipway/storage/forget.py:forget,slipway/storage/forget.py:_write,slipway/storage/collect.py:remove"
)
KILLS = 9


@pytest.fixture(scope="module")
def personal(yard: Yard, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a user's rows in each kind of place; not to be changed."""
    yard.set_back("two")
    root = tmp_path_factory.mktemp("personal") / "a project"
    shutil.copytree(yard.root, root)
    yard.forks.done(root, f"{PERSONAL}:settle_in")
    return root


@pytest.fixture
def own(personal: Path, tmp_path: Path) -> Path:
    """A copy, in which the owner of the table has taken the user out."""
    root = Path(shutil.copytree(personal, tmp_path / "a project"))
    (root / SOURCE / "rows.csv").write_text(f"user_id,other\n{USER + 1},1\n", encoding="utf-8")
    return root


def files(root: Path) -> list[str]:
    """All that could hold rows."""
    kept = (path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    return sorted(one for one in kept if one.endswith((".parquet", ".csv")) or "/md5/" in one)


@pytest.mark.gate(
    "forget.source",
    fed="forget --apply while the table that all data is made of still has the user",
    stops="forget",
    exit=3,
    reason="systems/ad_click/source: 2 rows of the unit, and how to take them out",
    untouched="no copy removed, no version marked, no record",
)
def test_the_source_is_its_owner_s(personal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is made of it would have the user again."""
    monkeypatch.chdir(personal)
    before = files(personal)
    shown = CliRunner().invoke(app, ["forget", "--unit", str(USER), "--json"])
    refused = CliRunner().invoke(app, ["forget", "--unit", str(USER), "--apply"])

    assert shown.exit_code == 0, shown.output
    deeds = {(one["deed"], one["where"].split("/")[0]) for one in json.loads(shown.stdout)["places"]}
    assert deeds == {
        ("yours", "systems"),
        ("removed", ".slipway"),
        ("stays", ".slipway"),
        ("removed", ".dvc"),
    }
    assert getattr(refused.exception, "exit_code", None) == 3
    assert "systems/ad_click/source: 2 rows of the unit, expected none: it is yours" in str(refused.exception)
    assert files(personal) == before
    assert not (personal / ".slipway" / "forgotten").exists()


def test_each_copy_goes_or_is_named(yard: Yard, own: Path) -> None:
    """Every version is marked, and a signed record tells all but who it was."""
    places, versions = yard.forks.done(own, f"{PERSONAL}:found")
    before = files(own)
    done = yard.forks.done(own, f"{PERSONAL}:forgotten")

    gone = set(before) - set(files(own))
    assert len(gone) == 4  # of a run, of a Bento that nothing needs, two objects of DVC
    assert ".slipway/bentoml/bentos/slipway-demo-ad-click-small/2/src/version/parity.parquet" in files(own)
    assert {one["where"] for one in done["removed"]} == {
        where for where, _, deed in places if deed == "removed"
    }
    left = yard.forks.done(own, f"{PERSONAL}:found")[0]
    assert [one for one in left if one[2] != "stays"] == []
    assert [one["where"] for one in done["left"]] == [where for where, _, _ in left]
    assert versions == [1, 2, 3] == yard.forks.done(own, f"{PERSONAL}:marks")
    [path] = (own / ".slipway" / "forgotten").glob("*.json")
    record = Forgotten.model_validate_json(path.read_bytes())
    LocalKey(own / ".slipway").signed(record.statement(), record.signature)
    assert record.state == "done"
    assert record.unit.startswith(path.stem)
    assert yard.forks.done(own, f"{SCENES}:whole_versions") == [1, 2]


@pytest.mark.deep
def test_killed_at_any_line_the_same_again_ends_it(yard: Yard, own: Path, tmp_path: Path) -> None:
    """The record tells all that was removed, also before the kill."""
    start = tmp_path / "start"
    shutil.copytree(own, start)
    undisturbed = yard.forks.run(own, f"{PERSONAL}:forgotten", functions=FUNCTIONS)
    assert undisturbed.code == 0, undisturbed.answer
    due, end = undisturbed.answer, files(own)
    for at in undisturbed.spread(KILLS):
        copy = Path(shutil.copytree(start, tmp_path / f"killed at {at}"))
        killed = yard.forks.run(copy, f"{PERSONAL}:forgotten", functions=FUNCTIONS, at=at)
        assert killed.killed, killed.answer
        assert set(end) <= set(files(copy))
        found = yard.forks.done(copy, f"{PERSONAL}:forgotten")
        assert files(copy) == end, undisturbed.lines[at - 1]
        for key in ("state", "left", "versions"):
            assert found[key] == due[key], (key, undisturbed.lines[at - 1])
        assert sorted(map(str, found["removed"])) == sorted(map(str, due["removed"]))
        assert yard.forks.done(copy, f"{PERSONAL}:marks") == [1, 2, 3]
        shutil.rmtree(copy)


@pytest.mark.gate(
    "forget.unit",
    fed="a unit that the column cannot hold, or rows that have no unit but their place",
    stops="forget",
    exit=2,
    reason="found 'nobody', expected a value of the column 'user_id', of type integer",
    untouched="nothing",
)
def test_a_unit_of_another_type_is_none(personal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be found nowhere, and be taken for forgotten."""
    monkeypatch.chdir(personal)
    refused = CliRunner().invoke(app, ["forget", "--unit", "nobody"])
    assert getattr(refused.exception, "exit_code", None) == 2
    assert "found 'nobody', expected a value of the column 'user_id', of type integer" in str(
        refused.exception
    )
    columns = dict(small.COLUMNS) | {"user": {"type": "integer", "role": "unit", "source": "#row"}}
    with pytest.raises(UsageError, match="each row is a unit of its own"):
        unit_value(small.card({"kind": "table", "format": "csv"}, columns), "1")


@pytest.mark.gate(
    "forget.generator",
    fed="a system whose rows are drawn",
    stops="forget",
    exit=2,
    reason="its rows are drawn by a generator, so they are nobody's",
    untouched="nothing",
)
def test_rows_of_a_generator_are_nobody_s(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    """And would be drawn again."""
    monkeypatch.chdir(yard.root)
    refused = CliRunner().invoke(app, ["forget", "--unit", "1"])
    assert getattr(refused.exception, "exit_code", None) == 2
    assert "its rows are drawn by a generator" in str(refused.exception)
    assert Project(yard.root).card().name == "ad_click"
