"""The stage `smoke`: a Bento that does not keep its contract gets no traffic."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from slipway.base.errors import Refused
from slipway.registry.versions import Registry
from slipway.release import servers
from slipway.release.servers import Server
from slipway.settings import Line
from slipway.settings.root import Project
from slipway.stages.package import package
from slipway.stages.register import register
from slipway.stages.smoke import read_checks, smoke
from tests.slipway.report import sample
from tests.slipway.rollout.proxy import Change, changed
from tests.slipway.root import ROOT
from tests.slipway.stages.conftest import RUN, Desk
from tests.slipway.tiny import tiny_version

MODEL = "/v2/models/ad_click"
UNTOUCHED = "no traffic shifted, no alias moved"


@pytest.mark.gate(
    "smoke.latency",
    fed="a Bento whose p99 of single requests is over the budget of its card",
    stops="smoke",
    exit=3,
    reason="smoke.latency",
    untouched=f"{UNTOUCHED}, no server left",
)
@pytest.mark.gate(
    "smoke.failed",
    fed="a Bento that fails a check of its smoke test",
    stops="smoke",
    exit=3,
    reason="failed its smoke test: and every check that failed",
    untouched=f"{UNTOUCHED}, no server left",
)
def test_a_bento_over_its_budget_gets_no_traffic(desk: Desk) -> None:
    """It is really served, asked and ended; the refusal is recorded and the checks are kept."""
    register(RUN, **desk.files)
    checks = desk.root / "checks.json"
    card = desk.root / "systems" / "ad_click" / "system.yaml"
    card.write_text(card.read_text().replace("p99_latency_ms: 100", "p99_latency_ms: 0.001"))

    with pytest.raises(Refused, match=r"failed its smoke test: .*smoke\.latency") as caught:
        smoke(RUN, version=1, bento=package(RUN, 1), checks=checks)

    assert ["smoke.latency"] == [check.code for check in read_checks(checks) if not check.passed]
    assert [("registered", 1), ("refused", 1)] == [
        (record.decision, record.version) for record in desk.registry.records()
    ]
    assert desk.registry.records()[-1].reason == str(caught.value)
    assert desk.registry.get(1).aliases == ("staging",)
    assert not (desk.root / ".slipway" / "local").exists()
    assert servers.running(Project(desk.root)) == []


@dataclass(frozen=True)
class Packaged:
    """A project with one version, its Bento, and that Bento's server."""

    root: Path
    bento: str
    server: Server

    @property
    def registry(self) -> Registry:
        """Its registry."""
        return Registry(Line(Project(self.root), "ad_click", "small"))


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Packaged]:
    """A sound version, with a latency budget that any machine keeps."""
    root = tmp_path_factory.mktemp("smoke") / "a project"
    card = root / "systems" / "ad_click" / "system.yaml"
    card.parent.mkdir(parents=True)
    shutil.copyfile(ROOT / "project.yaml", root / "project.yaml")
    text = (ROOT / "systems" / "ad_click" / "system.yaml").read_text()
    card.write_text(text.replace("p99_latency_ms: 100", "p99_latency_ms: 60000"))
    tiny_version(ROOT, root.parent / "version", "logistic")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        registry = Registry(Line(Project(root), "ad_click", "small"))
        run = registry.start_run("training", RUN.id, RUN.fingerprint)
        registry.register(run, root.parent / "version")
        known: dict[str, object] = {"id": "20260101T000000001-r", "decision": "registered", "version": 1}
        known["version_digest"] = registry.get(1).digest
        registry.keep(sample.record(**known, run=run, canary=None), root.parent)
        bento = package(RUN, 1)
    server = servers.start(Project(root), bento, 1)
    yield Packaged(root, bento, server)
    servers.stop(Project(root), server)


def passed_on(path: str, status: int, content: bytes) -> tuple[int, bytes]:
    """Nothing is changed."""
    return status, content


def fails_at(place: str) -> Change:
    """One address answers 503."""
    return lambda path, status, content: (503, b"{}") if path == place else (status, content)


def other_number(path: str, status: int, content: bytes) -> tuple[int, bytes]:
    """The metadata name another version than answers."""
    return status, content.replace(b'"versions":["1"]', b'"versions":["2"]')


