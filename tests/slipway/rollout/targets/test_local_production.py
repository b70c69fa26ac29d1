"""What `slipway serve` does when production moves and when its server ends; the clock is the test's."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
import pytest

from slipway.base.errors import NotReady, Refused, SlipwayError
from slipway.release.processes import began
from slipway.release.servers import Server
from slipway.rollout.target import Deployed, TrafficState
from slipway.rollout.targets.local import LocalPlacement
from slipway.rollout.targets.local_front import opened
from slipway.rollout.targets.local_production import FIRST_S, STEADY_S, TRIES, Production, Tries
from slipway.settings import Line
from slipway.settings.root import Project
from tests.slipway.cli.conftest import settings_only

SERVER = """
import json, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        told = json.dumps({"versions": [sys.argv[1]]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)
    def log_message(self, *_): pass
server = HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
"""
"""Says which version it is, and no more."""


@dataclass
class Starts:
    """Starts such servers; versions in `broken` do not get ready."""

    broken: set[int] = field(default_factory=set)
    asked: list[int] = field(default_factory=list)
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    def __call__(self, project: Project, tag: str, number: int, **_: object) -> Server:
        """As `servers.start`."""
        self.asked.append(number)
        if number in self.broken:
            raise NotReady(f"{tag}: the server did not start: no memory", number)
        command = [sys.executable, "-c", SERVER, str(number)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.processes.append(process)
        assert process.stdout is not None
        own, one = psutil.Process(), psutil.Process(process.pid)
        port = int(process.stdout.readline())
        return Server(tag, number, port, one.pid, began(one), own.pid, began(own))


@dataclass
class Place:
    """A line, what starts there, what was told, and the production that is followed."""

    line: Line
    starts: Starts
    told: list[str]
    production: Production

    def goes_to(self, number: int) -> None:
        """Traffic does."""
        self.line.traffic.parent.mkdir(parents=True, exist_ok=True)
        state = TrafficState(stable=Deployed(number=number, digest="d"))
        self.line.traffic.write_text(state.model_dump_json())

    def answers(self) -> int:
        """With which version the front does."""
        return int(httpx.get(self.production.front.url).json()["versions"][0])

    def crash(self) -> None:
        """Kill the newest server."""
        self.starts.processes[-1].kill()
        self.starts.processes[-1].wait()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Settings, and nothing else."""
    return settings_only(tmp_path_factory.mktemp("production") / "a project")


@pytest.fixture
def place(root: Path) -> Iterator[Place]:
    """Version 1 is live and answers."""
    line, starts, told = Line(Project(root), "ad_click", "small"), Starts(), []
    with opened("127.0.0.1", 0) as front:
        found = Place(line, starts, told, Production(LocalPlacement(line, starts), front, told.append))
        found.goes_to(1)
        found.production.begin(found.production.live(), 0.0)
        told.clear()
        yield found
    found.production.close()
    for process in starts.processes:
        process.kill()
        process.communicate()


def test_it_follows_production(place: Place) -> None:
    """At the next look the new version answers, and then the old server is gone."""
    before = place.answers()
    place.goes_to(2)
    place.production.look(0.0)

    assert (before, place.answers()) == (1, 2)
    assert place.starts.processes[0].wait(60) is not None
    assert place.told == [f"version 2 answers at {place.production.front.url}"]


def test_nothing_happens_where_nothing_is_due(place: Place) -> None:
    """However often it looks."""
    for now in range(3):
        place.production.look(float(now))

    assert (place.starts.asked, place.told) == ([1], [])


def test_a_crashed_server_is_started_again(place: Place) -> None:
    """After a pause, at the same address, and it is said."""
    place.crash()
    place.production.look(10.0)
    waiting = [*place.starts.asked]
    place.production.look(10.0 + FIRST_S)

    assert waiting == [1]
    assert (place.starts.asked, place.answers()) == ([1, 1], 1)
    assert "the server of version 1 ended; it is started again (1 in a row)" in place.told[0]


@pytest.mark.gate(
    "serve.crashes",
    fed="a version in production whose server ends again and again",
    stops="serve",
    exit=1,
    reason="the server of version N ended 6 times in a row; see .slipway/servers/",
    untouched="it is not started for ever: five more times, each after twice as long",
)
def test_a_version_that_does_not_stay_up_ends_it(place: Place) -> None:
    """After each of the pauses once more, and then no more."""
    place.starts.broken = {1}
    place.crash()
    place.production.look(STEADY_S / 2)
    for tries in range(1, TRIES + 1):
        place.production.look(place.production.tries.due)
        assert place.starts.asked == [1] * (tries + 1)

    with pytest.raises(SlipwayError, match="server of version 1 ended 6 times in a row"):
        place.production.look(1e9)
    assert "it is not started again (6 in a row)" in place.told[-1]


def test_a_new_version_that_does_not_start_leaves_the_old_one(place: Place) -> None:
    """It goes on answering, which `slipway status` tells; once traffic moves on, that is followed again."""
    place.starts.broken = {2}
    place.goes_to(2)
    for _ in range(TRIES + 3):
        place.production.look(place.production.tries.due)
    stuck = place.answers(), len(place.starts.asked)
    place.goes_to(3)
    place.production.look(0.0)

    assert stuck == (1, TRIES + 2)
    assert place.answers() == 3
    assert "did not start: no memory; it is not started again" in place.told[-2]


@pytest.mark.gate("serve.live")
def test_it_ends_where_nothing_is_live_any_more(place: Place) -> None:
    """As where a first deployment was taken back."""
    place.line.traffic.unlink()

    with pytest.raises(Refused, match="no version of ad_click-small is live"):
        place.production.look(0.0)
    assert place.starts.asked == [1]


@pytest.mark.parametrize(
    ("lives", "failed", "pauses"),
    [([0, 0, 0], 3, [0.5, 1.0, 2.0]), ([1, STEADY_S, 1], 2, [0.5, 0.5, 1.0])],
)
def test_pauses_double_until_it_has_lived(lives: list[float], failed: int, pauses: list[float]) -> None:
    """A pure rule: a server that has been up for a minute is no crash loop."""
    tries, seen = Tries(), []
    for lived in lives:
        tries.ended(100.0, lived)
        seen.append(tries.due - 100.0)

    assert (tries.failed, seen) == (failed, pauses)
