"""`slipway gc` removes what nothing needs and no more; killed anywhere, the next run ends it."""

import json
import shutil
from pathlib import Path

import pytest
from filelock import FileLock
from typer.testing import CliRunner

from slipway.cli import app
from slipway.settings.root import Project
from slipway.storage.run_folders import collecting
from tests.slipway.durability.conftest import SCENES, Yard

LITTER = "tests.slipway.durability.litter"
FUNCTIONS = "slipway/storage/collect.py:collect,slipway/storage/collect.py:remove"
KILLS = 9
FOUND = {
    "runs": 2,
    "bentos": 1,
    "environments": 1,
    "logs": 3,
    "artifacts": 1,
    "data": 1,
    "copies": 0,
    "temporary": 2,
}


@pytest.fixture(scope="module")
def littered(yard: Yard, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which version 2 is live and there is something of each class; not to be changed."""
    yard.set_back("two")
    root = tmp_path_factory.mktemp("littered") / "a project"
    shutil.copytree(yard.root, root)
    yard.forks.done(root, f"{LITTER}:litter")
    return root


@pytest.fixture
def own(littered: Path, tmp_path: Path) -> Path:
    """A copy to collect in."""
    return Path(shutil.copytree(littered, tmp_path / "a project", symlinks=True))


def test_what_is_needed_stays(yard: Yard, own: Path) -> None:
    """By production, a way back, the last failure, Git's history; and all records hold."""
    before, there = yard.forks.done(own, f"{LITTER}:left"), yard.forks.done(own, f"{LITTER}:seen")
    assert there == FOUND
    assert yard.forks.done(own, f"{LITTER}:left") == before
    state = yard.forks.done(own, f"{SCENES}:look")
    assert yard.forks.done(own, f"{LITTER}:collected") == FOUND

    after = yard.forks.done(own, f"{LITTER}:left")
    gone = set(before["files"]) - set(after["files"])
    assert set(after["files"]) <= set(before["files"])
    assert before["runs"] - after["runs"] == 1
    bentos = ".slipway/bentoml/bentos"
    assert {one for one in gone if one.startswith(bentos)} == {
        f"{bentos}/slipway-demo-ad-click-small/3/bento.yaml"
    }
    assert not any("free" in one for one in after["files"])
    assert len([one for one in after["files"] if one.startswith(".dvc/cache")]) == 4
    assert ".slipway/runs/20260102-b/split/train.parquet" in after["files"]
    assert set(yard.forks.done(own, f"{LITTER}:seen").values()) == {0}
    assert yard.forks.done(own, f"{SCENES}:look") == state
    assert yard.forks.done(own, f"{SCENES}:whole_versions") == [1, 2]
    assert yard.forks.done(own, f"{SCENES}:again", "rollback", 1, 2)["end"]["aliases"]["production"] == 1


@pytest.mark.deep
def test_killed_at_any_line_the_next_run_ends_it(
    yard: Yard, littered: Path, own: Path, tmp_path: Path
) -> None:
    """Nothing that is needed is gone by then, and nothing is half there afterwards."""
    undisturbed = yard.forks.run(own, f"{LITTER}:collected", functions=FUNCTIONS)
    assert undisturbed.code == 0, undisturbed.answer
    end = yard.forks.done(own, f"{LITTER}:left")
    for at in undisturbed.spread(KILLS):
        copy = Path(shutil.copytree(littered, tmp_path / f"killed at {at}", symlinks=True))
        killed = yard.forks.run(copy, f"{LITTER}:collected", functions=FUNCTIONS, at=at)
        assert killed.killed, killed.answer
        assert set(end["files"]) <= set(yard.forks.done(copy, f"{LITTER}:left")["files"])
        yard.forks.done(copy, f"{LITTER}:collected")
        assert yard.forks.done(copy, f"{LITTER}:left") == end, undisturbed.lines[at - 1]
        shutil.rmtree(copy)


def test_an_intent_keeps_every_bento(yard: Yard, own: Path) -> None:
    """Whoever finishes the move may need either."""
    (own / ".slipway" / "intents").mkdir(exist_ok=True)
    (own / ".slipway" / "intents" / "ad_click-small.json").write_text("{}")
    assert yard.forks.done(own, f"{LITTER}:seen") == FOUND | {"bentos": 0}


@pytest.mark.gate(
    "gc.alone",
    fed="gc --apply while a rollout has the traffic, or another gc runs",
    stops="gc",
    exit=3,
    reason="which lock, and that a rollout or another gc is going on",
    untouched="all that was there is there",
)
@pytest.mark.parametrize("lock", ["local-ad_click-small.lock", "gc.lock"])
def test_it_does_not_race_with_a_rollout(littered: Path, monkeypatch: pytest.MonkeyPatch, lock: str) -> None:
    """Nor with itself."""
    monkeypatch.chdir(littered)
    before = sorted(map(str, littered.rglob("*.parquet")))
    with FileLock(littered / ".slipway" / "locks" / lock):
        refused = CliRunner().invoke(app, ["gc", "--apply"])
    assert getattr(refused.exception, "exit_code", None) == 3
    assert lock in str(refused.exception)
    assert "is going on" in str(refused.exception)
    assert sorted(map(str, littered.rglob("*.parquet"))) == before


@pytest.mark.gate(
    "gc.run",
    fed="gc --apply while a pipeline run holds its folder",
    stops="gc",
    exit=3,
    reason="run 20260101-a is going on",
    untouched="its data, and all else that was there",
)
def test_it_does_not_race_with_a_run(littered: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a run that begins meanwhile waits for it."""
    monkeypatch.chdir(littered)
    with FileLock(littered / ".slipway" / "runs" / "20260101-a.lock"):
        refused = CliRunner().invoke(app, ["gc", "--apply"])
    assert getattr(refused.exception, "exit_code", None) == 3
    assert "run 20260101-a is going on" in str(refused.exception)
    assert (littered / ".slipway" / "runs" / "20260101-a" / "split" / "train.parquet").is_file()
    assert collecting(Project(littered)).parent.is_dir()


def test_the_table_and_the_json_say_the_same(littered: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --apply nothing is touched."""
    monkeypatch.chdir(littered)
    before = sorted(map(str, littered.rglob("*.parquet")))
    shown, read = (CliRunner().invoke(app, ["gc", *how]) for how in ([], ["--dry-run", "--json"]))
    assert shown.exit_code == read.exit_code == 0, (shown.output, read.output)
    told = json.loads(read.stdout)
    assert told["applied"] is False
    assert {one["name"]: one["found"] for one in told["classes"]} == FOUND
    assert "would be removed; `slipway gc --apply` does it" in shown.stdout
    assert sorted(map(str, littered.rglob("*.parquet"))) == before
