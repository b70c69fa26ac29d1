"""`slipway status`: alias and traffic side by side, and where they do not agree."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psutil
import pytest

from slipway.base.atomic import write_text
from slipway.registry.versions import SIGNATURE, Registry
from slipway.release.processes import began
from slipway.rollout.promotion import Intent
from slipway.rollout.status import astray, differences, look
from slipway.rollout.target import Deployed, TrafficState
from slipway.rollout.targets.local_addresses import Serving, written_down
from slipway.settings import Line
from slipway.settings.root import Project
from tests.slipway.cli.conftest import only_line, settings_only, slipway
from tests.slipway.report import sample
from tests.slipway.root import ROOT
from tests.slipway.tiny import tiny_version

ONE, TWO = Deployed(number=1, bento="b:1"), Deployed(number=2, bento="b:2")


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """Two versions, the first in production."""
    root = settings_only(tmp_path_factory.mktemp("status") / "a project")
    found = Registry(Line(Project(root), "ad_click", "small"))
    tiny_version(ROOT, root / "one", "logistic")
    for number in (1, 2):
        run = found.start_run("training", "r", "f")
        assert found.register(run, root / "one") == number
        known = {"id": f"20260101T000000{number:03d}-r", "version": number, "run": run, "canary": None}
        digest = found.get(number).digest
        found.keep(sample.record(decision="registered", **known, version_digest=digest), root)
    found.point("production", 1)
    return found


def project(registry: Registry) -> Project:
    """The registry's."""
    return Project(registry.folder.parents[1])


def send(registry: Registry, traffic: TrafficState) -> None:
    """Write down where traffic goes."""
    write_text(registry.line.traffic, traffic.model_dump_json())


def problems(registry: Registry) -> list[str]:
    """What the command finds."""
    return look(registry).problems


@pytest.mark.parametrize(
    ("production", "canary", "traffic", "found"),
    [
        (None, None, None, []),
        (1, None, TrafficState(stable=ONE), []),
        (1, 2, TrafficState(stable=ONE, canary=TWO, weight=10), []),
        (1, None, None, ["the alias production is 1, production traffic goes to None"]),
        (
            None,
            None,
            TrafficState(stable=ONE),
            ["the alias production is None, production traffic goes to 1"],
        ),
        (2, None, TrafficState(stable=ONE), ["the alias production is 2, production traffic goes to 1"]),
        (
            1,
            2,
            TrafficState(stable=ONE),
            ["version 2 has the alias canary and no traffic: it is held, or was killed"],
        ),
        (
            1,
            None,
            TrafficState(stable=ONE, canary=TWO),
            ["the alias canary is None, canary traffic goes to 2"],
        ),
    ],
)
def test_every_difference_is_a_line(
    production: int | None, canary: int | None, traffic: TrafficState | None, found: list[str]
) -> None:
    """And where there is none, nothing is said."""
    assert differences(production, canary, traffic) == found


@pytest.mark.long
def test_both_sides_are_shown(registry: Registry) -> None:
    """As a table for people and as JSON; a difference is a line of its own."""
    send(registry, TrafficState(stable=TWO))
    root = project(registry).root
    table = slipway(root, "status")
    [found] = json.loads(slipway(root, "status", "--json").stdout)

    assert table.returncode == 0
    assert "differs: the alias production is 1, production traffic goes to 2" in table.stdout
    assert (found["production"], found["stable"]) == (1, 2)
    assert found["problems"] == ["the alias production is 1, production traffic goes to 2"]


@pytest.fixture
def answering(registry: Registry) -> Iterator[str]:
    """A server that says it is version 2, as a `slipway serve` of this line."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Which version."""
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"versions": ["2"]}')

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        with written_down(registry.line, url):
            yield url
        server.shutdown()


def test_what_answers_is_asked_of_the_server(registry: Registry, answering: str) -> None:
    """And not believed of the file that says where traffic goes."""
    send(registry, TrafficState(stable=ONE))
    apart = look(registry)
    send(registry, TrafficState(stable=TWO))
    registry.point("production", 2)
    together = look(registry)
    registry.point("production", 1)

    assert apart.answers == together.answers == {answering: 2}
    assert apart.problems == [f"{answering} answers with version 2, production traffic goes to 1"]
    assert together.problems == []


