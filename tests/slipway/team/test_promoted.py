"""Production of a shared registry, moved by processes of two machines: raced, killed, stopped too long."""

import json
import os
import random
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from slipway.rollout import promotion
from slipway.rollout.targets import KINDS
from slipway.storage.collect import collect
from slipway.storage.item import Item
from tests.slipway.durability import scenes
from tests.slipway.durability.conftest import SCENES
from tests.slipway.durability.forks import Ended, Forks
from tests.slipway.durability.test_killed_moves import PROTOCOL
from tests.slipway.durability.test_races import BURSTS, Racer
from tests.slipway.rollout.targets.memory import Cluster, memory
from tests.slipway.stages.shared import sign, sign_records
from tests.slipway.team.conftest import Member, Served, joined
from tests.slipway.team.services import BUCKET
from tests.slipway.trust.authority import Authority

pytestmark = pytest.mark.long
NUMBERS = count()
"""A project for each test, so that no two share versions."""


@dataclass
class Yard:
    """Two machines that use one registry, and the traffic that both of them see."""

    here: Member
    there: Member
    forks: Forks
    served: Served

    def lease(self, store: str, lapse_s: float = 30.0) -> None:
        """Have both keep leases in a store."""
        traffic = str(self.here.root.parent / "traffic.json")
        named = {"store": store, "beat_s": 0.2, "lapse_s": lapse_s, "traffic": traffic}
        for one in (self.here, self.there):
            (one.root / "lease.json").write_text(json.dumps(named))

    def run(
        self, member: Member, call: str, *arguments: Any, line: int | None = None, functions: str = ""
    ) -> Ended:
        """Run a scene in a process of one of the machines."""
        return self.forks.run(member.root, f"{SCENES}:{call}", *arguments, line=line, functions=functions)

    def moves(self, member: Member, decision: str, version: int, replaced: int | None) -> None:
        """Carry out a decision that nobody disturbs, and have it signed, without which none may follow."""
        done = self.run(member, "move", decision, version, replaced)
        assert done.code == 0, done.answer
        self.require_whole()

    def follows(self, version: int) -> str | None:
        """Let the other machine settle what this one has left and promote a version; returns what it said."""
        said = self.run(self.there, "recover")
        assert said.code == 0, said.answer
        self.sign()
        self.moves(self.there, "promote", version, self.live)
        return str(said.answer) if said.answer else None

    @property
    def aliases(self) -> dict[str, int | None]:
        """What each alias points at."""
        return scenes.aliases(self.here.registry)

    @property
    def live(self) -> int:
        """The version in production, to which the traffic goes too."""
        found = self.aliases["production"]
        assert found is not None
        assert json.loads((self.here.root.parent / "traffic.json").read_text()) == found
        return found

    def others(self) -> list[int]:
        """The versions that are not live."""
        return [number for number in scenes.SKEWS if number != self.live]

    def sign(self) -> None:
        """What the workflow's last job does after each of its runs."""
        for one in (self.here, self.there):
            sign_records(one.registry, one.authority)

    def require_whole(self) -> None:
        """Once all is signed, the records are one history, and it explains every alias."""
        self.sign()
        verdict = self.here.registry.verdict()
        assert [str(one) for one in verdict.breaks] == []


@pytest.fixture(scope="module")
def patch() -> Iterator[pytest.MonkeyPatch]:
    """For longer than a test."""
    with pytest.MonkeyPatch.context() as found:
        yield found


