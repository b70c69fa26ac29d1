"""The objects of a line as pure functions of what they say; the Pod is that of `k8s/base`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slipway.rollout import buckets
from slipway.rollout.targets.cluster import names
from slipway.settings.cluster import ClusterSettings

Manifest = dict[str, Any]

PORT, METRICS = 8080, 9090
USER = 1034
"""The image's own; stated, so that another image is not run as another user."""
MATCHES = 64
"""Of one rule; the Gateway API takes no more, and under 128 of a route."""
PROBED_S = 2
"""Seconds between two looks at a server that starts."""


@dataclass(frozen=True)
class Served:
    """A version as Pods serve it.

    Attributes:
        image: repository@sha256:..., of which the Pod proves that it holds the version.
    """

    number: int
    digest: str
    image: str

    @property
    def annotations(self) -> dict[str, str]:
        """As a Deployment says which version it is."""
        return {names.NUMBER: str(self.number), names.DIGEST: self.digest, names.IMAGE: self.image}

    @classmethod
    def of(cls, annotations: Mapping[str, str]) -> "Served | None":
        """The version that annotations name, None where they name none."""
        try:
            return cls(int(annotations[names.NUMBER]), annotations[names.DIGEST], annotations[names.IMAGE])
        except (KeyError, ValueError):
            return None


@dataclass(frozen=True)
class Objects:
    """Makes the objects of one line.

    Attributes:
        line: the name of its Bentos.
    """

    line: str
    settings: ClusterSettings

    @property
    def host(self) -> str:
        """The host name at which the line answers."""
        return f"{self.line}.{self.settings.host}"

    def name(self, role: str) -> str:
        """What its object of a role is called."""
        return names.named(self.line, role)

    def metadata(self, role: str, annotations: Mapping[str, str] | None = None) -> Manifest:
        """Whose an object is, and what is said of it."""
        return {
            "name": self.name(role),
            "namespace": self.settings.namespace,
            "labels": self.labels(role) | {"app.kubernetes.io/managed-by": names.MANAGER},
            "annotations": dict(annotations or {}),
        }

    def labels(self, role: str) -> dict[str, str]:
        """By which Pods are found."""
        return {"app.kubernetes.io/name": self.line, names.LINE: self.line, names.ROLE: role}

    def service(self, role: str) -> Manifest:
        """Leads to the Pods of a role that are ready."""
        return {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": self.metadata(role),
            "spec": {
                "selector": {names.LINE: self.line, names.ROLE: role},
                "ports": [{"name": "http", "port": 80, "targetPort": PORT, "protocol": "TCP"}],
            },
        }

    def deployment(
        self, role: str, version: Served, replicas: int = 1, said: Mapping[str, str] | None = None
    ) -> Manifest:
        """Runs a version; no Pod is taken away before another one is ready.

        Args:
            said: more annotations.
        """
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": self.metadata(role, version.annotations | dict(said or {})),
            "spec": {
                "replicas": replicas,
                "revisionHistoryLimit": 2,
                "progressDeadlineSeconds": self.settings.start_seconds,
                "strategy": {
                    "type": "RollingUpdate",
                    "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1},
                },
                "selector": {"matchLabels": {names.LINE: self.line, names.ROLE: role}},
                "template": {
                    "metadata": {
                        "labels": self.labels(role),
                        "annotations": {names.NUMBER: str(version.number), names.DIGEST: version.digest},
                    },
                    "spec": self._pod(version),
                },
            },
        }

    def _pod(self, version: Served) -> Manifest:
        resources = self.settings.resources
        secrets = [{"name": name} for name in self.settings.image_pull_secrets]
        return {
            "serviceAccountName": self.settings.service_account,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            **({"imagePullSecrets": secrets} if secrets else {}),
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": USER,
                "runAsGroup": USER,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [
                {
                    "name": "server",
                    "image": version.image,
                    "imagePullPolicy": "IfNotPresent",  # a digest cannot change
                    "env": [
                        {"name": "SLIPWAY_METRICS_PORT", "value": str(METRICS)},
                        {"name": "SLIPWAY_VERSION_DIGEST", "value": version.digest},
                    ],
                    "ports": [{"name": "http", "containerPort": PORT, "protocol": "TCP"}],
                    "startupProbe": {
                        "httpGet": {"path": "/v2/health/ready", "port": PORT},
                        "periodSeconds": PROBED_S,
                        "failureThreshold": self.settings.start_seconds // PROBED_S,
                    },
                    "readinessProbe": _probe("/v2/health/ready"),
                    "livenessProbe": _probe("/v2/health/live"),
                    # Routes still lead here for a moment.
                    "lifecycle": {"preStop": {"exec": {"command": ["sleep", "5"]}}},
                    "resources": {
                        "requests": {"cpu": resources.cpu, "memory": resources.memory},
                        "limits": {"memory": resources.memory},
                    },
                    "securityContext": {
                        "allowPrivilegeEscalation": False,
                        "readOnlyRootFilesystem": True,
                        "capabilities": {"drop": ["ALL"]},
                    },
                    "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 - of the Pod
                }
            ],
            "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "256Mi"}}],
        }

    def route(
        self,
        role: str,
        to: str,
        matches: Sequence[Manifest] = (),
        said: Mapping[str, str] | None = None,
    ) -> Manifest:
        """Leads requests to the Service of a role.

        Args:
            matches: which; all where there are none.
            said: its annotations.
        """
        every = list(matches) or [{"path": {"type": "PathPrefix", "value": "/"}}]
        backend = [{"name": self.name(to), "port": 80}]
        gateway = self.settings.gateway
        return {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "HTTPRoute",
            "metadata": self.metadata(role, said),
            "spec": {
                "parentRefs": [{"name": gateway.name, "namespace": gateway.namespace}],
                "hostnames": [self.host],
                "rules": [
                    {"matches": every[first : first + MATCHES], "backendRefs": backend}
                    for first in range(0, len(every), MATCHES)
                ],
            },
        }

    def stable_route(self) -> Manifest:
        """All that no other route takes."""
        return self.route(names.STABLE, names.STABLE)

    def canary_route(self, experiment: str, weight: int) -> Manifest:
        """The buckets of the canary at a weight of at least 1, each an exact match."""
        matches = [header(buckets.HEADER, str(one)) for one in buckets.of_canary(experiment, weight)]
        return self.route(names.CANARY, names.CANARY, matches, {names.WEIGHT: str(weight)})

    def door(self, role: str, secret: str) -> Manifest:
        """Whoever knows the secret is answered by a role, whatever the bucket."""
        return self.route(
            names.DOOR if role == names.CANARY else role, role, [header(names.DOOR_HEADER, secret)]
        )

    def config(self, role: str, data: Mapping[str, str]) -> Manifest:
        """Values by key."""
        return {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": self.metadata(role),
            "data": dict(data),
        }


def left(version: Served | None) -> str:
    """How a Deployment says which version it had before."""
    return json.dumps(None if version is None else version.annotations)


def before(annotations: Mapping[str, str]) -> Served | None:
    """The version that it had before, None where it had none."""
    try:
        return Served.of(json.loads(annotations.get(names.BEFORE, "null")) or {})
    except (ValueError, TypeError, AttributeError):
        return None


def header(name: str, value: str) -> Manifest:
    """Matches requests with a header."""
    return {
        "path": {"type": "PathPrefix", "value": "/"},
        "headers": [{"type": "Exact", "name": name, "value": value}],
    }


def _probe(path: str) -> Manifest:
    return {"httpGet": {"path": path, "port": PORT}, "timeoutSeconds": 5}
