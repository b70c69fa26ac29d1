"""Events on the stable Deployment, for `kubectl describe`: what a rollout does, in a word and a line."""

from contextlib import suppress
from datetime import UTC, datetime
from uuid import uuid4

from slipway.base.addresses import masked
from slipway.base.errors import SlipwayError
from slipway.rollout.targets.cluster.api import Api
from slipway.rollout.targets.cluster.manifests import Objects
from slipway.rollout.targets.cluster.names import MANAGER, STABLE

LONGEST = 1000
"""Characters of a message; the API server takes 1,024."""
WARNINGS = {"CanaryAborted", "RolledBack"}


class Announcer:
    """Writes them; whatever comes of it, a rollout goes on."""

    def __init__(self, api: Api, objects: Objects) -> None:
        """Take calls that are tried once."""
        self.api, self.objects = api, objects

    def __call__(self, what: str, text: str) -> None:
        """Tell whoever watches."""
        with suppress(SlipwayError):
            found = self.api.get("Deployment", self.objects.name(STABLE))
            if found is not None:
                self.api.create(self._event(found["metadata"].get("uid"), what, masked(text)[:LONGEST]))

    def _event(self, uid: str | None, what: str, text: str) -> dict[str, object]:
        now, name = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", self.objects.name(STABLE)
        namespace = self.api.namespace
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"{name}.{uuid4().hex[:16]}", "namespace": namespace},
            "involvedObject": {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "name": name,
                "namespace": namespace,
                **({"uid": uid} if uid else {}),
            },
            "type": "Warning" if what in WARNINGS else "Normal",
            "reason": what,
            "message": text,
            "source": {"component": MANAGER},
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }
