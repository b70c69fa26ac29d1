"""Who has the traffic of a line: a Lease of the cluster, renewed while its holder lives.

Nobody's clock is compared with anybody else's, as in `slipway.registry.turns.shared`: whoever sees the same
holder and renewal for as long as the Lease says takes it over. One who was stopped for longer than that has
lost it, knows so by its own clock, and writes nothing any more.
"""

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from slipway.base.errors import Refused, SlipwayError
from slipway.base.provenance import who
from slipway.registry.turns.beat import beating
from slipway.rollout.stop import RELEASE_S
from slipway.rollout.target import Note
from slipway.rollout.targets.cluster.api import Api, ApiError, micro_time

STOP = "slipway/stop"
"""Annotation: why somebody asks the holder to let go."""
NOTE = "slipway/"
"""Before the name of a note: such an annotation is gone as soon as somebody takes the Lease."""
LAPSE_S = 15.0
"""Seconds without a renewal after which a holder counts as gone; the API server may be away for as long."""
BEAT_S = 2.0
"""Seconds between two renewals."""


class TrafficLease:
    """A Lease of the group coordination.k8s.io."""

    def __init__(
        self,
        api: Api,
        name: str,
        settle: Callable[[], AbstractContextManager[None]],
        lapse_s: float = LAPSE_S,
        beat_s: float = BEAT_S,
        release_s: float = RELEASE_S,
    ) -> None:
        """Take its name, and what puts the traffic in order.

        Args:
            settle: ends what a killed holder left, and after its block what this one did.
        """
        self.api, self.name, self.settle = api, name, settle
        self.lapse_s, self.beat_s, self.release_s = lapse_s, beat_s, release_s
        self.holder = f"{who()} on {socket.gethostname()} (process {os.getpid()}, {uuid4().hex[:8]})"
        self.renewed: float | None = None  # None while it is not held
        self.asked: str | None = None
        self.notes: dict[str, str] = {}

    @contextmanager
    def held(self, stop: str | None = None) -> Iterator[None]:
        """Have the traffic while the block lasts."""
        self._take(stop)
        try:
            with beating(self.beat_s, self._renew), self.settle():
                yield
        finally:
            self._leave()

    def stop_asked(self) -> str | None:
        """Why somebody asks for the traffic, as of the last renewal; that it is lost is a reason too."""
        return self._lost() or self.asked

    def note(self, name: Note) -> str | None:
        """An annotation; its holder goes by what the last renewal has read."""
        return (_notes(self._read()) if self.renewed is None else self.notes).get(NOTE + name)

    def write(self, name: Note, text: str | None) -> None:
        """Whoever may change the Lease may."""
        self.api.merge("Lease", self.name, {"metadata": {"annotations": {NOTE + name: text}}})

    def left(self) -> str | None:
        """Who had the traffic and is gone, in words; None where nobody has it, or whoever does renews it.

        For people only. By this machine's clock, which may be wrong, it is only asked whether to look twice.
        """
        found, now = self._read(), datetime.now(UTC)
        holder, renewal = _who_and_when(found)
        with suppress(ValueError):
            if not holder or now - datetime.fromisoformat(renewal) < timedelta(
                seconds=_lapse(found, self.lapse_s)
            ):
                return None
        time.sleep(2 * self.beat_s)
        if _who_and_when(self._read()) != (holder, renewal):
            return None
        return (
            f"Lease {self.api.namespace}/{self.name}: {holder} has the traffic and has not renewed it since "
            f"{renewal}; what it left goes on until the next `slipway rollout`, `rollback` or `recover`"
        )

    def require(self) -> None:
        """Make sure that it is still ours.

        Raises:
            Refused: it is not, or not for sure.
        """
        if (lost := self._lost()) is not None:
            raise Refused(lost)  # guard cluster.lease_lost

    def _lost(self) -> str | None:
        if self.renewed is not None and time.monotonic() - self.renewed < self.lapse_s:
            return None
        return f"Lease {self.api.namespace}/{self.name}: not renewed for {self.lapse_s:g} s, or not held"

    def _take(self, stop: str | None) -> None:
        seen, since, begun = self._read(), time.monotonic(), time.monotonic()
        while True:
            holder, renewal = _who_and_when(seen)
            lapsed = time.monotonic() - since >= _lapse(seen, self.lapse_s)
            if (not holder or lapsed) and self._written(seen, self.holder, taken=True):
                self.asked, self.notes = None, {}
                return
            if stop is not None and holder and not _asked(seen):
                with suppress(ApiError):  # it may have gone this moment
                    self.api.merge("Lease", self.name, {"metadata": {"annotations": {STOP: stop}}})
            time.sleep(self.beat_s / 4)
            now = self._read()
            if _who_and_when(now) == (holder, renewal):
                seen = now
                continue
            # Whoever renews is alive.
            waited = time.monotonic() - begun
            if _who_and_when(now)[0] and (stop is None or waited > self.release_s):
                after = "" if stop is None else f" after {waited:.0f} s of being asked to stop"
                raise Refused(
                    f"Lease {self.api.namespace}/{self.name}: {_who_and_when(now)[0]} has the traffic{after}"
                )  # guard cluster.alone
            seen, since = now, time.monotonic()

    def _renew(self) -> None:
        if self.renewed is None:
            return  # it was lost, and is not won again
        found = self._read()
        if _who_and_when(found)[0] != self.holder:
            self.renewed = None
            return
        self.asked, self.notes = self.asked or _asked(found), _notes(found)
        self._written(found, self.holder)

    def _leave(self) -> None:
        """Let the next one have it at once; else it is found out."""
        with suppress(SlipwayError):
            found = self._read()
            if _who_and_when(found)[0] == self.holder:
                self._written(found, "")
        self.renewed = None

    def _read(self) -> dict[str, Any] | None:
        return self.api.get("Lease", self.name)

    def _written(self, seen: dict[str, Any] | None, holder: str, taken: bool = False) -> bool:
        """Whether the server took what this process says over what it has seen."""
        begun, now = time.monotonic(), micro_time()
        spec = dict((seen or {}).get("spec") or {}) | {"holderIdentity": holder, "renewTime": now}
        metadata: dict[str, Any] = {"name": self.name, "namespace": self.api.namespace}
        if taken:
            spec |= {
                "acquireTime": now,
                "leaseDurationSeconds": max(1, round(self.lapse_s)),
                "leaseTransitions": spec.get("leaseTransitions", 0) + 1,
            }
        elif seen is not None:
            metadata["annotations"] = seen["metadata"].get("annotations") or {}
        if seen is not None:
            metadata["resourceVersion"] = seen["metadata"]["resourceVersion"]
        lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}
        try:
            self.api.create(lease) if seen is None else self.api.replace(lease)
        except ApiError as error:
            if error.status == 409:
                return False  # somebody has written meanwhile: the next look says what
            raise
        self.renewed = begun
        return True


def _who_and_when(lease: dict[str, Any] | None) -> tuple[str, str]:
    spec = (lease or {}).get("spec") or {}
    return str(spec.get("holderIdentity") or ""), str(spec.get("renewTime") or "")


def _lapse(lease: dict[str, Any] | None, default: float) -> float:
    """As long as its holder said; it may have been started with another one."""
    return float(((lease or {}).get("spec") or {}).get("leaseDurationSeconds") or default)


def _asked(lease: dict[str, Any] | None) -> str | None:
    return _notes(lease).get(STOP)


def _notes(lease: dict[str, Any] | None) -> dict[str, str]:
    found = ((lease or {}).get("metadata") or {}).get("annotations") or {}
    return {name: str(text) for name, text in found.items() if text is not None}
