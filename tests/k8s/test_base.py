"""`k8s/base`: one InferenceService that a cluster would accept and that runs our image safely."""

from typing import Any

import pytest
import yaml

from slipway.settings import load_project
from tests.k8s import crd, models
from tests.k8s.build import kustomize
from tests.root import REPOSITORY

KIND = "V1beta1InferenceService"


def container(service: dict[str, Any]) -> dict[str, Any]:
    """The one container."""
    (only,) = service["spec"]["predictor"]["containers"]
    return dict(only)


def test_the_crd_accepts_it(service: dict[str, Any], service_schema: dict[str, Any]) -> None:
    """The manifest fits the schema that a cluster enforces."""
    assert crd.faults(service, service_schema) == []


def test_the_typed_models_accept_it(service: dict[str, Any]) -> None:
    """Every field exists in the `kserve` package's models, with its type."""
    assert models.faults(service, KIND) == []


def wrong(service: dict[str, Any], place: str) -> dict[str, Any]:
    """The manifest with one mistake."""
    predictor = service["spec"]["predictor"]
    if place == "spec.predicter":
        service["spec"]["predicter"] = {}
    elif place == "predictor.canaryPercent":
        predictor["canaryPercent"] = 10
    elif place == "containers.readynessProbe":
        predictor["containers"][0]["readynessProbe"] = {}
    elif place == "capabilities.dropped":
        predictor["containers"][0]["securityContext"]["capabilities"] = {"dropped": ["ALL"]}
    else:
        predictor["minReplicas"] = "one"
    return service


MISTAKES = [
    "spec.predicter",
    "predictor.canaryPercent",
    "containers.readynessProbe",
    "capabilities.dropped",
    "minReplicas: one",
]


@pytest.mark.parametrize("place", MISTAKES)
def test_the_crd_refuses_a_mistake(
    service: dict[str, Any], service_schema: dict[str, Any], place: str
) -> None:
    """An unknown field or a wrong type, at any depth, is one fault."""
    assert len(crd.faults(wrong(service, place), service_schema)) == 1


@pytest.mark.parametrize("place", MISTAKES)
def test_the_typed_models_refuse_a_mistake(service: dict[str, Any], place: str) -> None:
    """An unknown field or a wrong type, at any depth, is one fault."""
    assert len(models.faults(wrong(service, place), KIND)) == 1


def test_the_mode_is_said(service: dict[str, Any]) -> None:
    """KServe's default mode depends on how it was installed, so the manifest names it."""
    assert service["metadata"]["annotations"]["serving.kserve.io/deploymentMode"] == "Standard"


def test_the_container_keeps_the_contract_of_the_image(service: dict[str, Any]) -> None:
    """KServe sends traffic to 8080, where the image listens by itself; no argument takes its place."""
    only = container(service)
    assert only["name"] == "kserve-container"
    assert not {"args", "command"} & set(only)
    assert {one["name"]: one["value"] for one in only["env"]} == {
        "SLIPWAY_METRICS_PORT": "9090",
        "SLIPWAY_VERSION_DIGEST": "0" * 64,
    }
    assert only["ports"][0]["containerPort"] == 8080
    assert only["readinessProbe"]["httpGet"] == {"path": "/v2/health/ready", "port": 8080}
    assert only["livenessProbe"]["httpGet"] == {"path": "/v2/health/live", "port": 8080}


def test_the_container_may_do_little(service: dict[str, Any]) -> None:
    """Not root, no capabilities, a read-only file system, no token of the cluster's API."""
    pod, only = service["spec"]["predictor"], container(service)
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["runAsUser"] == pod["securityContext"]["runAsGroup"] == 1034
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert only["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_the_image_is_the_project_s(service: dict[str, Any]) -> None:
    """The repository is the one of `project.yaml`, and kustomize pins it by digest."""
    images = yaml.safe_load((REPOSITORY / "k8s/base/kustomization.yaml").read_text())["images"]
    repository = load_project(REPOSITORY).image_repository
    assert container(service)["image"] == repository
    assert [image["name"] for image in images] == [repository]
    assert images[0]["digest"].startswith("sha256:")


@pytest.fixture(scope="module")
def built() -> list[dict[str, Any]]:
    """What kustomize makes of the folder."""
    return kustomize("k8s/base")


def test_kustomize_builds_it(built: list[dict[str, Any]]) -> None:
    """A namespace, an account and a service, whose image has a digest."""
    by_kind = {one["kind"]: one for one in built}
    assert len(built) == 3
    assert by_kind["ServiceAccount"]["automountServiceAccountToken"] is False
    assert "@sha256:" in container(by_kind["InferenceService"])["image"]


def test_the_crd_accepts_what_kustomize_builds(
    built: list[dict[str, Any]], service_schema: dict[str, Any]
) -> None:
    """Labels and images are put where the schema has room for them."""
    assert crd.faults(built[-1], service_schema) == []
