"""`slipway serve`: its server ends with it, and comes back where it crashes."""

import json
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator

import httpx
import psutil
import pytest

from slipway.release import servers
from slipway.rollout.target import Deployed, TrafficState
from slipway.rollout.targets import bind
from slipway.settings import Line
from slipway.settings.root import Project
from tests.slipway.cli.conftest import environment, only_line, slipway
from tests.slipway.root import ROOT
from tests.slipway.tiny import tiny_bento

Serving = Callable[[], subprocess.Popen[str]]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project in which version 7 is live."""
    project, tag = tiny_bento(tmp_path_factory.mktemp("serve") / "a project", ROOT)
    card = project.root / "systems" / "ad_click" / "system.yaml"
    card.parent.mkdir(parents=True)
    shutil.copyfile(ROOT / "systems" / "ad_click" / "system.yaml", card)
    path = Line(project, "ad_click", "full").traffic
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(TrafficState(stable=Deployed(number=7, bento=tag)).model_dump_json())
    return project


def started(project: Project, port: int = 0) -> subprocess.Popen[str]:
    """`slipway serve`, heeding every signal: a test run under nohup does not, nor would its children."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGHUP, signal.SIGINT)}
    try:
        return subprocess.Popen(
            [sys.executable, "-m", "slipway", "serve", "--port", str(port), "--json"],
            cwd=project.root,
            env=environment({}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@pytest.fixture(scope="module")
def serving(live: Project) -> Iterator[Serving]:
    """`slipway serve`, with its server up; it is started where none is left from the test before."""
    processes: list[subprocess.Popen[str]] = []

    def standing() -> subprocess.Popen[str]:
        if not processes or processes[-1].poll() is not None:
            processes.append(started(live))
            stdout = processes[-1].stdout
            assert stdout is not None
            assert json.loads(stdout.readline())["version"] == 7
        return processes[-1]

    yield standing
    for process in processes:
        process.kill()
        process.communicate()
    servers.reap(live)


def test_the_example_works_where_something_serves(serving: Serving, live: Project) -> None:
    """It is printed as a line for a shell, or sent."""
    serving()
    printed = slipway(live.root, "request", "--example").stdout
    command, *_, sent, url = shlex.split(printed)
    answer = httpx.post(url, content=sent)
    sent_by_us = slipway(live.root, "request")

    assert command == "curl"
    assert answer.status_code == 200
    assert json.loads(sent_by_us.stdout) == answer.json()
    assert answer.json()["version"] == 7


def test_a_server_that_died_is_started_again(serving: Serving, live: Project) -> None:
    """At the same address; a zombie counts as dead, though slipway, its parent, did not wait for it."""
    process = serving()
    (server,) = servers.running(live)
    psutil.Process(server.pid).kill()
    assert process.stderr is not None
    said = [process.stderr.readline() for _ in range(3)]
    [again] = servers.running(live)
    [[url, version]] = bind(Line(live, "ad_click", "full")).placement.answers().items()

    assert again.pid != server.pid
    assert version == 7
    assert said == [
        f"version 7 answers at {url}\n",
        "the server of version 7 ended; it is started again (1 in a row)\n",
        f"version 7 answers at {url}\n",
    ]


@pytest.mark.parametrize(
    "number",
    [signal.SIGTERM, *(pytest.param(one, marks=pytest.mark.long) for one in (signal.SIGHUP, signal.SIGINT))],
)
def test_a_signal_stops_the_server(serving: Serving, live: Project, number: signal.Signals) -> None:
    """A plain kill, a closed terminal and Ctrl-C."""
    process = serving()
    (server,) = servers.running(live)
    process.send_signal(number)

    assert process.wait(timeout=60) == 128 + number
    assert servers.running(live) == []
    assert not psutil.pid_exists(server.pid)


@pytest.mark.long
def test_what_a_killed_serve_left_is_ended_first(serving: Serving, live: Project) -> None:
    """Its server would hold the port and the memory for ever."""
    process = serving()
    [url] = bind(Line(live, "ad_click", "full")).placement.answers()
    process.kill()
    process.wait()
    with started(live, int(url.rpartition(":")[2])) as again:
        assert again.stdout is not None
        told = json.loads(again.stdout.readline() or "{}")
        again.terminate()
        again.communicate(timeout=60)

    assert told.get("url") == url
    assert servers.running(live) == []


@pytest.mark.gate(
    "serve.port",
    fed="`slipway serve --port` where another process listens",
    stops="serve",
    exit=1,
    reason="port N on 127.0.0.1: Address already in use; choose another, or 0 for any",
    untouched="no server started, the other process keeps its port",
)
def test_a_taken_port_is_one_line(live: Project) -> None:
    """It names the port and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = only_line(slipway(live.root, "serve", "--port", str(port)), 1)
        kept = taken.getsockname()[1]

    assert f"port {port} on 127.0.0.1: Address already in use; choose another, or 0 for any" in said
    assert kept == port
    assert servers.running(live) == []


def test_an_address_that_others_reach_is_warned_of(live: Project) -> None:
    """Whoever asks has no key; what it would serve is looked for afterwards."""
    with socket.create_server(("0.0.0.0", 0)) as taken:  # noqa: S104 - so that it ends at once
        port = str(taken.getsockname()[1])
        ran = slipway(live.root, "serve", "--host", "0.0.0.0", "--port", port)  # noqa: S104

    assert ran.returncode == 1
    assert ran.stderr.startswith("warning: whoever reaches 0.0.0.0 may ask for scores: there is no key")


@pytest.mark.gate(
    "request.served",
    fed="`slipway request` where no `slipway serve` runs",
    stops="serve",
    exit=3,
    reason="nothing serves LINE on this machine; run `slipway serve --size SIZE`",
    untouched="nothing sent",
)
def test_nothing_serves_is_said(live: Project) -> None:
    """And what to do first."""
    said = only_line(slipway(live.root, "request"), 3)

    assert "nothing serves ad_click on this machine; run `slipway serve --size full`" in said
