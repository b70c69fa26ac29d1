"""A namespace of a real cluster and images in it; looks at KUBECONFIG, and skips where there is none."""

import json
import os
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import yaml

from slipway.rollout.targets.cluster.api import Api
from slipway.settings import Line
from slipway.settings.root import Project
from tests.demanded import absent
from tests.slipway.release.built import built_pipeline, built_version, podman
from tests.slipway.root import REPOSITORY
from tests.slipway.tiny import registered

GATEWAY, LOAD = "SLIPWAY_GATEWAY", "SLIPWAY_CLUSTER_LOAD"
"""Where the gateway answers, and what loads an image of podman's and prints its name by digest."""
NAMED = {"name": "kserve-ingress-gateway", "namespace": "kserve"}
"""The Gateway, as KServe's charts call it."""
RIGHTS = {
    "ServiceAccount": ("/api/v1", "serviceaccounts"),
    "Role": ("/apis/rbac.authorization.k8s.io/v1", "roles"),
    "RoleBinding": ("/apis/rbac.authorization.k8s.io/v1", "rolebindings"),
}


@dataclass(frozen=True)
class Space:
    """A namespace of a test.

    Attributes:
        gateway: where the gateway answers this machine.
        api: calls as an administrator.
    """

    name: str
    gateway: str
    api: Api

    def account(self, folder: Path) -> Path:
        """Make the account of `k8s/rollout` here; a kubeconfig with a token of it and with nothing else."""
        client, known = self.api.client, {"auth_settings": ["BearerToken"], "response_type": "object"}
        at = f"/namespaces/{self.name}"
        for one in yaml.safe_load_all((REPOSITORY / "k8s" / "rollout" / "role.yaml").read_text()):
            group, plural = RIGHTS[one["kind"]]
            client.call_api(f"{group}{at}/{plural}", "POST", body=one, **known)
        asked = f"/api/v1{at}/serviceaccounts/slipway-rollout/token"
        token = client.call_api(asked, "POST", body={"spec": {}}, **known)[0]["status"]["token"]
        server = client.configuration
        place = {"server": server.host, "certificate-authority": server.ssl_ca_cert}
        path = folder / "kubeconfig"
        config = {
            "clusters": [{"name": "c", "cluster": {key: value for key, value in place.items() if value}}],
            "users": [{"name": "u", "user": {"token": token}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "c",
        }
        path.write_text(yaml.safe_dump(config))
        return path

    def settings(self, tracking: str) -> str:
        """The lines of `project.yaml` that bind a registry to this place."""
        cluster: dict[str, Any] = {
            "namespace": self.name,
            "host": "models.test",
            "gateway": NAMED | {"url": self.gateway},
            "resources": {"cpu": "100m", "memory": "512Mi"},
        }
        return f"targets: {json.dumps({'cluster': tracking})}\ncluster: {json.dumps(cluster)}\n"

    def bind(self, root: Path, tracking: str) -> None:
        """Let a project serve here."""
        path = root / "project.yaml"
        lines = path.read_text().splitlines(keepends=True)
        kept = [line for line in lines if not line.startswith(("targets:", "cluster:"))]
        path.write_text("".join(kept) + self.settings(tracking))


@contextmanager
def space() -> Iterator[Space]:
    """A namespace, deleted afterwards."""
    if not os.environ.get("KUBECONFIG"):
        absent("no KUBECONFIG: no rollout was tried on a cluster")
    if not (gateway := os.environ.get(GATEWAY)):
        absent(f"no {GATEWAY}, the address of the Gateway {NAMED}")
    name = f"slipway-{uuid4().hex[:8]}"
    api = Api(name)
    core, path = api.client, "/api/v1/namespaces"
    known = {"auth_settings": ["BearerToken"], "response_type": "object"}
    core.call_api(path, "POST", body={"metadata": {"name": name}}, **known)
    try:
        yield Space(name, gateway.removesuffix(":80"), api)
    finally:
        core.call_api(f"{path}/{name}", "DELETE", **known)


def loaded(name: str) -> str:
    """An image of podman's in the cluster, by digest."""
    if not (load := os.environ.get(LOAD)):
        absent(f"no {LOAD}, the command that loads an image into the cluster")
    done = subprocess.run([*shlex.split(load), name], capture_output=True, text=True, check=True)
    return done.stdout.split()[-1]


FAILING = """\
from starlette.applications import Starlette

answer = Starlette.__call__


async def fail(self, scope, receive, send):
    asked = {name for name, _ in scope.get("headers", ())}
    if b"x-slipway-bucket" not in asked or not scope["path"].endswith("/infer"):
        return await answer(self, scope, receive, send)
    await send({"type": "http.response.start", "status": 500, "headers": []})
    await send({"type": "http.response.body", "body": b""})


Starlette.__call__ = fail
"""
"""Answers no user who wants a score; the version inside is whole, and a smoke test sees nothing of it."""


def failing(project: Project, tag: str, folder: Path, number: int, name: str, work: Path) -> str:
    """The image of a version, unchanged but for a server that fails; `work` is an empty folder."""
    called = built_version(project, tag, registered(folder, number, name)).name
    (work / "failing.py").write_text(FAILING)
    (work / "failing.pth").write_text("import failing\n")
    site = "/opt/env/lib/python3.11/site-packages/"
    (work / "Failing").write_text(f"FROM {called}\nCOPY --chmod=0444 failing.py failing.pth {site}\n")
    spoilt = f"{called}-failing"
    done = podman("build", "--quiet", "--layers", "-f", str(work / "Failing"), "--tag", spoilt, str(work))
    assert done.returncode == 0, done.stderr
    return loaded(spoilt)


def image(project: Project, tag: str, folder: Path, number: int, name: str) -> str:
    """The image of a packaged version in the cluster, by digest; built and loaded once for its content.

    Args:
        tag: of its Bento.
        folder: of the version.
        name: of its line in the registry.
    """
    return loaded(built_version(project, tag, registered(folder, number, name)).name)


def pipeline(project: Project) -> str:
    """The image that runs a project's pipelines in the cluster, by digest; built and loaded once."""
    return loaded(built_pipeline(project).name)


def images(line: Line, versions: dict[int, Path]) -> dict[int, str]:
    """Those of packaged versions of a line, by number."""
    return {
        number: image(line.project, f"{line.bento}:{number}", folder, number, line.registered)
        for number, folder in versions.items()
    }
