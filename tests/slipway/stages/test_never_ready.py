"""A version whose server never gets ready, or ends at its start: really built, really started."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from slipway.base.digest import sha256
from slipway.base.errors import NotReady, Refused
from slipway.release import servers
from slipway.release.servers import Server
from slipway.rollout.target import TrafficState
from slipway.settings.root import Project
from slipway.stages.canary import canary
from slipway.stages.smoke import smoke
from slipway.version.manifest import MANIFEST, code_digest
from tests.slipway.root import ROOT
from tests.slipway.stages.packaged import RUN, Packaged, packaged
from tests.slipway.tiny import tiny_version

SERVED = """
import sys
if "_bentoml_impl.worker.service" in sys.orig_argv:
    {}
"""
HANGS = SERVED.format("__import__('threading').Event().wait()")
ENDS = SERVED.format("raise ValueError('the licence has run out')")
NEVER_READY = [
    pytest.param(2, "not ready after 1 s", marks=pytest.mark.long),  # one that hangs is killed after a grace
    (3, "the server did not start: .*the licence has run out"),
]


def with_code(folder: Path, code: str) -> None:
    """Append to the feature code of a version, whose manifest is made to fit."""
    name, path = "code/systems/ad_click/features.py", folder / MANIFEST
    with (folder / name).open("a") as file:
        file.write(code)
    manifest = json.loads(path.read_bytes())
    manifest["files"][name] = sha256(folder / name)
    manifest["code"]["digest"] = code_digest(manifest["files"])
    path.write_text(json.dumps(manifest))


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Packaged:
    """Version 1 is sound, 2 hangs when it is served, and 3 ends."""

    def written(code: str, folder: Path) -> None:
        tiny_version(ROOT, folder, "logistic")
        with_code(folder, code)

    versions = {number: partial(written, code) for number, code in ((1, ""), (2, HANGS), (3, ENDS))}
    return packaged(tmp_path_factory.mktemp("never ready") / "a project", versions)


def make_live(line: Packaged, number: int) -> TrafficState:
    """Put a version into production."""
    line.registry.point("production", number)
    return line.send_traffic(number)


@pytest.fixture
def live(line: Packaged, monkeypatch: pytest.MonkeyPatch) -> Packaged:
    """Version 1 is live, and servers of version 2 are waited for no longer than a second."""
    monkeypatch.chdir(line.root)
    make_live(line, 1)
    start = servers.start

    def impatient(project: Project, tag: str, number: int, **known: Any) -> Server:
        return start(project, tag, number, seconds=1.0 if number == 2 else 120.0, **known)

    monkeypatch.setattr(servers, "start", impatient)
    return line


def test_the_sound_version_starts(live: Packaged) -> None:
    """So that it is their own code that holds the others back."""
    server = servers.start(live.line.project, live.bentos[1], 1)
    servers.stop(live.line.project, server)

    assert server.version == 1


@pytest.mark.gate(
    "smoke.started",
    fed="a Bento whose server never gets ready, or ends at its start",
    stops="smoke",
    exit=3,
    reason="it never got ready: and what its server said last",
    untouched="no traffic shifted, no alias moved, no server left",
)
@pytest.mark.parametrize(("number", "said"), NEVER_READY)
def test_a_bento_that_never_gets_ready_gets_no_traffic(
    live: Packaged, tmp_path: Path, number: int, said: str
) -> None:
    """It is ended, and the record says why."""
    aliases, before = live.registry.get(number).aliases, live.traffic()

    with pytest.raises(Refused, match=f"it never got ready: .*{said}") as caught:
        smoke(RUN, version=number, bento=live.bentos[number], checks=tmp_path / "checks.json")
    record = live.registry.records()[-1]
    assert (record.decision, record.version, record.reason) == ("refused", number, str(caught.value))
    assert live.registry.get(number).aliases == aliases
    assert live.registry.resolve("production") == 1
    assert live.traffic() == before
    assert servers.running(live.line.project) == []


@pytest.mark.gate(
    "canary.ready",
    fed="a canary that never gets ready, or whose server ends at its start",
    stops="canary",
    exit=3,
    reason="the canary never got ready: and what its server said last",
    untouched="production not moved, no traffic shifted, the alias `canary` gone, no server left",
)
@pytest.mark.parametrize(("number", "said"), NEVER_READY)
def test_a_canary_that_never_gets_ready_is_refused(
    live: Packaged, tmp_path: Path, number: int, said: str
) -> None:
    """Stable's server, which did get ready, is ended too; an alias that was held from before goes."""
    live.registry.point("canary", number)
    before = live.traffic()

    evidence = tmp_path / "evidence.json"
    with pytest.raises(Refused, match=f"the canary never got ready: .*{said}") as caught:
        canary(RUN, version=number, stable=1, data=live.data, evidence=evidence)
    record = live.registry.records()[-1]
    assert (record.decision, record.version, record.reason) == ("refused", number, str(caught.value))
    assert [live.registry.resolve(alias) for alias in ("production", "canary")] == [1, None]
    assert live.traffic() == before
    assert not (tmp_path / "evidence.json").exists()
    assert servers.running(live.line.project) == []


def test_a_stable_version_that_does_not_start_is_an_error(live: Packaged, tmp_path: Path) -> None:
    """It says nothing about the version on trial, so nothing is decided about that."""
    before, known = make_live(live, 3), len(live.registry.records())

    evidence = tmp_path / "evidence.json"
    with pytest.raises(NotReady, match="the licence has run out") as caught:
        canary(RUN, version=1, stable=3, data=live.data, evidence=evidence)
    assert caught.value.exit_code == 1
    assert len(live.registry.records()) == known
    assert live.traffic() == before
    assert servers.running(live.line.project) == []
