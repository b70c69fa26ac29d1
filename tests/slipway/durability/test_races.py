"""Two processes that move production of one line at once, in interleavings that a seeded scheduler chooses.

The embedded registry belongs to one project folder, and so does the lock: promoters in two checkouts move two
different lines. On a shared registry the local target moves nothing, and others take leases.
"""

import json
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from slipway.records.decision import DecisionRecord
from slipway.registry.versions import Registry
from slipway.settings import Line
from slipway.settings.root import Project
from tests.slipway.durability import scenes
from tests.slipway.durability.conftest import SCENES
from tests.slipway.durability.forks import Forks
from tests.slipway.root import ROOT

BURSTS = (1, 1, 1, 2, 3, 5, 10, 30, 400)
"""How many lines a process may run before the other's turn comes, one of these each time."""


class Racer:
    """One of the processes."""

    def __init__(self, root: Path, variables: Mapping[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.slipway.durability.racer"],
            cwd=root,
            env=os.environ | {"PYTHONPATH": str(ROOT)} | dict(variables or {}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.asked, self.told = self.process.stdin, self.process.stdout
        self.at = ""

    def begin(self, *decision: Any) -> list[Any] | None:
        """Let it carry out a decision, up to the first line."""
        self.asked.write(json.dumps(decision).encode() + b"\n")
        return self._heard()

    def step(self) -> list[Any] | None:
        """Let it run one line; how it ended, None where it waits for the next."""
        self.asked.write(b".")
        return self._heard()

    def _heard(self) -> list[Any] | None:
        line = self.told.readline()
        self.at = line.decode().strip()
        return None if line.startswith(b".") else json.loads(line)


@dataclass
class Course:
    """A project with three versions, and the two processes in it."""

    root: Path
    racers: tuple[Racer, Racer]

    @property
    def registry(self) -> Registry:
        """The project's."""
        return Registry(Line(Project(self.root), scenes.SYSTEM, scenes.SIZE))

    def race(self, random_: random.Random, decisions: list[list[Any]]) -> tuple[list[list[Any]], str]:
        """Run both decisions at once; how each ended, and whose turn it was line by line."""
        ended = [racer.begin(*decision) for racer, decision in zip(self.racers, decisions, strict=True)]
        turns = ""
        while open_ := [place for place, end in enumerate(ended) if end is None]:
            turn = random_.choice(open_)
            for _ in range(random_.choice(BURSTS)):
                ended[turn] = self.racers[turn].step()
                turns += str(turn)
                if ended[turn] is not None:
                    break
        return [end for end in ended if end is not None], turns


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory, forks: Forks) -> Iterator[Course]:
    """Version 1 is live."""
    root = tmp_path_factory.mktemp("races") / "a project"
    root.mkdir()
    forks.done(root, f"{SCENES}:settle_in")
    forks.done(root, f"{SCENES}:move", "first", 1, None)
    racers = Racer(root), Racer(root)
    yield Course(root, racers)
    for racer in racers:
        racer.asked.close()
        racer.process.wait(timeout=60)


def contested(random_: random.Random, live: int, previous: int | None) -> list[list[Any]]:
    """Two decisions over the live version: both promote, or one goes back."""
    first, second = random_.sample([number for number in scenes.SKEWS if number != live], 2)
    decisions: list[list[Any]] = [["promote", first, live], ["promote", second, live]]
    if previous is not None and random_.random() < 0.3:
        decisions[random_.randrange(2)] = ["rollback", previous, live]
    return decisions


def run(course: Course, races: int, seed: int) -> Counter[str]:
    """Race so often and look at the end of each; returns why the losers were refused."""
    reasons: Counter[str] = Counter()
    interleavings = set()
    registry = course.registry
    for race in range(races):
        random_ = random.Random(f"{seed}-{race}")  # noqa: S311 - no secret depends on it
        live, previous = registry.resolve("production"), registry.resolve("previous")
        assert live is not None
        names = [f"race-{seed}-{race}-{place}" for place in range(2)]
        decisions = contested(random_, live, previous)
        ended, turns = course.race(
            random_, [[*one, name] for one, name in zip(decisions, names, strict=True)]
        )
        told = (seed, race, decisions, ended)
        winner = 0 if ended[0][0] == 0 else 1
        assert [end[0] for end in (ended[winner], ended[1 - winner])] == [0, 3], told
        records = [registry.records(name) for name in names]
        assert [carried_out(one) for one in records[winner]] == [tuple(decisions[winner])], told
        assert [(one.decision, one.version, one.reason) for one in records[1 - winner]] == [
            ("refused", decisions[1 - winner][1], ended[1 - winner][1])
        ], told
        decision, version, replaced = decisions[winner]
        now = scenes.aliases(registry)
        assert (now["production"], traffic(course)) == (version, version), told
        assert (now["previous"], now["canary"]) == (replaced if decision == "promote" else None, None), told
        assert not list((course.root / ".slipway" / "intents").iterdir()), told
        if decision == "rollback":
            assert registry.get(replaced).barred, told
            registry.clear(replaced)
        reasons["production.unmoved" if "production.unmoved" in ended[1 - winner][1] else "lock"] += 1
        interleavings.add(turns)
    assert len(interleavings) > races / 2  # one may run to its end before the other begins
    return reasons


def carried_out(record: DecisionRecord) -> tuple[str, int | None, int | None]:
    """What a record says was done."""
    return record.decision, record.version, record.replaced


def traffic(course: Course) -> int:
    """Where it goes."""
    return int((course.root / "traffic.json").read_text())


@pytest.mark.long
def test_one_of_two_promoters_wins(course: Course) -> None:
    """The other is refused and says so in its record; aliases, traffic and records agree."""
    assert sum(run(course, 6, seed=1).values()) == 6


@pytest.mark.deep
def test_in_two_hundred_interleavings(course: Course) -> None:
    """Some are refused by the lock, and some, later, because production moved."""
    reasons = run(course, 200, seed=2)

    assert sum(reasons.values()) == 200
    assert reasons["lock"] > 10
    assert reasons["production.unmoved"] > 10
