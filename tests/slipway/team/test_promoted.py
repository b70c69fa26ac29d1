"""Production of a shared registry, moved by processes of two machines: raced, killed, stopped too long."""

import json
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.slipway.durability import scenes
from tests.slipway.durability.conftest import SCENES
from tests.slipway.durability.forks import Ended, Forks
from tests.slipway.durability.test_races import BURSTS, Racer
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
        self, member: Member, call: str, *arguments: Any, at: int | None = None, functions: str = ""
    ) -> Ended:
        """Run a scene in a process of one of the machines."""
        return self.forks.run(member.root, f"{SCENES}:{call}", *arguments, at=at, functions=functions)

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

    def require_whole(self) -> None:
        """Once all is signed, the records are one history, and it explains every alias."""
        for one in (self.here, self.there):
            sign_records(one.registry, one.authority)
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
    done = found.run(here, "move", "first", 1, None)
    assert done.code == 0, done.answer
    return found


@pytest.mark.parametrize("kind", ["PostgreSQL", "S3"])
def test_one_of_two_machines_wins(yard: Yard, kind: str) -> None:
    """The other is refused and says so in its record; aliases, traffic and records agree."""
    yard.lease(yard.served.leases if kind == "PostgreSQL" else f"s3://{BUCKET}/leases")
    racers = Racer(yard.here.root), Racer(yard.there.root)
    said = set()
    for race in range(3):
        turn_of = random.Random(race)  # noqa: S311 - no secret depends on it
        live, others = yard.live, yard.others()
        ended = [
            racer.begin("promote", version, live, f"race-{race}-{version}")
            for racer, version in zip(racers, others, strict=True)
        ]
        while open_ := [place for place, end in enumerate(ended) if end is None]:
            turn = turn_of.choice(open_)
            for _ in range(10 * turn_of.choice(BURSTS)):
                if (end := racers[turn].step()) is not None:
                    ended[turn] = end
                    break
        assert sorted(end[0] for end in ended if end) == [0, 3], ended
        [winner] = [place for place, end in enumerate(ended) if end and end[0] == 0]
        assert (yard.live, yard.aliases["previous"]) == (others[winner], live)
        said |= {
            "lease" if "is moving production" in end[1] else end[1][:20] for end in ended if end and end[0]
        }
    for racer in racers:
        racer.asked.close()
        racer.process.wait(timeout=60)
    yard.require_whole()
    assert said <= {"lease", "production.unmoved: "}
