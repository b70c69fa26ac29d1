"""The plain placement: a Deployment and a Service for each arm, and routes of the Gateway API."""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress

from slipway.base.errors import NotReady, SlipwayError
from slipway.rollout.call import Call, Send
from slipway.rollout.client import Reply, patience
from slipway.rollout.target import Deployed, Endpoint, Over, TrafficState, Trial
from slipway.rollout.targets.cluster import names
from slipway.rollout.targets.cluster.api import Api
from slipway.rollout.targets.cluster.asides import ASIDE, Asides
from slipway.rollout.targets.cluster.gateway import Door, door_headers, sending, split, taken
from slipway.rollout.targets.cluster.images import Images
from slipway.rollout.targets.cluster.lease import TrafficLease
from slipway.rollout.targets.cluster.manifests import Objects, Served, before, left
from slipway.rollout.targets.cluster.names import BEFORE, CANARY, DOOR, EXPERIMENT, STABLE, TRAFFIC, WEIGHT
from slipway.rollout.targets.cluster.workloads import Workloads
from slipway.settings import Line


class ClusterPlacement:
    """What the objects say is where traffic goes: no other state is kept, so none can differ from it."""

    def __init__(self, line: Line, api: Api, objects: Objects) -> None:
        """Take the line and its cluster."""
        self.line, self.api, self.objects = line, api, objects
        self.lease = TrafficLease(api, objects.name(TRAFFIC), self.settle)
        self.require = self.lease.require
        self.workloads, self.images = Workloads(api, objects), Images(api, objects)
        self.asides = Asides(api, objects, self.workloads)
        gateway = objects.settings.gateway
        self.door = Door(gateway.url, objects.host, line.system, patience(line.card))
        self.sender: Send | None = None
        self.shifted = False
        self.before: Served | None = None

    def state(self) -> TrafficState | None:
        """Where traffic goes, None where nothing was ever live."""
        stable = self.workloads.version(STABLE)
        if stable is None:
            return None
        found, route = self.workloads.find(CANARY), self.api.get("HTTPRoute", self.objects.name(CANARY))
        if found is None:
            return TrafficState(stable=_deployed(stable))
        said = found["metadata"].get("annotations") or {}
        canary = Served.of(said)
        weight = 0 if route is None else int((route["metadata"].get("annotations") or {}).get(WEIGHT, 0))
        return TrafficState(
            stable=_deployed(stable),
            canary=None if canary is None else _deployed(canary),
            weight=weight,
            experiment=said.get(EXPERIMENT),
        )

    def answers(self) -> dict[str, int | None]:
        """Ask at the gateway, as a client without a bucket does."""
        if self.workloads.version(STABLE) is None:
            return {}
        return {f"{self.door.url} for {self.objects.host}": self.door.version()}

    def pack(self, version: Deployed, bento: Callable[[], str]) -> str:
        """Its image has to be known."""
        return self.images.of(version).image

    def learn(self, version: Deployed, image: str) -> None:
        """Keep it for as long as the line lives."""
        self.images.learn(version, image)

    @contextmanager
    def aside(self, version: Deployed) -> Iterator[Endpoint]:
        """Serve a version at the gateway for whoever knows a secret."""
        served, secret = self.images.of(version), secrets.token_hex(16)
        role = f"{ASIDE}{secrets.token_hex(3)}"
        with self.asides.kept(role):
            self.api.apply(self.objects.door(role, secret))
            self.workloads.apply(role, served)
            self.workloads.wait(role, served)
            self._wait_for_door(secret, served.number)
            yield Endpoint(
                self.door.url,
                lambda: self._available(role),
                f"Deployment {self.api.namespace}/{self.objects.name(role)}",
                self.door.headers | door_headers(secret),
            )

    @contextmanager
    def trial(self, canary: Deployed, experiment: str) -> Iterator[Trial]:
        """Serve a version beside the stable one; its Pods end after its route has."""
        self.require()
        stable = self.workloads.version(STABLE)
        if stable is None:
            raise SlipwayError(
                f"{self.objects.name(STABLE)}: nothing is live; a first version needs no canary"
            )
        served, secret = self.images.of(canary), secrets.token_hex(16)
        with ExitStack() as stack:
            stack.callback(self._end_canary)
            self.workloads.apply(CANARY, served, said={EXPERIMENT: experiment})
            self.api.apply(self.objects.door(CANARY, secret))
            self.workloads.wait(STABLE, stable, self.require)
            self.workloads.wait(CANARY, served, self.require)
            self._wait_for_door(secret, served.number)
            if (found := self.door.version()) != stable.number:
                raise NotReady(
                    f"{self.door.url}: version {found} answers, not {stable.number}", stable.number
                )
            arms = {"stable": {}, "canary": door_headers(secret)}
            self.sender = stack.enter_context(sending(self.door, arms))
            yield Trial(stable.number, served.number, experiment)

    def set_weight(self, weight: int) -> None:
        """Add, change or delete the canary's route, and wait until the gateway does what it says.

        On doubt there is no route.
        """
        self.require()
        now = self.state()
        if now is None or now.canary is None:
            # Its Deployment may have been taken away by somebody else, and then nothing must lead there.
            self.api.delete("HTTPRoute", self.objects.name(CANARY))
            if weight == 0:
                return
            raise SlipwayError(f"{self.objects.name(CANARY)}: no canary to give {weight} % to")
        if weight == 0:
            self._end_route(now)
            return
        experiment = now.experiment or ""
        self.api.apply(self.objects.canary_route(experiment, weight))
        try:
            self.door.wait(split(now.stable.number, now.canary.number, experiment, weight))
        except SlipwayError:
            self.api.delete("HTTPRoute", self.objects.name(CANARY))  # guard cluster.doubt
            raise

    def send(self, calls: Sequence[Call], over: Over) -> list[Reply]:
        """Send requests of the trial through the gateway."""
        if self.sender is None:
            raise SlipwayError(f"{self.objects.name(CANARY)}: there is no trial")
        return self.sender(calls, over)

    def shift(self, version: Deployed) -> None:
        """Have the stable Deployment roll over to a version; old Pods answer until new ones are ready."""
        self.require()
        served, live = self.images.of(version), self.workloads.version(STABLE)
        try:
            self._serve(served, {BEFORE: left(live)})
        except SlipwayError:
            self._serve_again(live)
            raise
        self.before, self.shifted = live, True

    def restore(self) -> None:
        """Undo the last `shift`: the version before it is stable again, or nothing is."""
        if not self.shifted:
            raise SlipwayError(f"{self.objects.name(STABLE)}: no shift to undo")
        self.require()
        self._serve_again(self.before)
        self.shifted = False

    def answering(self) -> int | None:
        """Ask at the gateway which version answers whoever has no bucket."""
        return self.door.version()

    @contextmanager
    def settle(self) -> Iterator[None]:
        """End what a killed holder of the lease has on trial, and after the block all that was left."""
        self._end_canary()
        self._end_shift()
        with self.asides.watched():
            try:
                yield
            finally:
                self._end_canary()

    def _serve(self, served: Served, said: Mapping[str, str]) -> None:
        self.workloads.apply(STABLE, served, self.objects.settings.replicas, said)
        self.workloads.wait(STABLE, served, self.require)
        self._route_stable()
        self.door.wait(split(served.number, served.number, "", 0))

    def _serve_again(self, live: Served | None) -> None:
        """What was live before a shift, or nothing."""
        if live is not None:
            self._serve(live, {BEFORE: left(live)})
            return
        self.api.delete("HTTPRoute", self.objects.name(STABLE))
        self.workloads.delete(STABLE)

    def _route_stable(self) -> None:
        """Somebody else's route of that name is left as it is."""
        found = self.api.get("HTTPRoute", self.objects.name(STABLE))
        labels = {} if found is None else found["metadata"].get("labels") or {}
        if found is None or labels.get("app.kubernetes.io/managed-by") == names.MANAGER:
            self.api.apply(self.objects.stable_route())

    def _end_shift(self) -> None:
        """A shift that was killed half-way either serves by now, or is put back."""
        found = self.workloads.find(STABLE)
        said = {} if found is None else found["metadata"].get("annotations") or {}
        if (now := Served.of(said)) is None:
            return
        try:
            self.workloads.wait(STABLE, now, self.require)
            self._route_stable()
        except NotReady:
            live = before(said)
            # One that is live and not ready, such as by a node that is gone, is not made better here.
            if live != now:
                with suppress(NotReady):
                    self._serve_again(live)

    def _end_canary(self) -> None:
        """First the route, and once the gateway has seen that, what it led to."""
        self.sender = None
        now = self.state()
        if now is not None and now.canary is not None:
            self._end_route(now)
        self.api.delete("HTTPRoute", self.objects.name(CANARY))
        self.api.delete("HTTPRoute", self.objects.name(DOOR))
        self.workloads.delete(CANARY)

    def _end_route(self, now: TrafficState) -> None:
        self.api.delete("HTTPRoute", self.objects.name(CANARY))
        if now.canary is not None:
            self.door.wait_without(now.canary.number, taken(now.experiment or "", now.weight))

    def _wait_for_door(self, secret: str, number: int) -> None:
        self.door.wait({secret: number}, header=names.DOOR_HEADER)

    def _available(self, role: str) -> bool:
        found = self.workloads.find(role)
        return found is not None and bool((found.get("status") or {}).get("availableReplicas"))


def _deployed(served: Served) -> Deployed:
    return Deployed(number=served.number, digest=served.digest)