@pytest.fixture(scope="module")
def forks(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    """A process that has imported what a move imports, and asked the server nothing yet."""
    with Forks(tmp_path_factory.mktemp("forks"), dict(os.environ) | served.environment) as found:
        yield found


@pytest.fixture
def yard(
    request: pytest.FixtureRequest,
    served: Served,
    forks: Forks,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Yard:
    """Version 1 of three is live, and all of it is signed."""
    for name, value in served.environment.items():
        monkeypatch.setenv(name, value)
    name, authority = f"team-{next(NUMBERS)}", Authority()
    here, there = (joined(tmp_path / folder, served.url, name, authority) for folder in ("here", "there"))
    found = Yard(here, there, forks, served)
    found.lease(served.leases)
    monkeypatch.chdir(here.root)
    scenes.register_all()
    for number in scenes.SKEWS:
        sign(here.registry, authority, number)
    found.moves(here, "first", 1, None)
    return found


def test_one_of_two_machines_wins(yard: Yard) -> None:
    """The other is refused and says so in its record; aliases, traffic and records agree."""
    racers = Racer(yard.here.root), Racer(yard.there.root)
    for seed, store in enumerate((yard.served.leases, f"s3://{BUCKET}/leases")):
        yard.lease(store)
        live, others = yard.live, yard.others()
        ended = race(racers, random.Random(seed), [["promote", one, live, f"{seed}-{one}"] for one in others])  # noqa: S311
        [winner] = [place for place, (code, _) in enumerate(ended) if code == 0]
        code, said = ended[1 - winner]
        assert code == 3
        assert "is moving production of" in said or said.startswith("production.unmoved"), said
        assert (yard.live, yard.aliases["previous"]) == (others[winner], live)
        yard.require_whole()
        [kept] = yard.here.registry.records(f"{seed}-{others[1 - winner]}")
        assert (kept.decision, kept.reason) == ("refused", said)
    for racer in racers:
        racer.asked.close()
        racer.process.wait(timeout=60)


def race(racers: tuple[Racer, Racer], turn_of: random.Random, decisions: list[list[Any]]) -> list[list[Any]]:
    """Run both decisions at once, some lines of one and then of the other; how each ended."""
    ended = [racer.begin(*decision) for racer, decision in zip(racers, decisions, strict=True)]
    while open_ := [place for place, end in enumerate(ended) if end is None]:
        turn = turn_of.choice(open_)
        for _ in range(10 * turn_of.choice(BURSTS)):
            if (end := racers[turn].step()) is not None:
                ended[turn] = end
                break
    return [end for end in ended if end is not None]


STATES = {
    "self.placement.shift(Deployed(number=version": "dropped",
    "turn.require()": "finished",
    "self.keep(record)": "finished",
    "turn.end(_text(record)": "finished",
}
"""Lines of a move, and what becomes of one that is killed before them: when it is begun, when traffic has
moved, when aliases have, and when all is done and not ended."""
LATE = 'self.registry.point("production", _required'
"""The first line after which a late write shows."""


def numbers() -> dict[str, int]:
    """Where they stand."""
    lines = [line.strip() for line in Path(promotion.__file__).read_text().splitlines()]
    found = {
        begins: [at for at, line in enumerate(lines, 1) if line.startswith(begins)]
        for begins in (*STATES, LATE)
    }
    assert all(len(places) == 1 for places in found.values()), found
    return {begins: at for begins, [at] in found.items()}


@pytest.mark.deep
def test_a_move_is_finished_or_dropped_by_the_other_machine(yard: Yard) -> None:
    """The first was killed before a line; the second waits until its lease has lapsed, and goes on."""
    yard.lease(yard.served.leases, lapse_s=0.5)
    for begins, becomes in STATES.items():
        live, (version, following) = yard.live, yard.others()
        functions, line = PROTOCOL, numbers()[begins]
        killed = yard.run(yard.here, "move", "promote", version, live, functions=functions, line=line)
        assert killed.killed, (begins, killed.answer)
        assert str(yard.follows(following)).endswith(becomes), begins
        assert (yard.live, yard.aliases["previous"]) == (
            following,
            version if becomes == "finished" else live,
        )


@pytest.mark.deep
def test_who_outlives_a_lease_is_undone(yard: Yard) -> None:
    """MLflow takes late writes: whoever wrote them learns of it, or if it was killed, the next one does."""
    yard.lease(yard.served.leases, lapse_s=0.5)
    racer = Racer(yard.here.root, {"RACER_FUNCTIONS": PROTOCOL})
    version, left = overtaken(yard, racer)
    ended = None
    while ended is None:
        ended = racer.step()
    assert ended[0] == 3, ended
    assert ended[1].endswith(
        f"another one has the turn to move production of {yard.here.registry.name}; what it left was put back"
    )
    assert (yard.live, yard.aliases) == (left["production"], left)
    yard.require_whole()

    version, left = overtaken(yard, racer)
    assert racer.step() is None
    assert yard.aliases["production"] == version
    racer.process.kill()
    racer.process.wait(timeout=60)
    undone = yard.run(yard.there, "recover")
    assert undone.answer == f"a promote of version {version} had outlived its turn and was undone"
    assert (yard.live, yard.aliases) == (left["production"], left)
    yard.require_whole()


def overtaken(yard: Yard, racer: Racer) -> tuple[int, dict[str, int | None]]:
    """Stop a move before it moves the alias, and let the other machine move it meanwhile.

    Returns the version that would go live late, and the aliases as the other one left them.
    """
    live, (version, following) = yard.live, yard.others()
    assert racer.begin("promote", version, live, "slow") is None
    while not racer.at.endswith(f":{numbers()[LATE]}"):
        assert racer.step() is None
    racer.process.send_signal(signal.SIGSTOP)  # its counting, too
    yard.follows(following)
    racer.process.send_signal(signal.SIGCONT)
    return version, yard.aliases


def test_gc_asks_the_registry_that_others_move(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Bento stays while its version may serve again, and all do while a move of somebody has not ended."""
    monkeypatch.setitem(KINDS, "file", lambda line: memory(Cluster({}, {}), line.card))  # no traffic here
    line = yard.here.registry.line
    bentos = [line.project.kept / "bentoml" / "bentos" / line.bento / str(number) for number in scenes.SKEWS]
    for folder in bentos:
        folder.mkdir(parents=True)
    yard.lease(yard.served.leases, lapse_s=0.5)
    before = numbers()["turn.require()"]
    killed = yard.run(yard.there, "move", "promote", 2, yard.live, functions=PROTOCOL, line=before)
    assert killed.killed, killed.answer
    assert [one.kept for one in collected(yard)] == ["a move of production has not ended"] * 3
    yard.follows(3)
    assert {int(one.path.name): one.kept for one in collected(yard)} == {
        1: None,
        2: "it is previous",
        3: "it is production",
    }
    assert [folder.is_dir() for folder in bentos] == [False, True, True]


def collected(yard: Yard) -> list[Item]:
    """What gc found of Bentos, and removed where nothing needed it."""
    found = collect(yard.here.registry.line.project, print)
    return [one for one in found if one.kind == "bentos"]
