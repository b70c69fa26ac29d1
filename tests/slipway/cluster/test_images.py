"""Both images as Pods of a real cluster, confined as we confine them; each looks about from inside."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from slipway.rollout.targets.cluster.manifests import Objects, Served
from slipway.settings.root import Project
from tests.k8s import restricted
from tests.slipway.cluster.place import image, pipeline, space
from tests.slipway.cluster.test_manifests import SETTINGS, VERSION
from tests.slipway.release.inside import TOOLS
from tests.slipway.root import REPOSITORY, ROOT
from tests.slipway.tiny import registered, tiny_bento

LOOK = f"""
import json, os, pathlib, shutil

def writable(folder):
    try:
        pathlib.Path(folder, "x").write_text("x")
    except OSError:
        return False
    return True

said = dict(line.split(":", 1) for line in open("/proc/self/status"))
limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
print("said", json.dumps({{
    "user": [os.getuid(), os.getgid()],
    "capabilities": [said[f"Cap{{one}}"].strip() for one in ("Prm", "Eff", "Bnd")],
    "escalates": said["NoNewPrivs"].strip() != "1",
    "filtered": said["Seccomp"].strip() == "2",
    "memory": next(open(one).read().strip() for one in limits if os.path.exists(one)),
    "writes": [one for one in ("/", "/opt/env", "/etc", "/var", os.getcwd(), "/tmp") if writable(one)],
    "tools": [one for one in {TOOLS!r}.split() if shutil.which(one)],
    "token": os.path.exists("/var/run/secrets/kubernetes.io"),
}}))
"""
KNOWN: dict[str, Any] = {"auth_settings": ["BearerToken"], "response_type": "object"}


def looked(spec: dict[str, Any], name: str) -> dict[str, Any]:
    """What a Pod of this spec says of itself."""
    assert restricted.faults(spec) == []
    with space() as found:
        call, at = found.api.client.call_api, f"/api/v1/namespaces/{found.name}/pods"
        body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
        call(at, "POST", body=body, **KNOWN)
        for _ in range(600):
            status = call(f"{at}/{name}", "GET", **KNOWN)[0]["status"]
            if status["phase"] in ("Succeeded", "Failed"):
                break
            time.sleep(0.1)
        text = call(f"{at}/{name}/log", "GET", auth_settings=["BearerToken"], response_type="str")[0]
        assert status["phase"] == "Succeeded", (status, text)
        said: dict[str, Any] = json.loads(text.removeprefix("said "))
        return said


def confined(image_name: str) -> dict[str, Any]:
    """The Pod that a rollout makes, with a look about in place of the server."""
    objects = Objects("demo", SETTINGS.model_copy(update={"service_account": "default"}))
    served = Served(VERSION.number, VERSION.digest, image_name)
    spec: dict[str, Any] = objects.deployment("stable", served)["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    for name in ("startupProbe", "readinessProbe", "livenessProbe", "lifecycle"):
        del container[name]
    container |= {"command": ["python", "-c", LOOK]}
    return {name: value for name, value in spec.items() if name != "imagePullSecrets"} | {
        "restartPolicy": "Never"
    }


def test_the_pod_of_a_rollout_keeps_to_the_restricted_standard() -> None:
    """As it is applied, with probes and hooks."""
    served = Objects("demo", SETTINGS).deployment("stable", VERSION)
    assert restricted.faults(served["spec"]["template"]["spec"]) == []


@pytest.mark.long
@pytest.mark.parametrize("kind", ["version", "pipeline"])
def test_a_pod_may_nothing(kind: str, tmp_path: Path) -> None:
    """No capability and no way to one, no tools, nothing to write but its folder, an end to its memory."""
    if kind == "version":
        project, tag = tiny_bento(tmp_path / "project", ROOT)
        name = registered(project.root / "version", 7).name
        loaded = image(project, tag, project.root / "version", 7, name)
    else:
        loaded = pipeline(Project(REPOSITORY))
    assert looked(confined(loaded), kind) == {
        "user": [1034, 1034],
        "capabilities": ["0" * 16] * 3,
        "escalates": False,
        "filtered": True,
        "memory": str(2**30),
        "writes": ["/tmp"],  # noqa: S108 - of the Pod
        "tools": [],
        "token": False,
    }
