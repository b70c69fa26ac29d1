"""Versions as Deployments: applied, waited for, taken away."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from slipway.base.errors import NotReady
from slipway.rollout.targets.cluster import names
from slipway.rollout.targets.cluster.api import Api
from slipway.rollout.targets.cluster.manifests import Objects, Served
from slipway.rollout.targets.cluster.serving import hopeless, stuck, waits_for

MORE_S = 60.0
"""Seconds beside the start of a server: for its image, for the next one, and for old Pods to go."""
POLL_S = 0.5


class Workloads:
    """Those of one line."""

    def __init__(self, api: Api, objects: Objects, ready_s: float | None = None) -> None:
        self.api, self.objects = api, objects
        self.ready_s = objects.settings.start_seconds + MORE_S if ready_s is None else ready_s

    def find(self, role: str) -> dict[str, Any] | None:
        """The Deployment of a role, None where there is none."""
        return self.api.get("Deployment", self.objects.name(role))

    def version(self, role: str) -> Served | None:
        """The version that the Deployment of a role is to serve."""
        found = self.find(role)
        return None if found is None else Served.of(found["metadata"].get("annotations") or {})

    def apply(
        self, role: str, version: Served, replicas: int = 1, said: Mapping[str, str] | None = None
    ) -> None:
        """Have a role served by a version, and its Service."""
        self.api.apply(self.objects.service(role))
        self.api.apply(self.objects.deployment(role, version, replicas, said))

    def delete(self, role: str) -> None:
        """Take Deployment and Service of a role away."""
        self.api.delete("Deployment", self.objects.name(role))
        self.api.delete("Service", self.objects.name(role))

    def wait(self, role: str, version: Served, lease: Callable[[], None] = lambda: None) -> None:
        """Wait until a role is served by a version and by nothing else.

        Args:
            lease: says whether it is still this process that should.

        Raises:
            NotReady: it does not get ready, and why.
        """
        until, labels = time.monotonic() + self.ready_s, {names.LINE: self.objects.line, names.ROLE: role}
        what = f"Deployment {self.api.namespace}/{self.objects.name(role)}"
        missing: str | None = "it was not looked at"
        while time.monotonic() < until:
            lease()
            found, pods = self.find(role), self.api.pods(labels)
            missing = "it is gone" if found is None else waits_for(found, pods, version.image)
            if missing is None:
                return
            if (why := hopeless(pods, version.digest)) is not None:
                raise NotReady(f"{what}: version {version.number}: {why}", version.number)
            missing = stuck(pods) or missing
            time.sleep(POLL_S)
        raise NotReady(
            f"{what}: version {version.number} not ready after {self.ready_s:g} s: {missing}", version.number
        )  # guard cluster.ready
