"""What a gateway is seen to do: a split that never comes, or does not go; and Pods that never serve."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from slipway.base.errors import NotReady, SlipwayError
from slipway.rollout.buckets import HEADER, bucket, of_canary
from slipway.rollout.call import Call
from slipway.rollout.targets.cluster.api import Api
from slipway.rollout.targets.cluster.gateway import Door, door_headers, sending, split, taken
from slipway.rollout.targets.cluster.manifests import Objects, Served
from slipway.rollout.targets.cluster.names import CANARY, DOOR_HEADER, EXPERIMENT, STABLE
from slipway.rollout.targets.cluster.placement import ClusterPlacement
from slipway.rollout.targets.cluster.workloads import Workloads
from slipway.settings import Line
from slipway.settings.root import Project
from tests.slipway.cli.conftest import settings_only
from tests.slipway.cluster.server import Server, serving
from tests.slipway.cluster.test_manifests import SETTINGS

Answers = Callable[[dict[str, str]], int]
OBJECTS = Objects("demo", SETTINGS)


@contextmanager
def gateway(answers: Answers) -> Iterator[Door]:
    """One that answers with a version, by the headers of a request; it has a second to do so."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = {name.lower(): value for name, value in self.headers.items()}
            said = json.dumps({"versions": [str(answers(asked))], "host": asked["host"]}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_POST = do_GET  # noqa: N815 - the name is http.server's

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        try:
            yield Door(f"http://127.0.0.1:{server.server_address[1]}", "demo.models", "ad_click", 5.0, 1.0)
        finally:
            server.shutdown()


def at(weight: int) -> Answers:
    """A gateway that splits as it should."""
    mine = {*map(str, of_canary("e", weight))}
    return lambda asked: 2 if asked.get(HEADER) in mine or asked.get(DOOR_HEADER) == "s" else 1


@pytest.mark.parametrize("weight", [1, 5, 50, 99])
def test_a_split_is_seen(weight: int) -> None:
    """At its weight, and at no other one that a plan may have."""
    with gateway(at(weight)) as door:
        door.wait(split(1, 2, "e", weight))
        door.wait({"s": 2}, header=DOOR_HEADER)
    for other in {1, 5, 25, 50, 99} - {weight}:
        assert any(at(other)({HEADER: one}) != version for one, version in split(1, 2, "e", weight).items())


@pytest.mark.gate(
    "cluster.observed",
    fed="a gateway that goes on with the split of an earlier weight, or with none",
    stops="canary",
    exit=1,
    reason="which bucket is answered by which version, and by which it should be",
    untouched="no request of the step is sent, none counted",
)
@pytest.mark.parametrize("before", [0, 5])
def test_a_split_that_is_not_seen_does_not_count(before: int) -> None:
    """One look that happens to agree is not enough either."""
    said = r"bucket \d+: version 1 answers, not 2"
    with gateway(at(before)) as door, pytest.raises(SlipwayError, match=said):
        door.wait(split(1, 2, "e", 25))


@pytest.mark.gate(
    "cluster.route_gone",
    fed="a gateway that goes on to send buckets to a canary whose route was deleted",
    stops="canary",
    exit=1,
    reason="version 2 still answers, its Pods are left running",
    untouched="no Pod is taken away",
)
def test_pods_stay_as_long_as_somebody_is_sent_there() -> None:
    """And where nobody is answered at all, none is sent there."""
    with gateway(at(5)) as door, pytest.raises(SlipwayError, match="version 2 still answers"):
        door.wait_without(2, taken("e", 0))
    with gateway(at(0)) as door:
        door.wait_without(2, taken("e", 50))
    Door("http://127.0.0.1:9", "demo.models", "ad_click", 5.0, 1.0).wait_without(2, taken("e", 50))


def test_requests_go_by_their_buckets_or_to_an_arm() -> None:
    """With the host name that the routes have."""
    with gateway(at(50)) as door, sending(door, {"stable": {}, "canary": door_headers("s")}) as send:
        units = [f"user {number}" for number in range(40)]
        calls = [Call("stable", b"{}", unit=unit) for unit in units]
        answers = [json.loads(one.content) for one in send(calls, lambda: False)]
        both = send([Call("stable", b"{}"), Call("canary", b"{}")], lambda: False)
        assert send(calls, lambda: True) == []
    mine = of_canary("e", 50)
    assert [one["versions"] == ["2"] for one in answers] == [bucket(unit) in mine for unit in units]
    assert {one["host"] for one in answers} == {"demo.models"}
    assert [json.loads(one.content)["versions"] for one in both] == [["1"], ["2"]]


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """An API server whose controllers do nothing."""
    with serving(tmp_path) as (found, path):
        monkeypatch.setenv("KUBECONFIG", str(path))
        yield found


def served(number: int) -> Served:
    """A version with an image."""
    return Served(number, str(number) * 64, f"registry.example.com/demo@sha256:{'0' * 64}")


@pytest.mark.gate(
    "cluster.ready",
    fed="a version whose Pods never get ready: a status of an earlier generation, old replicas, too few "
    "available, another image",
    stops="canary",
    exit=3,
    reason="what was waited for, and how long",
    untouched="no route leads to it",
)
def test_a_version_that_never_serves_gets_no_traffic(server: Server) -> None:
    """The API server took all of it."""
    workloads = Workloads(Api("models"), OBJECTS, 0.1)
    workloads.apply(CANARY, served(2))
    with pytest.raises(NotReady, match=r"not ready after 0.1 s: its controller has seen generation 0 of 1"):
        workloads.wait(CANARY, served(2))
    assert server.named("httproutes") == []


@pytest.mark.gate(
    "cluster.doubt",
    fed="a weight that the gateway is not seen to give",
    stops="canary",
    exit=1,
    reason="which bucket is answered by which version",
    untouched="the canary has no route any more: all units are stable's",
)
def test_on_doubt_there_is_no_route(server: Server, tmp_path: Path) -> None:
    """The API server took that, too."""
    line = Line(Project(settings_only(tmp_path / "a project")), "ad_click", "small")
    placement = ClusterPlacement(line, Api("models"), OBJECTS)
    with gateway(at(0)) as door, placement.lease.held():
        placement.door = door
        placement.workloads.apply(STABLE, served(1))
        placement.workloads.apply(CANARY, served(2), said={EXPERIMENT: "e"})
        server.asked.clear()
        with pytest.raises(SlipwayError, match="version 1 answers, not 2"):
            placement.set_weight(25)
        assert ("PATCH", f"{ROUTES}/demo-canary") in server.asked
        assert server.named("httproutes") == []
        state = placement.state()
    assert state is not None
    assert state.weight == 0


def test_a_canary_that_somebody_took_away_ends(server: Server, tmp_path: Path) -> None:
    """Its route goes, and the verdict about it is not lost to an error."""
    line = Line(Project(settings_only(tmp_path / "a project")), "ad_click", "small")
    placement = ClusterPlacement(line, Api("models"), OBJECTS)
    with gateway(at(0)) as door, placement.lease.held():
        placement.door = door
        placement.workloads.apply(STABLE, served(1))
        for weight in (0, 25):
            placement.api.apply(OBJECTS.canary_route("e", 25))
            with nullcontext() if not weight else pytest.raises(SlipwayError, match="no canary to give 25 %"):
                placement.set_weight(weight)
            assert server.named("httproutes") == []


ROUTES = "/apis/gateway.networking.k8s.io/v1/namespaces/models/httproutes"
