"""The objects of a line as what they say; no cluster is needed."""

import json
from typing import Any

import pytest
import yaml

from slipway.rollout.buckets import HEADER, of_canary
from slipway.rollout.targets.cluster import manifests
from slipway.rollout.targets.cluster.manifests import Objects, Served
from slipway.rollout.targets.cluster.names import LONGEST, named
from slipway.settings.cluster import ClusterSettings
from tests.slipway.root import REPOSITORY

SETTINGS = ClusterSettings.model_validate(
    {
        "namespace": "models",
        "host": "models.example.com",
        "gateway": {"name": "gateway", "namespace": "gateways", "url": "http://gateway.gateways"},
        "image_pull_secrets": ["registry"],
        "replicas": 3,
    }
)
OBJECTS = Objects("demo-ad-click", SETTINGS)
VERSION = Served(7, "d" * 64, f"registry.example.com/demo@sha256:{'0' * 64}")


def test_a_pod_is_that_of_the_base() -> None:
    """What `k8s/base` says of a server's confinement, probes and room holds here too."""
    base = yaml.safe_load((REPOSITORY / "k8s/base/inferenceservice.yaml").read_text())["spec"]["predictor"]
    pod = OBJECTS.deployment("stable", VERSION)["spec"]["template"]["spec"]
    (theirs,), (ours,) = base["containers"], pod["containers"]
    assert {key: pod[key] for key in ("securityContext", "volumes", "automountServiceAccountToken")} == {
        key: base[key] for key in ("securityContext", "volumes", "automountServiceAccountToken")
    }
    same = ("startupProbe", "readinessProbe", "livenessProbe", "lifecycle", "securityContext", "volumeMounts")
    assert {key: ours[key] for key in same} == {key: theirs[key] for key in same}
    assert [one["name"] for one in ours["env"]] == [one["name"] for one in theirs["env"]]
    assert ours["resources"]["limits"] == theirs["resources"]["limits"]
    assert ours["resources"]["requests"]["cpu"] == theirs["resources"]["requests"]["cpu"]


def test_a_pod_proves_its_contents_and_is_named_by_digest() -> None:
    """The version's digest is in its environment, and no tag is in its image."""
    pod = OBJECTS.deployment("stable", VERSION, SETTINGS.replicas)["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert {"name": "SLIPWAY_VERSION_DIGEST", "value": VERSION.digest} in container["env"]
    assert container["image"] == VERSION.image
    assert pod["imagePullSecrets"] == [{"name": "registry"}]


@pytest.mark.parametrize("weight", [1, 5, 64, 65, 99])
def test_a_canarys_route_matches_its_buckets(weight: int) -> None:
    """As many exact matches as percents, in rules that the Gateway API takes."""
    rules = OBJECTS.canary_route("e", weight)["spec"]["rules"]
    found = [
        header["value"]
        for rule in rules
        for match in rule["matches"]
        for header in match["headers"]
        if (header["type"], header["name"]) == ("Exact", HEADER)
    ]
    assert found == [*map(str, of_canary("e", weight))]
    assert max(len(rule["matches"]) for rule in rules) <= manifests.MATCHES
    assert {one["name"] for rule in rules for one in rule["backendRefs"]} == {"demo-ad-click-canary"}


def test_a_deployment_says_which_version_it_has_and_had() -> None:
    """And so does what was read back; what says something else names none."""
    said = {manifests.names.BEFORE: manifests.left(VERSION)}
    written: Any = json.loads(json.dumps(OBJECTS.deployment("stable", VERSION, said=said)))
    annotations = written["metadata"]["annotations"]
    assert (Served.of(annotations), manifests.before(annotations)) == (VERSION, VERSION)
    assert (Served.of({}), manifests.before({}), manifests.before({manifests.names.BEFORE: "["})) == (
        None,
        None,
        None,
    )


def test_names_fit_and_differ() -> None:
    """Lines with the longest name have names of their own."""
    long = ["a" * 62 + "b", "a" * 62 + "c", "a" * 55, "demo"]
    found = {named(line, role) for line in long for role in ("stable", "canary", "aside-abcdef")}
    assert len(found) == 12
    assert max(map(len, found)) <= LONGEST
