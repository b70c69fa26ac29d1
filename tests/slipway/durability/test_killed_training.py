"""Every stage before registration killed with SIGKILL: its output is the old one, none or the whole new one.

The stages `gate` and `verdict` are left out: they read a file, answer, and write nothing.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.slipway.durability.disks import SAYS, Fault, disk
from tests.slipway.durability.forks import Ended, Forks
from tests.slipway.durability.training import OUT, content, spoil

pytestmark = pytest.mark.long
TRAINING = "tests.slipway.durability.training"
WRITING = "slipway/base/atomic.py:whole_*"
OWN = {
    "data ingest": "slipway/data/ingest.py:ingest_rows",
    "data check": "slipway/data/check.py:check_rows",
    "data split": "slipway/data/split.py:split_rows",
    "fetch": "slipway/data/versions.py:fetch_split",
    "check": "slipway/stages/check.py:check",
    "train": "slipway/training/fit.py:train_models",
    "evaluate": "slipway/stages/evaluate.py:evaluate",
}
"""The function of each stage that writes."""
LAST, SPREAD = 3, 2
"""Kills of one stage: before the last lines that write, and evenly spread over those of its own function."""
STAGE = [pytest.param(stage, marks=() if stage == "train" else pytest.mark.deep) for stage in OUT]
"""`make test-full` runs what writes most."""


@dataclass(frozen=True)
class Plant:
    """A project in which every stage has run once, and what each left."""

    root: Path
    forks: Forks
    made: dict[str, Any]

    def step(self, stage: str, **how: Any) -> Ended:
        """Run a stage."""
        return self.forks.run(self.root, f"{TRAINING}:step", stage, **how)

    def left(self, stage: str) -> list[Any]:
        """What lies where a stage leaves what it makes."""
        return [content(self.root / path) for path in OUT[stage]]

    def strays(self) -> list[str]:
        """What a write aside left."""
        return [path.name for kind in ("part", "old") for path in self.root.rglob(f".*.{kind}")]


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory, forks: Forks) -> Plant:
    """Nobody disturbs the first run."""
    root = tmp_path_factory.mktemp("training") / "a project"
    root.mkdir()
    made = Plant(root, forks, {})
    forks.done(root, f"{TRAINING}:warm", warm=True)
    forks.done(root, f"{TRAINING}:settle_in")
    for stage in OUT:
        forks.done(root, f"{TRAINING}:step", stage)
        made.made[stage] = made.left(stage)
    return made


def sampled(lines: tuple[str, ...]) -> list[int]:
    """The counts at which to kill, of lines that are run for the first time."""
    first = {line: at for at, line in reversed(list(enumerate(lines, 1)))}
    writes = sorted(at for line, at in first.items() if "atomic.py" in line)
    own = sorted(at for line, at in first.items() if "atomic.py" not in line)
    spread = {own[place * (len(own) - 1) // (SPREAD - 1)] for place in range(SPREAD)}
    return sorted({*writes[-LAST:], *spread})


@pytest.mark.parametrize("stage", STAGE)
def test_a_stage_killed_on_its_way(plant: Plant, stage: str) -> None:
    """Run again it leaves what an undisturbed one does, and nothing beside it."""
    for path in OUT[stage]:
        spoil(plant.root / path)
    before, after = plant.left(stage), plant.made[stage]
    functions = f"{WRITING},{OWN[stage]}"
    undisturbed = plant.step(stage, functions=functions)
    assert undisturbed.code == 0, undisturbed.answer
    assert plant.left(stage) == after
    kills = sampled(undisturbed.lines)
    for at in kills:
        for path in OUT[stage]:
            spoil(plant.root / path)
        assert plant.step(stage, functions=functions, at=at).killed
        for found, old, new in zip(plant.left(stage), before, after, strict=True):
            assert found in (None, old, new), undisturbed.lines[at - 1]
        again = plant.step(stage)
        assert again.code == 0, again.answer
        assert plant.left(stage) == after, undisturbed.lines[at - 1]
        assert plant.strays() == [], undisturbed.lines[at - 1]
    print(f"{stage}: {len(kills)} kills")


@pytest.mark.parametrize("fault", SAYS)
@pytest.mark.parametrize("stage", STAGE)
def test_no_room_for_what_a_stage_leaves(plant: Plant, stage: str, fault: Fault) -> None:
    """One line that names the path; what lay there stays, and with room the stage comes to its end."""
    with disk(plant.root / OUT[stage][0].parent) as place:
        for path in OUT[stage]:
            spoil(plant.root / path)
        before = plant.left(stage)
        place.spoil(fault)
        ended = plant.step(stage)
        assert ended.code == 1, ended.answer
        assert len(str(ended.answer).splitlines()) == 1, ended.answer
        assert SAYS[fault] in ended.answer
        assert any(str(path) in ended.answer for path in OUT[stage]), ended.answer
        assert plant.left(stage) == before
        assert plant.strays() == []
        place.mend()
    assert plant.step(stage).code == 0
    assert plant.left(stage) == plant.made[stage]