def other_tensor(name: str) -> Change:
    """Scores are off by 2e-6, or ranks turned round, at the address of the Open Inference Protocol."""

    def change(path: str, status: int, content: bytes) -> tuple[int, bytes]:
        if path != f"{MODEL}/infer" or status != 200:
            return status, content
        told = json.loads(content)
        for tensor in told["outputs"]:
            if tensor["name"] == name:
                turned, data = len(tensor["data"]) + 1, tensor["data"]
                tensor["data"] = [turned - one if name == "rank" else one + 2e-6 for one in data]
        return status, json.dumps(told).encode()

    return change


def other_options(path: str, status: int, content: bytes) -> tuple[int, bytes]:
    """Scores are off by 2e-6 at `/predict`."""
    if path != "/predict" or status != 200:
        return status, content
    told = json.loads(content)
    for option in told["answers"][0]["options"]:
        option["score"] += 2e-6
    return status, json.dumps(told).encode()


def takes_anything(path: str, status: int, content: bytes) -> tuple[int, bytes]:
    """What nobody should send is the server's fault."""
    return (500, content) if 400 <= status < 500 else (status, content)


def tires() -> Change:
    """Scores are 503 once the last of the malformed requests was answered."""
    tired: list[str] = []

    def change(path: str, status: int, content: bytes) -> tuple[int, bytes]:
        if tired and path == f"{MODEL}/infer":
            return 503, b"{}"
        if path == "/v2/models/nobody/infer":
            tired.append(path)
        return status, content

    return change


def case(code: str, fed: str, change: Change) -> Any:
    """A fault by which one check fails alone."""
    gate = pytest.mark.gate(
        code,
        fed=fed,
        stops="smoke",
        exit=3,
        reason=code,
        untouched=UNTOUCHED,
    )
    return pytest.param(code, change, marks=gate, id=code)


CASES = [
    case("smoke.live", "a server that does not say that it lives", fails_at("/v2/health/live")),
    case("smoke.ready", "a server that does not say it is ready", fails_at("/v2/health/ready")),
    case("smoke.model_ready", "a server that lacks the model", fails_at(f"{MODEL}/ready")),
    case("smoke.version", "metadata that name another version", other_number),
    case("smoke.scores", "scores off by 2e-6 from those of training", other_tensor("score")),
    case("smoke.ranks", "ranks other than those of training", other_tensor("rank")),
    case("smoke.predict", "a `/predict` with other scores than in training", other_options),
    case("smoke.malformed", "malformed requests, answered by 500", takes_anything),
    pytest.param("smoke.latency", tires(), marks=pytest.mark.gate("smoke.latency"), id="smoke.latency"),
]


def served(packaged: Packaged, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the stage find the Bento's server behind a port."""
    monkeypatch.chdir(packaged.root)
    monkeypatch.setattr(servers, "start", lambda *_, **__: replace(packaged.server, port=port))
    monkeypatch.setattr(servers, "stop", lambda *_: None)


@pytest.mark.parametrize(("code", "change"), CASES)
def test_each_check_refuses_alone(
    packaged: Packaged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, change: Change
) -> None:
    """A sound version, one thing of whose answers is changed on the way."""
    checks = tmp_path / "checks.json"
    aliases = packaged.registry.get(1).aliases
    with changed(packaged.server.port, change) as port:
        served(packaged, port, monkeypatch)
        with pytest.raises(Refused, match=f"failed its smoke test: {code}: ") as caught:
            smoke(RUN, version=1, bento=packaged.bento, checks=checks)

    record = packaged.registry.records()[-1]
    assert [code] == [check.code for check in read_checks(checks) if not check.passed]
    assert (record.decision, record.version, record.reason) == ("refused", 1, str(caught.value))
    assert packaged.registry.get(1).aliases == aliases
    assert not (packaged.root / ".slipway" / "local").exists()


def test_a_sound_version_passes_on_the_same_way(
    packaged: Packaged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that it is the changes that are refused."""
    known = len(packaged.registry.records())
    with changed(packaged.server.port, passed_on) as port:
        served(packaged, port, monkeypatch)
        smoke(RUN, version=1, bento=packaged.bento, checks=tmp_path / "checks.json")

    assert len(read_checks(tmp_path / "checks.json")) == 9
    assert len(packaged.registry.records()) == known
