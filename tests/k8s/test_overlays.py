"""`k8s/overlays`: what differs between the places where the one service runs, and nothing else."""

from typing import Any

import pytest

from slipway.settings import load_project
from tests.k8s import crd, models
from tests.k8s.build import kustomize
from tests.root import REPOSITORY

NAME = load_project(REPOSITORY).name
VISIBILITY = "metadata.labels.networking.kserve.io/visibility"
DIFFERENCES = {
    "production": {
        "metadata.namespace": NAME,
        "spec.predictor.minReplicas": 2,
        "spec.predictor.maxReplicas": 6,
        "spec.predictor.scaleMetric": "cpu",
        "spec.predictor.scaleTarget": 70,
    },
    "staging": {
        "metadata.namespace": f"{NAME}-staging",
        VISIBILITY: "cluster-local",
        "spec.predictor.maxReplicas": 1,
    },
}

WALLS = {
    ("NetworkPolicy", "default-deny"),
    ("NetworkPolicy", NAME),
    ("NetworkPolicy", f"{NAME}-rollout"),
    *((kind, "slipway-rollout") for kind in ("ServiceAccount", "Role", "RoleBinding")),
}
ADDED = {
    "production": WALLS | {("PodDisruptionBudget", NAME), ("PodDisruptionBudget", f"{NAME}-rollout")},
    "staging": WALLS,
}
"""By kind and name, what components bring beside the base."""
MODELS = {"HorizontalPodAutoscaler": "V2", "InferenceService": "V1beta1"}
"""The version in the name of a kind's typed model; V1 of all others."""


def leaves(content: Any, where: str = "") -> dict[str, Any]:
    """Every value by its place."""
    if not isinstance(content, dict):
        return {where: content}
    return {
        place: value
        for key, one in content.items()
        for place, value in leaves(one, f"{where}.{key}".lstrip(".")).items()
    }


def test_each_place_is_known() -> None:
    """A new overlay states here what it is for."""
    assert sorted(path.name for path in (REPOSITORY / "k8s/overlays").iterdir()) == sorted(DIFFERENCES)


def by_name(objects: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    """Objects by kind and name; the name of a namespace is where the others are."""
    return {
        (one["kind"], "" if one["kind"] == "Namespace" else one["metadata"]["name"]): one for one in objects
    }


@pytest.mark.parametrize("place", DIFFERENCES)
def test_it_is_the_base_its_components_and_the_difference(place: str) -> None:
    """Same names, image and limits everywhere: what was tried in staging is what runs in production."""
    base, built = by_name(kustomize("k8s/base")), by_name(kustomize(f"k8s/overlays/{place}"))
    assert set(built) - set(base) == ADDED[place]
    assert set(base) <= set(built)
    changed = {
        one[0]: {where: value for where, value in leaves(built[one]).items() if before.get(where) != value}
        for one, before in ((one, leaves(base[one])) for one in base)
    }
    named = DIFFERENCES[place]["metadata.namespace"]
    assert changed == {
        "Namespace": {"metadata.name": named} if named != NAME else {},
        "ServiceAccount": {"metadata.namespace": named},
        "InferenceService": DIFFERENCES[place],
    }
    assert all(set(leaves(base[one])) <= set(leaves(built[one])) for one in base)


@pytest.mark.parametrize("place", DIFFERENCES)
def test_all_is_in_one_namespace(place: str) -> None:
    """Also the account that a role is bound to."""
    named = DIFFERENCES[place]["metadata.namespace"]
    built = by_name(kustomize(f"k8s/overlays/{place}"))
    (namespace,) = [one for (kind, _), one in built.items() if kind == "Namespace"]
    assert namespace["metadata"]["name"] == named
    assert {one["metadata"].get("namespace", named) for one in built.values()} == {named}
    assert built["RoleBinding", "slipway-rollout"]["subjects"][0]["namespace"] == named


@pytest.mark.parametrize("place", DIFFERENCES)
def test_the_typed_models_accept_it(place: str) -> None:
    """Every field of every object exists in the clients' models, with its type."""
    for one in kustomize(f"k8s/overlays/{place}"):
        kind = f"{MODELS.get(one['kind'], 'V1')}{one['kind']}"
        assert models.faults(one, kind) == []


@pytest.mark.parametrize("place", DIFFERENCES)
def test_the_crd_accepts_it(place: str, service_schema: dict[str, Any]) -> None:
    """Every patch lands where the schema has room for it."""
    (service,) = [one for one in kustomize(f"k8s/overlays/{place}") if one["kind"] == "InferenceService"]
    assert crd.faults(service, service_schema) == []
