"""A rollback while a canary of the same line has the traffic: real processes, registry and servers."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Event

import httpx
import pytest

from slipway.base.errors import Refused
from slipway.release import servers
from slipway.release.bento import bento_path
from slipway.rollout.target import TrafficState
from slipway.rollout.targets import bind
from slipway.settings import load_card
from slipway.stages.canary import canary
from slipway.stages.clear import clear
from tests.slipway.cli.conftest import environment, slipway
from tests.slipway.rollout.live import traffic
from tests.slipway.root import ROOT
from tests.slipway.stages.packaged import RUN, Packaged, packaged
from tests.slipway.tiny import tiny_version

REASON = "clicks from robots"
ROLLOUT = """
import sys, time
from pathlib import Path
from slipway.rollout.stop import StopRequest
from slipway.settings import Line
from slipway.stages import canary
from slipway.stages.abort import abort
from slipway.stages.run import RunRef, project
from slipway.stages.verdict import verdict

def wait_for_the_rollback(done, total, text):
    print(f"{done} of {total}", flush=True)
    while StopRequest(Line(project(), "ad_click", "small")).found() is None:
        time.sleep(0.02)

canary._progress = wait_for_the_rollback
run, bento = RunRef.model_validate_json(sys.argv[1]), sys.argv[2]
data, evidence, smoked, report = map(Path, sys.argv[3:])
canary.canary(run, version=3, stable=2, data=data, evidence=evidence)
assert verdict(run, evidence) == "abort"
abort(
    run, version=3, stable=2, bento=bento, data=data, smoked=smoked, evidence=evidence, report=report
)
"""


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Packaged:
    """Three versions are registered and packaged; 3 is to be tried."""

    def written(number: int, folder: Path) -> None:
        tiny_version(ROOT, folder, "logistic", skew=number * 1e-9)

    versions = {number: partial(written, number) for number in (1, 2, 3)}
    return packaged(tmp_path_factory.mktemp("rollback") / "a project", versions)


@pytest.fixture
def live(line: Packaged, monkeypatch: pytest.MonkeyPatch) -> Packaged:
    """Version 2 is live, 1 was before it, and nothing is barred."""
    monkeypatch.chdir(line.root)
    if line.registry.get(2).barred:
        clear(line.line, 2, "for the next test")
    line.registry.point("canary", None)
    line.went_live(1, 2)
    line.send_traffic(2)
    return line


def begin_rollout(line: Packaged) -> subprocess.Popen[str]:
    """The rollout of version 3 in a process of its own, until its first batch is served."""
    (line.root / "smoked.json").write_text("[]")
    names = ("evidence.json", "smoked.json", "report.html")
    files = [str(line.data), *(str(line.root / name) for name in names)]
    command = [sys.executable, "-c", ROLLOUT, RUN.model_dump_json(), line.bentos[3], *files]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    running = subprocess.Popen(command, cwd=line.root, env=environment({}), text=True, **pipes)
    for told in running.stdout or ():
        if told.startswith("220 of"):
            return running
    raise AssertionError(running.communicate()[1])


@pytest.mark.long
@pytest.mark.gate("canary.not_stopped")
def test_a_rollback_takes_the_traffic_from_a_canary(live: Packaged) -> None:
    """The rollout under way ends as aborted and says why; production is where the rollback put it."""
    rollout = begin_rollout(live)
    try:
        back = slipway(live.root, "rollback", "--size", "small", "--reason", REASON, "--json")
        _, said = rollout.communicate(timeout=120)
    finally:
        rollout.kill()
    records, registry = live.registry.records(), live.registry

    assert back.returncode == 0, back.stderr
    assert rollout.returncode == 0, said
    assert sorted(live.decisions()[5:]) == [("abort", 3, 2), ("rollback", 1, 2)]
    aborted = next(one for one in records if one.decision == "abort")
    assert aborted.reason.startswith("canary.not_stopped: ")
    assert f"rolls back: {REASON}" in aborted.reason
    assert aborted.canary is not None
    assert aborted.canary.looks[0].requests == 200
    assert json.loads(back.stdout)["version"] == 1
    assert [registry.resolve(alias) for alias in ("production", "previous", "canary")] == [1, None, None]
    assert registry.get(2).barred == REASON
    assert registry.get(3).barred is None
    assert live.traffic() == TrafficState(stable=live.deployed(1))
    assert servers.running(live.line.project) == []


@contextmanager
def serving(line: Packaged) -> Iterator[str]:
    """`slipway serve` of the line, in a process; where it answers."""
    command = [sys.executable, "-m", "slipway", "serve", "--size", "small", "--port", "0", "--json"]
    process = subprocess.Popen(command, cwd=line.root, env=environment({}), stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield str(json.loads(process.stdout.readline())["url"])
    finally:
        process.terminate()
        process.communicate(timeout=120)


def asked(url: str, over: Event, body: bytes) -> list[tuple[int, str]]:
    """Ask again and again over one connection, until it is over: status and version of every answer."""
    found = []
    with httpx.Client(base_url=url, timeout=60) as client:
        while not over.is_set():
            answer = client.post("/v2/models/ad_click/infer", content=body)
            found.append((answer.status_code, answer.json().get("model_version", "")))
    return found


@pytest.mark.long
def test_what_serves_follows_a_rollback(live: Packaged, tmp_path: Path) -> None:
    """Nobody's request fails, and `slipway status` has asked the server that answers."""
    over, placement = Event(), bind(live.line).placement
    [offer] = traffic(load_card(ROOT, "ad_click"), tmp_path, 1).offers(0, 1)
    with serving(live) as url, ThreadPoolExecutor(1) as client:
        answers = client.submit(asked, url, over, offer.body)
        before = placement.answers()
        back = slipway(live.root, "rollback", "--size", "small", "--reason", REASON)
        while placement.answers() != {url: 1}:
            assert not answers.done()
        [server] = servers.running(live.line.project)
        agrees = slipway(live.root, "status", "--check")
        over.set()
    statuses, versions = zip(*answers.result(), strict=True)

    assert back.returncode == 0, back.stderr
    assert (before, server.version) == ({url: 2}, 1)
    assert agrees.returncode == 0, agrees.stderr
    assert set(statuses) == {200}
    assert list(dict.fromkeys(versions)) == ["2", "1"]
    assert servers.running(live.line.project) == []


