"""Versions served aside: who serves one renews its route, and who has the traffic ends what nobody renews.

Smoke tests run without the Lease, so a kill leaves their Pods to nobody. The route is made first and deleted
last: whatever else is left, it tells of it.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial

from slipway.base.errors import SlipwayError
from slipway.registry.turns.beat import beating
from slipway.rollout.targets.cluster import names
from slipway.rollout.targets.cluster.api import Api, micro_time
from slipway.rollout.targets.cluster.manifests import Objects
from slipway.rollout.targets.cluster.workloads import Workloads

BEAT_S = 3.0
"""Seconds between two renewals."""
LAPSE_S = 30.0
"""Seconds without one after which nobody serves it any more; by the clock of whoever watches."""
ASIDE = "aside-"


class Asides:
    """Those of one line."""

    def __init__(
        self,
        api: Api,
        objects: Objects,
        workloads: Workloads,
        lapse_s: float = LAPSE_S,
        beat_s: float = BEAT_S,
    ) -> None:
        self.api, self.objects, self.workloads = api, objects, workloads
        self.lapse_s, self.beat_s = lapse_s, beat_s

    @contextmanager
    def kept(self, role: str) -> Iterator[None]:
        """Renew the route of a role while the block lasts; then all of it is taken away."""
        try:
            with beating(self.beat_s, partial(self._renew, role)):
                yield
        finally:
            self._end(role)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """End those that nobody has renewed while the block lasted; after a short one, the next does.

        A rollout never fails for it: what is left answers nobody who has not its secret.
        """
        begun, before = time.monotonic(), self._renewals()
        try:
            yield
        finally:
            if before and time.monotonic() - begun >= self.lapse_s:
                now = self._renewals()
                for role in before.keys() & now.keys():
                    if before[role] == now[role]:
                        with suppress(SlipwayError):
                            self._end(role)  # guard cluster.aside_dead

    def _renewals(self) -> dict[str, str]:
        """When each was renewed last, in the words of whoever did."""
        found: dict[str, str] = {}
        with suppress(SlipwayError):
            for route in self.api.listed("HTTPRoute", {names.LINE: self.objects.line}):
                metadata = route["metadata"]
                role = metadata["labels"].get(names.ROLE, "")
                if role.startswith(ASIDE):
                    found[role] = (metadata.get("annotations") or {}).get(names.RENEWED, "")
        return found

    def _renew(self, role: str) -> None:
        said = {"annotations": {names.RENEWED: micro_time()}}
        self.api.merge("HTTPRoute", self.objects.name(role), {"metadata": said})

    def _end(self, role: str) -> None:
        self.workloads.delete(role)
        self.api.delete("HTTPRoute", self.objects.name(role))
