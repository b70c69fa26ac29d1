"""`k8s/admission`: which image may run and whose signature it needs; an API server tries the rules."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from slipway.settings import load_project
from tests.k8s.build import kustomize
from tests.repo.root import files, text
from tests.root import REPOSITORY

PROJECT = load_project(REPOSITORY)
IMAGE, DIGEST = f"{PROJECT.image_repository}@sha256:{'ab' * 32}", "cd" * 32
WORKFLOW = ".github/workflows/release.yml"


def admission(kind: str) -> dict[str, Any]:
    """The one resource of a kind."""
    documents = [yaml.safe_load_all(text(f"k8s/admission/{name}.yaml")) for name in ("signed", "digests")]
    (found,) = [one for each in documents for one in each if one["kind"] == kind]
    return dict(found)


def test_the_signer_is_the_release_workflow() -> None:
    """Issuer and subject are those that `make verify` asks for, each exact and no pattern."""
    spec = admission("ClusterImagePolicy")["spec"]
    (authority,) = spec["authorities"]
    (identity,) = authority["keyless"]["identities"]

    assert spec["mode"] == "enforce"
    assert f"ISSUER = {identity['issuer']}\n" in text("Makefile")
    assert re.fullmatch(
        r"https://github\.com/[\w.-]+/[\w.-]+/\.github/workflows/release\.yml@refs/heads/[\w./-]+",
        identity["subject"],
    )
    assert set(identity) == {"issuer", "subject"}
    assert spec["images"] == [{"glob": f"{PROJECT.image_repository}**"}]


def test_nobody_has_signed_until_a_repository_is_written_down() -> None:
    """In the template: GitHub has no owner of this name's form with a workflow of ours."""
    if WORKFLOW in files() and "tests/template/conftest.py" in files():
        (authority,) = admission("ClusterImagePolicy")["spec"]["authorities"]
        assert "/OWNER/REPOSITORY/" in authority["keyless"]["identities"][0]["subject"]


def test_the_rules_hold_where_the_overlays_are() -> None:
    """In their namespaces, for Pods whoever makes them, and nobody passes where a rule cannot be asked."""
    policy, binding = admission("ValidatingAdmissionPolicy"), admission("ValidatingAdmissionPolicyBinding")
    (rule,) = policy["spec"]["matchConstraints"]["resourceRules"]
    (where,) = binding["spec"]["matchResources"]["namespaceSelector"]["matchExpressions"]

    assert policy["spec"]["failurePolicy"] == "Fail"
    assert rule["resources"] == ["pods", "pods/ephemeralcontainers"]
    assert set(rule["operations"]) == {"CREATE", "UPDATE"}
    assert binding["spec"]["policyName"] == policy["metadata"]["name"]
    assert binding["spec"]["validationActions"] == ["Deny"]
    assert where == {
        "key": "kubernetes.io/metadata.name",
        "operator": "In",
        "values": [PROJECT.name, f"{PROJECT.name}-staging"],
    }


def test_kustomize_builds_it() -> None:
    """A policy, a rule and its binding."""
    assert {one["kind"] for one in kustomize("k8s/admission")} == {
        "ClusterImagePolicy",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
    }


def kubectl(*words: str, content: Any = None) -> subprocess.CompletedProcess[str]:
    """Ask the cluster of KUBECONFIG."""
    given = None if content is None else json.dumps(content)
    return subprocess.run(["kubectl", *words], input=given, capture_output=True, text=True, check=False)


def schema(expressions: list[dict[str, str]]) -> dict[str, Any]:
    """What the rules look at of a Pod, with the rules; sizes bound what they may cost."""
    word = {"type": "string", "maxLength": 512}
    variable = {"type": "object", "properties": {"name": word, "value": word}}
    variable["x-kubernetes-preserve-unknown-fields"] = True
    container = {
        "type": "object",
        "properties": {
            "name": word,
            "image": word,
            "env": {"type": "array", "maxItems": 16, "items": variable},
        },
    }
    several = {"type": "array", "maxItems": 8, "items": container}
    fields = dict.fromkeys(("containers", "initContainers", "ephemeralContainers"), several)
    rules = [
        {"rule": re.sub(r"\bobject\.", "self.", one["expression"]), "message": one["message"]}
        for one in expressions
    ]
    spec = {"type": "object", "properties": fields, "required": ["containers"]}
    return {"type": "object", "properties": {"spec": spec}, "x-kubernetes-validations": rules}


