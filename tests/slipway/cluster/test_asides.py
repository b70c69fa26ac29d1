"""What a killed smoke test has left in the cluster, and who ends it."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from slipway.rollout.targets.cluster.api import Api
from slipway.rollout.targets.cluster.asides import Asides
from slipway.rollout.targets.cluster.manifests import Objects, Served
from slipway.rollout.targets.cluster.workloads import Workloads
from tests.slipway.cluster.server import Server, serving
from tests.slipway.cluster.test_manifests import SETTINGS

KINDS = ("deployments", "services", "httproutes")
VERSION = Served(1, "1" * 64, f"registry.example.com/demo@sha256:{'0' * 64}")


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """An API server that KUBECONFIG leads to."""
    with serving(tmp_path) as (found, path):
        monkeypatch.setenv("KUBECONFIG", str(path))
        yield found


def asides(line: str = "demo", lapse_s: float = 0.0) -> Asides:
    """Those of a line, renewed often."""
    api, objects = Api("models"), Objects(line, SETTINGS)
    return Asides(api, objects, Workloads(api, objects), lapse_s, 0.05)


def made(own: Asides, role: str) -> None:
    """Apply what a smoke test does."""
    own.api.apply(own.objects.door(role, "s"))
    own.workloads.apply(role, VERSION)


def left(server: Server) -> set[str]:
    """The names of all that is there."""
    return {name for kind in KINDS for name in server.named(kind)}


@pytest.mark.gate(
    "cluster.aside_dead",
    fed="a smoke test that was killed: its Pods, its Service and its route are left",
    stops="canary",
    exit=0,
    reason="nobody has renewed them while the traffic was held",
    untouched="a smoke test that is alive, and the objects of another line and of other roles",
)
def test_what_nobody_renews_is_taken_away(server: Server) -> None:
    """Whatever a kill has left of it: the route is made first."""
    own, other = asides(), asides("other")
    for role in ("aside-dead", "stable", "door"):
        made(own, role)
    made(other, "aside-dead")
    own.api.apply(own.objects.door("aside-half", "s"))
    with ExitStack() as stack:
        for alive in ("aside-one", "aside-two"):
            stack.enter_context(own.kept(alive))
            made(own, alive)
        with asides().watched():
            _renewed(server, "demo-aside-one", "demo-aside-two")
        assert left(server) == {
            *(f"demo-{role}" for role in ("aside-one", "aside-two", "stable", "door")),
            "other-aside-dead",
        }
    assert left(server) == {"demo-stable", "demo-door", "other-aside-dead"}


def test_a_short_look_shows_nothing(server: Server) -> None:
    """Nor does one that the server refuses; neither ends what was done meanwhile with an error."""
    made(asides(), "aside-dead")
    with asides(lapse_s=60).watched():
        pass
    server.faults = [(403, {})]
    with asides().watched():
        pass
    assert left(server) == {"demo-aside-dead"}


def _renewed(server: Server, *names: str) -> None:
    """Wait until the routes were renewed once more."""
    before = {name: _said(server, name) for name in names}
    end = time.monotonic() + 60
    while any(_said(server, name) == said for name, said in before.items()):
        assert time.monotonic() < end
        time.sleep(0.01)


def _said(server: Server, name: str) -> str | None:
    path = f"/apis/gateway.networking.k8s.io/v1/namespaces/models/httproutes/{name}"
    found: str | None = server.objects[path]["metadata"]["annotations"].get("slipway/renewed")
    return found
