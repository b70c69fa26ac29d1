"""What a server tells beside its answers: nothing on the serving port that was not asked for."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
import yaml

from slipway.base.digest import sha256
from slipway.base.errors import SlipwayError
from slipway.release.bento import bento_path
from slipway.serving.app import build
from slipway.serving.metrics import Metrics
from slipway.serving.served import Served
from slipway.serving.telling import BOTH, METRICS_PORT, Telling
from slipway.version.manifest import MANIFEST
from tests.slipway.root import ROOT
from tests.slipway.serving.browser import Browser, body
from tests.slipway.serving.conftest import Running


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, Telling()),
        ({"SLIPWAY_OPEN": "", "SLIPWAY_METRICS_PORT": ""}, Telling()),
        ({"SLIPWAY_OPEN": "openapi"}, Telling(frozenset({"openapi"}))),
        ({"SLIPWAY_OPEN": "metrics, openapi", "SLIPWAY_METRICS_PORT": "9090"}, Telling(BOTH, 9090)),
    ],
)
def test_an_image_tells_what_its_environment_says(environment: dict[str, str], expected: Telling) -> None:
    """By default nothing."""
    assert Telling.of(environment) == expected


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SLIPWAY_OPEN", "docs", "'docs', expected metrics, openapi or both"),
        ("SLIPWAY_OPEN", "all,metrics", "'all', expected"),
        ("SLIPWAY_METRICS_PORT", "0", "'0', expected a port from 1 to 65535"),
        ("SLIPWAY_METRICS_PORT", "http", "'http', expected a port"),
        ("SLIPWAY_METRICS_PORT", "99999", "'99999', expected a port"),
    ],
)
def test_another_value_is_refused(name: str, value: str, said: str) -> None:
    """Before a server starts that does not tell what somebody waits for."""
    with pytest.raises(SlipwayError, match=f"^{name}: {said}"):
        Telling.of({name: value})


@pytest.mark.parametrize("shown", [(), ("metrics",), ("openapi",), BOTH])
def test_the_serving_port_tells_no_more(served: Served, shown: tuple[str, ...]) -> None:
    """What is not shown is no path at all, and requests are answered as ever."""
    browser = Browser(build(served, shown))

    assert browser.get("/metrics").status_code == (200 if "metrics" in shown else 404)
    assert browser.get("/openapi.json").status_code == (200 if "openapi" in shown else 404)
    assert browser.post("/predict", json=body()).status_code == 200
    assert {browser.get(path).status_code for path in ("/docs", "/redoc")} == {404}


def test_servers_of_this_machine_tell_both(running: Running) -> None:
    """They listen to it alone."""
    for path in ("/metrics", "/openapi.json"):
        assert httpx.get(f"{running.server.url}{path}").status_code == 200


def test_metrics_have_a_port_of_their_own() -> None:
    """The same series."""
    port = free_port()
    metrics = Metrics("a", 7)
    metrics.observe("/predict", 200, 0.1)
    metrics.serve(port)

    assert httpx.get(f"http://127.0.0.1:{port}/metrics").content == metrics.exposition()
    with pytest.raises(SlipwayError, match=f"^SLIPWAY_METRICS_PORT: port {port}: .*; choose another"):
        Metrics("b", 7).serve(port)


def test_the_manifests_name_that_port() -> None:
    """Prometheus finds it by the annotations."""
    service = yaml.safe_load(Path(ROOT / "k8s/base/inferenceservice.yaml").read_text())
    container = service["spec"]["predictor"]["containers"][0]
    variables = {one["name"]: one["value"] for one in container["env"]}
    annotations = service["metadata"]["annotations"]

    assert (annotations["prometheus.io/scrape"], annotations["prometheus.io/path"]) == ("true", "/metrics")
    assert annotations["prometheus.io/port"] == variables[METRICS_PORT]
    assert int(variables[METRICS_PORT]) not in [port["containerPort"] for port in container["ports"]]


def test_an_image_tells_metrics_at_that_port_alone(running: Running, tmp_path: Path) -> None:
    """Served as in the image."""
    port, inside = free_port(), free_port()
    bento = bento_path(running.project, running.server.tag)
    command = [sys.executable, "-P", "-m", "bentoml", "serve", str(bento), "--host", "127.0.0.1"]
    environment = os.environ | {"BENTOML_HOME": str(tmp_path), "BENTOML_DO_NOT_TRACK": "True"}
    environment |= {"PYTHONDONTWRITEBYTECODE": "1", METRICS_PORT: str(inside)}
    environment |= {"SLIPWAY_VERSION_DIGEST": sha256(bento / "src" / "version" / MANIFEST)}
    with subprocess.Popen(
        [*command, "--port", str(port)], env=environment, cwd=tmp_path, start_new_session=True
    ) as server:
        try:
            while not ready(f"http://127.0.0.1:{port}/v2/health/ready"):
                assert server.poll() is None
            answers = {
                path: httpx.get(f"http://127.0.0.1:{port}{path}") for path in ("/metrics", "/openapi.json")
            }
            told = httpx.get(f"http://127.0.0.1:{inside}/metrics").text
        finally:
            os.killpg(server.pid, signal.SIGTERM)

    assert {answer.status_code for answer in answers.values()} == {404}
    assert 'slipway_requests_total{code="200",model="ad_click",route="/v2/health/ready",version="7"}' in told


def ready(url: str) -> bool:
    """Whether it answers by now."""
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        time.sleep(0.1)
        return False


def free_port() -> int:
    """One that nobody has yet."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port