def test_a_serve_that_was_killed_answers_nothing(registry: Registry, answering: str) -> None:
    """What it left written down is passed over, and the next one takes it away."""
    left = registry.line.fronts / "1.json"
    own = next(registry.line.fronts.glob("*.json"))
    left.write_text(own.read_text().replace('"pid":', '"pid":1'))
    with_left = look(registry).answers
    with written_down(registry.line, "http://127.0.0.1:9"):
        gone = not left.exists()
    own.write_text(Serving(url=answering, **_this()).model_dump_json())

    assert with_left == {answering: 2}
    assert gone


def _this() -> dict[str, Any]:
    one = psutil.Process()
    return {"pid": one.pid, "started": began(one)}


@pytest.mark.parametrize(
    ("traffic", "answers", "found"),
    [
        (None, {}, []),
        (TrafficState(stable=ONE), {"u": 1}, []),
        (
            TrafficState(stable=ONE),
            {"u": 1, "v": 2},
            ["v answers with version 2, production traffic goes to 1"],
        ),
        (TrafficState(stable=ONE), {"u": None}, ["u answers with no version, production traffic goes to 1"]),
        (None, {"u": None}, ["u answers with no version, production traffic goes to None"]),
    ],
)
def test_every_server_astray_is_a_line(
    traffic: TrafficState | None, answers: dict[str, int | None], found: list[str]
) -> None:
    """One that gives no version is no better than one that gives another."""
    assert astray(traffic, answers) == found


@pytest.mark.gate(
    "status.differs",
    fed="`slipway status --check` where the alias production is another version than traffic goes to",
    stops="serve",
    exit=3,
    reason="the alias production is N, production traffic goes to M",
    untouched="the command changes nothing; without --check it ends with 0",
)
def test_a_difference_ends_the_check(registry: Registry) -> None:
    """For whoever watches a machine; what was found is printed as ever."""
    send(registry, TrafficState(stable=TWO))
    differs = slipway(project(registry).root, "status", "--check", "--json")
    send(registry, TrafficState(stable=ONE))
    agrees = slipway(project(registry).root, "status", "--check")

    assert "the alias production is 1, production traffic goes to 2" in only_line(differs, 3)
    assert json.loads(differs.stdout)[0]["stable"] == 2
    assert agrees.returncode == 0, agrees.stderr


def test_a_version_that_nobody_vouches_for_is_told(registry: Registry) -> None:
    """With any alias: nothing here would run it."""
    send(registry, TrafficState(stable=ONE))
    signature = registry.get(1).signature
    registry.client.delete_model_version_tag(registry.name, "1", SIGNATURE)
    told = problems(registry)
    registry.client.set_model_version_tag(registry.name, "1", SIGNATURE, signature)

    assert told == [
        f"{registry.name} version 1: not signed; `slipway adopt-version 1` shows it, or train anew"
    ]


def test_a_move_that_was_killed_is_told(registry: Registry) -> None:
    """It says who settles it."""
    send(registry, TrafficState(stable=ONE))
    assert problems(registry) == []
    path = registry.line.intent
    write_text(path, Intent(record=sample.record(version=2, replaced=1)).model_dump_json())
    told = problems(registry)
    path.unlink()

    assert len(told) == 1
    assert "a promote of version 2 is under way; if its process was killed, `slipway recover`" in told[0]


def test_what_somebody_did_in_mlflow_is_told_in_words(registry: Registry) -> None:
    """By its own client, as its pages do it: the button Promote, an alias, a stage; and the way back."""
    client, name = registry.client, registry.name
    client.copy_model_version(f"models:/{name}/2", name)
    client.set_registered_model_alias(name, "previous", "2")
    client.transition_model_version_stage(name, "2", "Production")
    shown = slipway(registry.line.project.root, "status").stdout
    client.transition_model_version_stage(name, "2", "None")
    client.delete_registered_model_alias(name, "previous")
    client.delete_model_version(name, "3")

    assert (
        f"by hand: version 3: MLflow's Promote copied it from models:/{name}/2; that moved no traffic"
        in shown
    )
    assert "by hand: version 2: MLflow's stages move no traffic" in shown
    assert "which moved no traffic; `slipway recover` takes it away again" in shown
    assert "`slipway rollout --version NUMBER`" in shown
