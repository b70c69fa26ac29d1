"""The walls of `k8s/`: the namespace's standard for Pods, and who may reach a service."""

from typing import Any

import pytest
import yaml

from slipway.rollout.targets.cluster.names import ROLE, STABLE
from tests.repo.root import text

POLICIES = "components/network-policy/networkpolicies"


def documents(name: str) -> list[dict[str, Any]]:
    """The resources of a file."""
    return list(yaml.safe_load_all(text(f"k8s/{name}.yaml")))


def test_the_namespace_is_restricted_and_looked_at() -> None:
    """Kubernetes enforces its strictest standard there, and Sigstore's controller looks at the images."""
    (namespace,) = documents("base/namespace")
    labels = namespace["metadata"]["labels"]
    modes = {labels[f"pod-security.kubernetes.io/{one}"] for one in ("enforce", "audit", "warn")}
    assert modes == {"restricted"}
    assert labels["policy.sigstore.dev/include"] == "true"


def test_what_is_not_named_is_denied() -> None:
    """Both ways, for every Pod of the namespace."""
    deny, *_ = documents(POLICIES)
    assert deny["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


@pytest.mark.parametrize("place", [1, 2])
def test_only_gateway_and_metrics_reach_a_service(service: dict[str, Any], place: int) -> None:
    """By namespaces that are named, never by an empty selector, and at the ports of the container alone."""
    pod, containers = documents(POLICIES)[place]["spec"], service["spec"]["predictor"]["containers"]
    assert pod["policyTypes"] == ["Ingress"]
    (only,) = containers
    (metrics,) = [env["value"] for env in only["env"] if env["name"] == "SLIPWAY_METRICS_PORT"]
    assert [(peers(rule), [port["port"] for port in rule["ports"]]) for rule in pod["ingress"]] == [
        (["kserve"], [port["containerPort"] for port in only["ports"]]),
        (["monitoring"], [int(metrics)]),
    ]


def test_what_is_let_in_leads_to_servers_alone(service: dict[str, Any]) -> None:
    """To KServe's Pods of the service and to those that a rollout makes, by the labels that they have."""
    _, served, rolled_out = (one["spec"]["podSelector"] for one in documents(POLICIES))
    assert served == {"matchLabels": {"serving.kserve.io/inferenceservice": service["metadata"]["name"]}}
    assert rolled_out == {"matchExpressions": [{"key": ROLE, "operator": "Exists"}]}
    first, rest = documents("components/disruption/budgets")
    assert first["spec"]["selector"] == served
    assert rest["spec"]["selector"] == {"matchLabels": {ROLE: STABLE}}


def peers(rule: dict[str, Any]) -> list[str]:
    """The namespaces that a rule lets in, and nothing beside their names."""
    selectors = [peer.pop("namespaceSelector") for peer in rule["from"]]
    assert not any(rule["from"])
    return [selector["matchLabels"]["kubernetes.io/metadata.name"] for selector in selectors]
