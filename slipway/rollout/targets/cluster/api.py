"""The API server: objects read, applied and deleted; an error is one line with object and status."""

import json
import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from slipway.base.addresses import masked
from slipway.base.errors import SlipwayError, UsageError
from slipway.rollout.targets.cluster.names import MANAGER

Object = dict[str, Any]

PATHS = {
    "ConfigMap": ("/api/v1", "configmaps"),
    "Pod": ("/api/v1", "pods"),
    "Service": ("/api/v1", "services"),
    "Event": ("/api/v1", "events"),
    "Deployment": ("/apis/apps/v1", "deployments"),
    "Lease": ("/apis/coordination.k8s.io/v1", "leases"),
    "HTTPRoute": ("/apis/gateway.networking.k8s.io/v1", "httproutes"),
}
AGAIN = {429, 500, 502, 503, 504}
"""Answers after which the same is asked again: nothing of ours does harm when it is done twice."""
TRIES = 6
PATIENCE_S = 10.0
"""Seconds for one answer."""
LONGEST_S = 5.0
"""Seconds between two tries at most, whatever the server asks for."""


class ApiError(SlipwayError):
    """The API server said no."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


class Api:
    """Calls of one namespace. Retries are here and nowhere else."""

    def __init__(self, namespace: str, context: str | None = None, tries: int = TRIES) -> None:
        """Find the cluster as kubectl does.

        Raises:
            UsageError: there is no kubeconfig, or it has no such context, and this is no Pod either.
        """
        self.namespace, self.tries = namespace, tries
        self.client = _client(context)

    def get(self, kind: str, name: str) -> Object | None:
        """An object, None where there is none."""
        try:
            return self._call("GET", kind, name)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def pods(self, labels: Mapping[str, str]) -> list[Object]:
        """The Pods with these labels."""
        return self.listed("Pod", labels)

    def listed(self, kind: str, labels: Mapping[str, str]) -> list[Object]:
        """The objects of a kind with these labels."""
        chosen = ",".join(f"{key}={value}" for key, value in labels.items())
        found: list[Object] = self._call("GET", kind, "", query=[("labelSelector", chosen)])["items"]
        return found

    def apply(self, manifest: Object) -> Object:
        """Make an object what it should be: server-side, and never over a field that somebody else has set.

        Raises:
            ApiError: somebody else has, or it was refused.
        """
        query = [("fieldManager", MANAGER), ("force", "false")]
        kind, name = manifest["kind"], manifest["metadata"]["name"]
        return self._call("PATCH", kind, name, manifest, query, "application/apply-patch+yaml")

    def merge(self, kind: str, name: str, change: Object) -> Object:
        """Change some fields of an object that is there."""
        query = [("fieldManager", MANAGER)]
        return self._call("PATCH", kind, name, change, query, "application/merge-patch+json")

    def create(self, manifest: Object) -> Object:
        """Make an object that is not there.

        Raises:
            ApiError: status 409, it is.
        """
        return self._call("POST", manifest["kind"], "", manifest, named=manifest["metadata"]["name"])

    def replace(self, manifest: Object) -> Object:
        """Write an object over the one that was read, which its `resourceVersion` names.

        Raises:
            ApiError: status 409, somebody has written it since.
        """
        return self._call("PUT", manifest["kind"], manifest["metadata"]["name"], manifest)

    def delete(self, kind: str, name: str) -> None:
        """Take an object away, and what it made; nothing happens where there is none."""
        try:
            self._call("DELETE", kind, name, query=[("propagationPolicy", "Background")])
        except ApiError as error:
            if error.status != 404:
                raise

    def _call(
        self,
        method: str,
        kind: str,
        name: str,
        body: Object | None = None,
        query: list[tuple[str, str]] | None = None,
        media: str = "application/json",
        named: str = "",
    ) -> Object:
        group, plural = PATHS[kind]
        path = f"{group}/namespaces/{self.namespace}/{plural}" + (f"/{name}" if name else "")
        what = f"{kind} {self.namespace}/{name or named or '*'}"
        for left in range(self.tries - 1, -1, -1):
            status, said, wait = self._once(method, path, body, query or [], media)
            if 200 <= status < 300:
                return said
            if not left or status not in AGAIN | {0}:
                raise ApiError(f"{method} {what}: {_told(status, said)}", status)
            time.sleep(min(LONGEST_S, max(wait, 0.2 * 2 ** (self.tries - 1 - left))))
        raise AssertionError

    def _once(
        self, method: str, path: str, body: Object | None, query: list[tuple[str, str]], media: str
    ) -> tuple[int, Object, float]:
        """Status, what was said, and the seconds that the server asks to wait; status 0 is no answer."""
        import urllib3
        from kubernetes.client.exceptions import ApiException

        try:
            answer = self.client.call_api(
                path,
                method,
                query_params=query,
                header_params={"Accept": "application/json", "Content-Type": media},
                body=body,
                auth_settings=["BearerToken"],
                _preload_content=False,
                _request_timeout=PATIENCE_S,
            )[0]
        except ApiException as error:
            asked = str((error.headers or {}).get("Retry-After", ""))
            return error.status, _json(error.body), float(asked) if asked.isdigit() else 0.0
        except (urllib3.exceptions.HTTPError, OSError) as error:
            return 0, {"message": masked(f"{type(error).__name__}: {error}")}, 0.0
        return answer.status, _json(answer.data), 0.0


def micro_time() -> str:
    """Now, as Kubernetes writes a moment."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def _client(context: str | None) -> Any:
    from kubernetes import client, config

    configuration = client.Configuration()
    configuration.retries = False
    # Named here: the package reads the variable once, when it is imported.
    places = os.environ.get("KUBECONFIG") or str(Path("~/.kube/config").expanduser())
    try:
        if any(Path(one).is_file() for one in places.split(os.pathsep)):
            config.load_kube_config(places, context, client_configuration=configuration)
        else:
            config.load_incluster_config(client_configuration=configuration)
    except config.ConfigException as error:
        raise UsageError(
            f"no way to a cluster: {' '.join(str(error).split())}; expected a kubeconfig in KUBECONFIG or "
            "~/.kube/config that has the context, or a Pod with a service account"
        ) from error  # guard cluster.reached
    return client.ApiClient(configuration)


def _json(body: bytes | str | None) -> Object:
    try:
        found = json.loads(body or "{}")
    except ValueError:
        return {"message": str(body)[:200]}
    return found if isinstance(found, dict) else {"message": str(found)[:200]}


def _told(status: int, said: Object) -> str:
    reason, message = said.get("reason") or "", " ".join(str(said.get("message") or "").split())
    return f"{status or 'no answer'} {reason}: {message[:400]}".replace("  ", " ")
