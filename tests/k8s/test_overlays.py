"""`k8s/overlays`: what differs between the places where the one service runs, and nothing else."""

from typing import Any

import pytest

from slipway.settings import load_project
from tests.k8s import crd
from tests.k8s.build import kustomize
from tests.root import REPOSITORY

NAME = load_project(REPOSITORY).name
VISIBILITY = "metadata.labels.networking.kserve.io/visibility"
DIFFERENCES = {
    "production": {
        "metadata.namespace": NAME,
        "spec.predictor.minReplicas": 2,
        "spec.predictor.maxReplicas": 6,
    },
    "staging": {
        "metadata.namespace": f"{NAME}-staging",
        VISIBILITY: "cluster-local",
        "spec.predictor.maxReplicas": 1,
    },
}


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


@pytest.mark.parametrize("place", DIFFERENCES)
def test_it_is_the_base_and_the_difference(place: str) -> None:
    """Same names, image and limits everywhere: what was tried in staging is what runs in production."""
    base, built = kustomize("k8s/base"), kustomize(f"k8s/overlays/{place}")
    changed = [
        {where: value for where, value in leaves(one).items() if leaves(other).get(where) != value}
        for other, one in zip(base, built, strict=True)
    ]
    named = DIFFERENCES[place]["metadata.namespace"]
    moved = {"metadata.name": named} if named != NAME else {}
    assert changed == [moved, *[{"metadata.namespace": named}] * 3, DIFFERENCES[place]]
    assert all(set(leaves(other)) <= set(leaves(one)) for other, one in zip(base, built, strict=True))


@pytest.mark.parametrize("place", DIFFERENCES)
def test_the_crd_accepts_it(place: str, service_schema: dict[str, Any]) -> None:
    """Every patch lands where the schema has room for it."""
    service = kustomize(f"k8s/overlays/{place}")[-1]
    assert crd.faults(service, service_schema) == []
