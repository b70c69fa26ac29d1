"""`k8s/rollout` on a real API server: what a rollout calls is granted, and what it does not call is not."""

import time
from pathlib import Path

import pytest

from slipway.rollout.target import Deployed
from slipway.rollout.targets.cluster.announcer import Announcer
from slipway.rollout.targets.cluster.api import Api, ApiError
from slipway.rollout.targets.cluster.asides import Asides
from slipway.rollout.targets.cluster.images import Images
from slipway.rollout.targets.cluster.manifests import Objects, Served
from slipway.rollout.targets.cluster.workloads import Workloads
from tests.slipway.cluster.place import space
from tests.slipway.cluster.test_manifests import SETTINGS

pytestmark = pytest.mark.long

VERSION = Served(1, "d" * 64, f"localhost/nothing@sha256:{'0' * 64}")


def test_the_account_of_a_rollout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every kind is applied, read and taken away by its token; Pods and other namespaces are not."""
    with space() as found:
        monkeypatch.setenv("KUBECONFIG", str(found.account(tmp_path)))
        api = Api(found.name)
        objects = Objects("demo", SETTINGS.model_copy(update={"namespace": found.name}))
        images = Images(api, objects)
        images.learn(Deployed(number=1, digest=VERSION.digest), VERSION.image)
        images.learn(Deployed(number=2, digest="e" * 64), VERSION.image)
        assert images.of(Deployed(number=1, digest=VERSION.digest)) == VERSION
        made = [objects.service("canary"), objects.deployment("canary", VERSION)]
        made += [objects.stable_route(), objects.canary_route("e", 99), objects.door("canary", "s")]
        for one in made:
            name = one["metadata"]["name"]
            api.apply(one)
            assert api.get(one["kind"], name) is not None
            api.delete(one["kind"], name)
        assert isinstance(api.pods({}), list)
        assert api.listed("HTTPRoute", {}) == []
        api.apply(objects.deployment("stable", VERSION))
        Announcer(api, objects)("Promoted", "a test")
        told = {one["reason"]: one["involvedObject"]["name"] for one in found.api.listed("Event", {})}
        assert told["Promoted"] == "demo-stable"
        lease = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": "demo-traffic"},
        }
        kept = api.create(lease)
        api.replace(kept)
        api.merge("Lease", "demo-traffic", {"metadata": {"annotations": {"slipway/stop": "x"}}})
        for refused in (
            lambda: api.delete("ConfigMap", objects.name("images")),
            lambda: api.delete("Lease", "demo-traffic"),
            lambda: api.get("Pod", "one"),
            lambda: api.listed("Event", {}),
            lambda: Api("kube-system").get("ConfigMap", "one"),
        ):
            with pytest.raises(ApiError, match=r"403 Forbidden: .* is forbidden: User .*slipway-rollout"):
                refused()


def test_what_a_killed_smoke_test_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is found and taken away with these rights alone; one that is alive is left."""
    with space() as found:
        monkeypatch.setenv("KUBECONFIG", str(found.account(tmp_path)))
        api, objects = Api(found.name), Objects("demo", SETTINGS.model_copy(update={"namespace": found.name}))
        own = Asides(api, objects, workloads := Workloads(api, objects), 1.0, 0.2)
        for role in ("aside-dead", "aside-one"):
            api.apply(objects.door(role, "s"))
            workloads.apply(role, VERSION)
        with own.kept("aside-one"):
            with own.watched():
                time.sleep(3)
            left = [one["metadata"]["name"] for one in found.api.listed("HTTPRoute", {})]
            assert left == ["demo-aside-one"]
            assert workloads.find("aside-dead") is None
            assert workloads.find("aside-one") is not None
        assert found.api.listed("HTTPRoute", {}) == []


def test_a_field_of_somebody_else() -> None:
    """What another manager has set stays, and the line names who and what."""
    with space() as found:
        objects = Objects("demo", SETTINGS.model_copy(update={"namespace": found.name}))
        found.api.apply(objects.service("stable"))
        theirs = objects.service("stable")
        theirs["spec"]["ports"][0]["targetPort"] = 9999
        path, query = f"/api/v1/namespaces/{found.name}/services/demo-stable", [("force", "true")]
        found.api.client.call_api(
            path,
            "PATCH",
            query_params=[("fieldManager", "argocd"), *query],
            header_params={"Content-Type": "application/apply-patch+yaml", "Accept": "application/json"},
            body=theirs,
            auth_settings=["BearerToken"],
            response_type="object",
        )
        with pytest.raises(ApiError, match=r'PATCH Service .*/demo-stable: 409 .*conflict with "argocd"'):
            found.api.apply(objects.service("stable"))
        kept = found.api.get("Service", "demo-stable")
        assert kept is not None
        assert kept["spec"]["ports"][0]["targetPort"] == 9999