@pytest.fixture(scope="module")
def judged() -> Iterator[str]:
    """A kind of resource that obeys the rules, for not every cluster knows a ValidatingAdmissionPolicy."""
    if not os.environ.get("KUBECONFIG"):
        pytest.skip("no KUBECONFIG names a cluster, whose API server evaluates the rules")
    group, plural = "admission.slipway.test", f"pods{os.getpid()}"
    version = {"name": "v1", "served": True, "storage": True}
    version["schema"] = {
        "openAPIV3Schema": schema(admission("ValidatingAdmissionPolicy")["spec"]["validations"])
    }
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Cluster",
            "names": {"plural": plural, "singular": plural[:-1] + "x", "kind": plural.capitalize()},
            "versions": [version],
        },
    }
    # Not by kubectl's own schema, which is that of the oldest server behind the address.
    made = kubectl("create", "--validate=false", "-f", "-", content=crd)
    assert made.returncode == 0, made.stderr
    established = kubectl("wait", "--for=condition=Established", "--timeout=60s", f"crd/{plural}.{group}")
    assert established.returncode == 0, established.stderr
    yield plural.capitalize()
    kubectl("delete", f"crd/{plural}.{group}", "--wait=false")


def pod(kind: str, image: str, env: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """What the rules look at, of a Pod with one container or more."""
    containers = [{"name": "kserve-container", "image": image, "env": env}]
    spec = {"containers": [*containers, *more.pop("beside", [])], **more}
    return {
        "apiVersion": "admission.slipway.test/v1",
        "kind": kind,
        "metadata": {"name": "one"},
        "spec": spec,
    }


NAMED = [{"name": "SLIPWAY_VERSION_DIGEST", "value": DIGEST}]
OTHER = {"name": "other", "image": "docker.io/library/busybox:latest"}
CASES: list[tuple[str, list[dict[str, Any]], dict[str, Any], str | None]] = [
    (IMAGE, NAMED, {}, None),
    (IMAGE, [*NAMED, {"name": "TZ", "value": "UTC"}], {}, None),
    (PROJECT.image_repository, NAMED, {}, "64 hexadecimal digits"),
    (f"{PROJECT.image_repository}:latest", NAMED, {}, "64 hexadecimal digits"),
    (f"evil.example/x@sha256:{DIGEST}", NAMED, {}, "64 hexadecimal digits"),
    (f"{PROJECT.image_repository}-evil@sha256:{DIGEST}", NAMED, {}, "64 hexadecimal digits"),
    (f"{IMAGE}@sha256:{DIGEST}", NAMED, {}, "64 hexadecimal digits"),
    (IMAGE[:-1], NAMED, {}, "64 hexadecimal digits"),
    (IMAGE, [], {}, "names the version"),
    (IMAGE, [{"name": "SLIPWAY_VERSION_DIGEST", "value": "0" * 64}], {}, "names the version"),
    (IMAGE, [{"name": "SLIPWAY_VERSION_DIGEST", "value": ""}], {}, "names the version"),
    (IMAGE, [{"name": "SLIPWAY_VERSION_DIGEST", "valueFrom": {"x": "y"}}], {}, "names the version"),
    (IMAGE, [*NAMED, {"name": "SLIPWAY_VERSION_DIGEST", "value": "0" * 64}], {}, "names the version"),
    (IMAGE, NAMED, {"beside": [OTHER]}, "64 hexadecimal digits"),
    (IMAGE, NAMED, {"initContainers": [OTHER]}, "no container before it"),
    (IMAGE, NAMED, {"ephemeralContainers": [OTHER]}, "no container is added"),
]


@pytest.mark.long
@pytest.mark.parametrize(("image", "env", "more", "said"), CASES, ids=range(len(CASES)))
def test_a_pod_that_is_not_ours_is_refused(
    judged: str, image: str, env: list[dict[str, Any]], more: dict[str, Any], said: str | None
) -> None:
    """By the rules as they stand, in the API server's own CEL."""
    done = kubectl(
        "create",
        "--dry-run=server",
        "--validate=false",
        "-f",
        "-",
        content=pod(judged, image, env, **dict(more)),
    )

    assert (done.returncode == 0) is (said is None), done.stderr
    assert said is None or said in done.stderr


@pytest.mark.long
@pytest.mark.parametrize("place", ["staging", "production"])
def test_a_cluster_takes_the_overlays(place: str) -> None:
    """Each object is held against the server's own schema, where it has that kind."""
    if not os.environ.get("KUBECONFIG"):
        pytest.skip("no KUBECONFIG names a cluster to apply to")
    known = kubectl("api-versions").stdout.split()
    built = kustomize(f"k8s/overlays/{place}")
    assert {one["kind"] for one in built if one["apiVersion"] not in known} <= {"PodDisruptionBudget"}
    namespace = built[0]["metadata"]["name"]
    try:
        assert kubectl("create", "-f", "-", content=built[0]).returncode == 0
        for one in (one for one in built[1:] if one["apiVersion"] in known):
            done = kubectl("create", "-f", "-", content=one)
            assert done.returncode == 0, done.stderr
        kept = kubectl("get", "networkpolicy", "default-deny", "-n", namespace, "-o", "json")
        assert json.loads(kept.stdout)["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    finally:
        kubectl("delete", "namespace", namespace, "--wait=false")
