"""Every stage killed with SIGKILL on its way: what the next run finds is the state before it, or after it."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from slipway.release.servers import reap
from slipway.settings.root import Project
from tests.slipway.durability.disks import SAYS, Fault, disk
from tests.slipway.durability.forks import Ended, Forks
from tests.slipway.durability.stages import processes

pytestmark = pytest.mark.long
STAGES = "tests.slipway.durability.stages"


@dataclass(frozen=True)
class Plant:
    """A project in which two versions are rolled out, and copies of the state before each stage."""

    root: Path
    kept: Path
    forks: Forks

    def keep(self, name: str) -> None:
        """Remember everything under a name."""
        shutil.copytree(self.root, self.kept / name)

    def set_back(self, name: str) -> None:
        """Return to it."""
        reap(Project(self.root))
        shutil.rmtree(self.root / ".slipway", ignore_errors=True)
        shutil.copytree(self.kept / name, self.root, dirs_exist_ok=True)

    def step(self, *arguments: Any, **how: Any) -> Ended:
        """Run a stage."""
        return self.forks.run(self.root, f"{STAGES}:step", *arguments, **how)

    def look(self) -> Any:
        """The state."""
        return self.forks.done(self.root, f"{STAGES}:look")

    def found(self) -> Any:
        """What the next run finds."""
        return self.forks.done(self.root, f"{STAGES}:found")


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory, forks: Forks) -> Iterator[Plant]:
    """Version 1 goes first and version 2 is promoted; the state before each stage is kept."""
    folder = tmp_path_factory.mktemp("plant")
    root = folder / "a project"
    root.mkdir()
    made = Plant(root, folder / "kept", forks)
    forks.done(root, f"{STAGES}:settle_in")
    for stage, name, version, stable in RUN:
        made.keep(f"{stage} {version}")
        ended = made.step(stage, name, version, stable)
        assert ended.code == 0, ended.answer
    made.keep("end")
    yield made
    reap(Project(root))


RUN = [
    ("register", "train-1", 1, 0),
    ("register", "train-2", 2, 0),
    ("package", "first", 1, 0),
    ("smoke", "first", 1, 0),
    ("first", "first", 1, 0),
    ("package", "second", 2, 1),
    ("smoke", "second", 2, 1),
    ("canary", "second", 2, 1),
    ("promote", "second", 2, 1),
]
SERVERS = (
    "slipway/release/servers.py:start,slipway/release/servers.py:_spawn,slipway/release/servers.py:_let_go"
)
KILLS = 7
"""Places in each stage, the first and the last among them: a kill may cost the start of two servers."""
KEEP = "slipway/stages/record.py:keep,slipway/registry/versions.py:Registry.keep"


def swept(plant: Plant, stage: str, version: int, functions: str, group: bool = False) -> list[Any]:
    """Kill a stage before each line of some functions; what the next run found each time."""
    arguments = next(one for one in RUN if (one[0], one[2]) == (stage, version))
    before = f"{stage} {version}"
    plant.set_back(before)
    undisturbed = plant.step(*arguments, functions=functions)
    lines, ends = undisturbed.lines, []
    for at in undisturbed.spread(KILLS):
        plant.set_back(before)
        killed = plant.step(*arguments, functions=functions, at=at, group=group)
        assert killed.killed, (lines[at - 1], killed.answer)
        ends.append(plant.found())
        assert processes(plant.root) == [], lines[at - 1]
    return ends


def states(plant: Plant, stage: str, version: int) -> tuple[Any, Any]:
    """The state before a stage, and after it."""
    names = [*(f"{one[0]} {one[2]}" for one in RUN), "end"]
    found = []
    for name in (f"{stage} {version}", names[names.index(f"{stage} {version}") + 1]):
        plant.set_back(name)
        found.append(plant.look())
    return found[0], found[1]


@pytest.mark.deep
def test_register(plant: Plant) -> None:
    """A version without its record has no alias, and the run after it registers the candidate anew.

    One with its record may be left without an alias: that run is told which version has its bits.
    """
    before, after = states(plant, "register", 2)
    functions = "slipway/stages/register.py:register,slipway/registry/versions.py:Registry.register"
    for end in swept(plant, "register", 2, functions):
        assert end["state"]["aliases"] in (before["aliases"], after["aliases"])
        assert end["state"]["records"] in (before["records"], after["records"])

    last, seen = plant.step("register", "train-again", 2, 0), plant.look()
    [*_, (_, number, _)] = (one for one in seen["records"] if one[0] == "registered")
    if last.code == 0:
        assert seen["aliases"]["staging"] == number
    else:
        assert f"those of version {number}; `slipway rollout" in str(last.answer)


def test_a_version_without_its_record_is_not_rolled_out(plant: Plant) -> None:
    """It was registered by a run that was killed before it said why."""
    plant.set_back("register 2")
    functions = "slipway/stages/record.py:keep"
    assert plant.step("register", "train-2", 2, 0, functions=functions, at=1).killed
    refused = plant.forks.run(plant.root, f"{STAGES}:rollout", "second", 2)

    assert refused.code == 3
    assert "version 2: 0 signed records say that it was registered, expected 1" in refused.answer
    assert plant.look()["aliases"]["production"] is None


@pytest.mark.deep
def test_refuse(plant: Plant) -> None:
    """Nothing is registered, and there is a whole record or none."""
    plant.set_back("package 1")
    before, functions = plant.look(), f"slipway/stages/refuse.py:refuse,{KEEP}"
    arguments = ("refuse", "train-3", 2, 0)
    undisturbed = plant.step(*arguments, functions=functions)
    after = plant.look()
    assert after["records"] == [*before["records"], ["refused", None, None]]
    for at in undisturbed.spread(KILLS):
        plant.set_back("package 1")
        assert plant.step(*arguments, functions=functions, at=at).killed
        assert plant.look() in (before, after)


@pytest.mark.deep
def test_package(plant: Plant) -> None:
    """There is a whole Bento or none, also where the build in a process of its own was killed with it."""
    before, after = states(plant, "package", 2)
    for end in swept(plant, "package", 2, "slipway/release/bento.py:_build_aside", group=True):
        assert end["state"] in (before, after)
    assert plant.step("package", "second", 2, 1).code == 0
    assert plant.look() == after


@pytest.mark.deep
def test_smoke(plant: Plant) -> None:
    """No server is left, not even one that had no time to be written down."""
    before, _ = states(plant, "smoke", 2)
    for end in swept(plant, "smoke", 2, f"slipway/stages/smoke.py:smoke,{SERVERS}"):
        assert end["state"] == before


@pytest.mark.deep
def test_shadow(plant: Plant) -> None:
    """Traffic is as it was, and no alias and no server is left of the trial."""
    plant.set_back("canary 2")
    before, arguments = plant.look(), ("shadow", "second", 2, 1)
    functions = "slipway/stages/shadow.py:shadow,slipway/rollout/shadow.py:run_shadow"
    undisturbed = plant.step(*arguments, functions=functions)
    assert undisturbed.code == 0, undisturbed.answer
    for at in undisturbed.spread(KILLS):
        plant.set_back("canary 2")
        assert plant.step(*arguments, functions=functions, at=at).killed
        assert plant.found()["state"] == before
        assert processes(plant.root) == []


@pytest.mark.deep
def test_canary(plant: Plant) -> None:
    """Production is where it was, and the canary has no traffic; a rollout then comes to its end."""
    before, _ = states(plant, "canary", 2)
    functions = "slipway/stages/canary.py:canary,slipway/rollout/controller.py:_Rollout.looks"
    for end in swept(plant, "canary", 2, functions):
        assert end["state"] | {"aliases": 0} == before | {"aliases": 0}
        assert end["state"]["aliases"] in (before["aliases"], before["aliases"] | {"canary": 2})
    _comes_to_its_end(plant)


@pytest.mark.deep
def test_first(plant: Plant) -> None:
    """Version 1 is live or nothing is."""
    before, after = states(plant, "first", 1)
    ends = swept(plant, "first", 1, "slipway/rollout/targets/local.py:LocalPlacement.shift")
    assert {end["said"] for end in ends} == {
        "a first of version 1 had not moved traffic and was dropped",
    }
    for end in ends:
        assert end["state"] == before
    for end in swept(plant, "first", 1, KEEP):
        assert end["state"] == after


def test_promote(plant: Plant) -> None:
    """Production has moved whole or not at all; a rollout then comes to its end."""
    before, after = states(plant, "promote", 2)
    functions = f"slipway/rollout/targets/local.py:LocalPlacement.shift,slipway/stages/move.py:move,{SERVERS}"
    ends = swept(plant, "promote", 2, functions)
    for end in ends:
        assert end["state"] in (before, after)
    assert len({end["said"] for end in ends}) == 2
    plant.set_back("promote 2")
    assert plant.step(*RUN[-1], functions="slipway/stages/move.py:move", at=1).killed
    _comes_to_its_end(plant)


@pytest.mark.deep
def test_rollback(plant: Plant) -> None:
    """The command run again comes to its end: one record, and what was live is barred once traffic moved.

    Every third line; those of the move are all killed in `test_killed_moves.py`.
    """
    plant.set_back("end")
    before, command = plant.look(), f"{STAGES}:rollback"
    functions = (
        "slipway/stages/rollback.py:roll_back,slipway/rollout/stop.py:StopRequest.made,"
        "slipway/rollout/targets/local.py:LocalPlacement.shift,slipway/rollout/promotion.py:Promoter._settle"
    )
    undisturbed = plant.forks.run(plant.root, command, functions=functions)
    lines, after = undisturbed.lines, plant.look()
    assert after["records"] == [*before["records"], ["rollback", 1, 2]]
    assert after["aliases"] | {"staging": 0} == {
        "staging": 0,
        "canary": None,
        "production": 1,
        "previous": None,
    }
    assert (after["barred"], after["traffic"]["stable"]["number"]) == ([2], 1)
    ends = set()
    for at in undisturbed.spread(KILLS):
        plant.set_back("end")
        killed = plant.forks.run(plant.root, command, functions=functions, at=at)
        assert killed.killed, (lines[at - 1], killed.answer)
        half = plant.look()
        assert half["traffic"]["stable"]["number"] == 1 or half["barred"] == [], lines[at - 1]
        assert half["aliases"]["production"] == 2 or half["barred"] == [2], lines[at - 1]
        again = plant.forks.run(plant.root, command)
        assert again.code in (0, 3), again.answer
        ends.add(again.code)
        assert plant.found() == {"said": None, "state": after}, lines[at - 1]
        assert processes(plant.root) == [], lines[at - 1]
    assert ends == {0, 3}  # begun anew, or finished and then nothing to go back to


@pytest.mark.deep
def test_abort(plant: Plant) -> None:
    """Production does not move, and there is a whole record or none."""
    plant.set_back("promote 2")
    before = plant.look()
    functions = f"slipway/stages/abort.py:abort,{KEEP}"
    undisturbed = plant.step("abort", "second", 2, 1, functions=functions)
    after = plant.look()
    for at in undisturbed.spread(KILLS):
        plant.set_back("promote 2")
        assert plant.step("abort", "second", 2, 1, functions=functions, at=at).killed
        now = plant.look()
        assert now["aliases"] | {"canary": 0} == after["aliases"] | {"canary": 0}
        assert now["records"] in (before["records"], after["records"])


@pytest.mark.parametrize("fault", SAYS)
@pytest.mark.parametrize(
    ("stage", "version", "folder", "name"),
    [
        pytest.param("package", 2, ".slipway/bentoml", "bentoml", marks=pytest.mark.deep),
        pytest.param("canary", 2, "work/second", "evidence.json", marks=pytest.mark.deep),
        ("promote", 2, "work/second", "report.html"),
    ],
)
def test_no_room(plant: Plant, fault: Fault, stage: str, version: int, folder: str, name: str) -> None:
    """One line that names the place; what lay there stays, and with room a rollout comes to its end."""
    arguments = next(one for one in RUN if (one[0], one[2]) == (stage, version))
    plant.set_back(f"{stage} {version}")
    out, bentos = plant.root / folder / name, plant.look()["bentos"]
    with disk(plant.root / folder) as place:
        if out.suffix:
            out.write_text("old")
        place.spoil(fault)
        ended = plant.step(*arguments)
        place.mend()
        assert ended.code == 1, ended.answer
        assert len(str(ended.answer).splitlines()) == 1, ended.answer
        assert SAYS[fault] in ended.answer
        assert name in ended.answer
        if out.suffix:
            assert out.read_text() == "old"
        assert [one.name for one in place.folder.rglob("*.part")] == []
    assert plant.look()["bentos"] == bentos
    assert processes(plant.root) == []
    _comes_to_its_end(plant)


def _comes_to_its_end(plant: Plant) -> None:
    """Rolled out again, version 2 gets to where it would have been."""
    ended = plant.forks.run(plant.root, f"{STAGES}:rollout", "again", 2)
    assert ended.code == 0, ended.answer
    now = plant.look()
    plant.set_back("end")
    assert now == plant.look()
