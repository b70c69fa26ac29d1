"""The API server says no, is busy, or is away: one line, or the same once more."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.base.errors import Refused, UsageError
from slipway.rollout.target import Deployed
from slipway.rollout.targets.cluster.api import Api, ApiError
from slipway.rollout.targets.cluster.images import Images
from slipway.rollout.targets.cluster.manifests import Objects, Served
from slipway.rollout.targets.local import LocalPlacement
from slipway.settings import Line
from slipway.settings.root import Project
from tests.slipway.cli.conftest import settings_only
from tests.slipway.cluster.server import Server, serving
from tests.slipway.cluster.test_manifests import SETTINGS

IMAGE = f"registry.example.com/demo@sha256:{'0' * 64}"
VERSION = Deployed(number=3, digest="d" * 64)
OBJECTS = Objects("demo", SETTINGS)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """An API server that KUBECONFIG leads to."""
    with serving(tmp_path) as (found, path):
        monkeypatch.setenv("KUBECONFIG", str(path))
        yield found


@pytest.mark.gate(
    "cluster.reached",
    fed="a rollout where there is no kubeconfig and no Pod's account, or a context that is not in it",
    stops="package",
    exit=2,
    reason="expected a kubeconfig in KUBECONFIG or ~/.kube/config that has the context",
    untouched="nothing is asked",
)
def test_there_is_a_way_to_the_cluster(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As kubectl finds it."""
    with pytest.raises(UsageError, match="other"):
        Api("models", "other")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "nowhere"))
    with pytest.raises(UsageError, match="expected a kubeconfig in KUBECONFIG"):
        Api("models")
    assert server.asked == []


@pytest.mark.parametrize(
    "faults",
    [[(429, {"Retry-After": "0"})], [(500, {}), (503, {})], [(504, {})], [(0, {})]],
)
def test_what_passes_is_asked_again(server: Server, faults: list[tuple[int, dict[str, str]]]) -> None:
    """Too many requests, a server that fails, and an answer that never came."""
    server.faults = [*faults]
    Api("models").apply(OBJECTS.service("stable"))
    assert len(server.asked) == len(faults) + 1
    assert server.named("services") == ["demo-stable"]


def test_what_does_not_pass_is_one_line(server: Server) -> None:
    """Object, namespace, status and reason; and after so many tries it ends."""
    server.faults = [(403, {})]
    with pytest.raises(ApiError) as refused:
        Api("models").apply(OBJECTS.service("stable"))
    assert str(refused.value) == ("PATCH Service models/demo-stable: 403 Reason403: a fault of the test")
    server.faults = [(503, {})] * 9
    with pytest.raises(ApiError, match="503 Reason503"):
        Api("models", tries=2).get("Deployment", "demo-stable")
    assert len(server.faults) == 7


def test_what_is_gone_is_none(server: Server) -> None:
    """Nor is it deleted twice."""
    api = Api("models")
    assert api.get("Deployment", "demo-stable") is None
    api.delete("Deployment", "demo-stable")


@pytest.mark.gate(
    "image.named",
    fed="`slipway rollout --image` with a tag, which can be moved, or with half a digest",
    stops="package",
    exit=2,
    reason="expected REPOSITORY@sha256: and 64 hexadecimal digits",
    untouched="no image is kept, nothing packaged",
)
@pytest.mark.parametrize("image", ["registry.example.com/demo:3", IMAGE[:-1], f"{IMAGE} --privileged"])
def test_an_image_is_named_by_its_digest(server: Server, image: str) -> None:
    """Found and expected, both."""
    with pytest.raises(UsageError, match=r"--image: found '.*', expected REPOSITORY@sha256: and 64"):
        Images(Api("models"), OBJECTS).learn(VERSION, image)
    assert server.asked == []


@pytest.mark.gate(
    "image.known",
    fed="a rollout or a rollback on a cluster to a version of which nobody has said which image it is",
    stops="package",
    exit=3,
    reason="no image of version 3, and the command that names it",
    untouched="nothing is deployed, no traffic moved",
)
def test_a_version_needs_its_image(server: Server) -> None:
    """By its digest, and not by its number."""
    images = Images(Api("models"), OBJECTS)
    said = r"no image of version 3 \(dddddddddddd\).*slipway rollout --version 3 --image"
    with pytest.raises(Refused, match=said):
        images.of(VERSION)
    images.learn(VERSION, IMAGE)
    assert images.of(VERSION) == Served(3, "d" * 64, IMAGE)
    for other in ("e" * 64, None):
        with pytest.raises(Refused, match="no image of version 3"):
            images.of(Deployed(number=3, digest=other, bento="demo:3"))
    assert server.named("deployments") == []


@pytest.mark.gate(
    "image.served",
    fed="`slipway rollout --image` where the target is this machine",
    stops="package",
    exit=2,
    reason="expected none: this machine serves the Bento of a version",
    untouched="nothing packaged, no traffic moved",
)
def test_this_machine_serves_no_image(tmp_path: Path) -> None:
    """An option without effect would mislead."""
    line = Line(Project(settings_only(tmp_path / "a project")), "ad_click", "small")
    with pytest.raises(UsageError, match="expected none: this machine serves the Bento"):
        LocalPlacement(line).learn(VERSION, IMAGE)
