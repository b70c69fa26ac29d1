"""`k8s/base`'s walls: the namespace's standard for Pods, and who may reach the service."""

from typing import Any

import yaml

from tests.repo.root import text


def documents(name: str) -> list[dict[str, Any]]:
    """The resources of a file of the base."""
    return list(yaml.safe_load_all(text(f"k8s/base/{name}.yaml")))


def test_the_namespace_is_restricted_and_looked_at() -> None:
    """Kubernetes enforces its strictest standard there, and Sigstore's controller looks at the images."""
    (namespace,) = documents("namespace")
    labels = namespace["metadata"]["labels"]
    modes = {labels[f"pod-security.kubernetes.io/{one}"] for one in ("enforce", "audit", "warn")}
    assert modes == {"restricted"}
    assert labels["policy.sigstore.dev/include"] == "true"


def test_what_is_not_named_is_denied() -> None:
    """Both ways, for every Pod of the namespace."""
    deny, _ = documents("networkpolicies")
    assert deny["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_only_gateway_and_metrics_reach_the_service(service: dict[str, Any]) -> None:
    """By namespaces that are named, never by an empty selector, and at the ports of the container alone."""
    _, allow = documents("networkpolicies")
    pod, containers = allow["spec"], service["spec"]["predictor"]["containers"]
    assert pod["policyTypes"] == ["Ingress"]
    assert pod["podSelector"]["matchLabels"] == {
        "serving.kserve.io/inferenceservice": service["metadata"]["name"]
    }
    (only,) = containers
    (metrics,) = [env["value"] for env in only["env"] if env["name"] == "SLIPWAY_METRICS_PORT"]
    assert [(peers(rule), [port["port"] for port in rule["ports"]]) for rule in pod["ingress"]] == [
        (["kserve"], [port["containerPort"] for port in only["ports"]]),
        (["monitoring"], [int(metrics)]),
    ]


def peers(rule: dict[str, Any]) -> list[str]:
    """The namespaces that a rule lets in, and nothing beside their names."""
    selectors = [peer.pop("namespaceSelector") for peer in rule["from"]]
    assert not any(rule["from"])
    return [selector["matchLabels"]["kubernetes.io/metadata.name"] for selector in selectors]