@pytest.mark.long
def test_a_second_rollback_leads_where_it_is_told_to(live: Packaged) -> None:
    """What was before `previous` is not known; a Bento that was lost is built again."""
    live.went_live(1, 3, 2)
    back = partial(slipway, live.root, "rollback", "--size", "small", "--reason", REASON)
    first = back("--json")
    shutil.rmtree(bento_path(live.line.project, live.bentos[1]))
    blind, second = back(), back("--to", "1", "--json")
    registry = live.registry
    for number in (2, 3):
        clear(live.line, number, "for the next test")

    assert json.loads(first.stdout)["version"] == 3
    assert "previous is None; a rollback needs both, or --to" in blind.stderr
    assert blind.stderr.strip().endswith("and is not barred: 1")
    assert (blind.returncode, second.returncode) == (3, 0), second.stderr
    assert [registry.resolve(alias) for alias in ("production", "previous")] == [1, None]
    assert live.traffic() == TrafficState(stable=live.deployed(1))
    assert registry.verdict().breaks == []


@pytest.mark.gate(
    "canary.production_unmoved",
    fed="a rollout whose production was rolled back between its start and its canary",
    stops="canary",
    exit=3,
    reason="production traffic goes to version 1, not 2 as when this rollout began",
    untouched="no alias moved, no request sent",
)
def test_a_canary_does_not_begin_against_another_production(live: Packaged, tmp_path: Path) -> None:
    """Its evidence would be about a version that is not live."""
    traffic = TrafficState(stable=live.deployed(1))
    live.line.traffic.write_text(traffic.model_dump_json())

    evidence = tmp_path / "evidence.json"
    with pytest.raises(Refused, match="goes to version 1, not 2 as when this rollout began"):
        canary(RUN, version=3, stable=2, data=live.data, evidence=evidence)
    assert live.traffic() == traffic
    assert live.registry.resolve("canary") is None
    assert not (tmp_path / "evidence.json").exists()
    assert live.decisions()[-1][:2] == ("refused", 3)
    assert servers.running(live.line.project) == []


def test_the_registry_shows_what_the_project_is(live: Packaged) -> None:
    """Whoever opens a shared MLflow reads the description of `project.yaml` beside the model."""
    shown = live.registry.client.get_registered_model(live.registry.name).description

    assert shown.startswith(live.line.project.settings.description)
