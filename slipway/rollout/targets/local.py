"""The local target: stable and canary are two Bento servers on this machine, asked by a replay."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from slipway.base.atomic import write_text
from slipway.base.documents import read
from slipway.base.errors import SlipwayError, UsageError
from slipway.records.canary import Arm
from slipway.release import servers
from slipway.release.servers import Server
from slipway.rollout.call import Call, Send
from slipway.rollout.client import Client, Reply, patience
from slipway.rollout.flight import FLIGHT, flight
from slipway.rollout.replay import Replay
from slipway.rollout.reply import version_said
from slipway.rollout.target import Deployed, Endpoint, Over, Target, TrafficState, Trial
from slipway.rollout.targets.local_addresses import serving
from slipway.rollout.targets.local_lease import LocalLease
from slipway.rollout.traffic import Traffic
from slipway.settings import Line
from slipway.system import load_system

UNREADABLE = "move it away, and `slipway recover` sends traffic where the records say"
"""Advice about a state file that cannot be read."""

Start = Callable[..., Server]
"""Starts the server of a project's Bento, as `servers.start` does."""


def local(line: Line) -> Target:
    """Bind a line to this machine."""
    placement = LocalPlacement(line)

    def replay(data: Path) -> Replay:
        card = line.card
        system = load_system(card.name, line.project.root)
        return Replay(card, Traffic.load(card, system, data, card.models.seed), placement.send)

    return Target("local", placement, LocalLease(line, placement.settle), replay)


class LocalPlacement:
    """A file says where traffic goes; servers run as long as somebody needs an answer from them."""

    def __init__(self, line: Line, start: Start | None = None) -> None:
        """Take the line; servers start when they are needed."""
        self.line, self.project, self.start = line, line.project, start or servers.start
        self.timeout_s = patience(line.card)
        self.arms: dict[Arm, Server] = {}
        self.shifted = False
        self.before: TrafficState | None = None

    def state(self) -> TrafficState | None:
        """Where traffic goes, None where nothing was ever live."""
        if not self.line.traffic.is_file():
            return None
        return read(self.line.traffic, TrafficState, UNREADABLE)

    def answers(self) -> dict[str, int | None]:
        """Ask every `slipway serve` of the line on this machine."""
        return {one.url: version_at(one.url, self.line.system, self.timeout_s) for one in serving(self.line)}

    @contextmanager
    def aside(self, version: Deployed) -> Iterator[Endpoint]:
        """Serve a version on a free port of this machine."""
        servers.reap(self.project)
        server = self._serve(version)
        try:
            yield Endpoint(server.url, lambda: server in servers.running(self.project), ".slipway/servers/")
        finally:
            servers.stop(self.project, server)

    def started(self, version: Deployed) -> Server:
        """A server of a version that answers as that one, which a shift has just left or which is new.

        Raises:
            NotReady: it does not get ready.
            SlipwayError: it is not to be had here, or another version answers.
        """
        server = self._left_over(version, offered=True) or self._serve(version)
        self._require(server, version)
        return server

    @contextmanager
    def trial(self, canary: Deployed, experiment: str) -> Iterator[Trial]:
        """Start both servers; those of a killed run are ended before, and these after.

        A canary that has a share of the units to the end has proven itself: its server is left to `shift`.
        """
        now = self.state()
        if now is None:
            raise SlipwayError(f"{self.line.traffic}: nothing is live; a first version needs no canary")
        servers.reap(self.project)
        with ExitStack() as stack:
            stack.callback(self._end_canary)
            stack.callback(self._stop_all)
            with ThreadPoolExecutor(2) as both:
                # `list` waits for both, and raises what either of them raised.
                list(both.map(self._start, ("stable", "canary"), (now.stable, canary)))
            self._write(TrafficState(stable=now.stable, canary=canary, experiment=experiment))
            self.flight = self._connect(stack)
            yield Trial(now.stable.number, canary.number, experiment)
            if (left := self.state()) is not None and left.weight:
                self.arms.pop("canary")

    def pack(self, version: Deployed, bento: Callable[[], str]) -> str:
        """Have the Bento; one that this machine has lost is built again."""
        return bento()

    def learn(self, version: Deployed, image: str) -> None:
        """No image is served here."""
        raise UsageError(
            f"--image: found {image[:200]!r}, expected none: this machine serves the Bento of a version, "
            "which it builds itself"
        )  # guard image.served

    def set_weight(self, weight: int) -> None:
        """Give the canary its percent of units."""
        now = self.state()
        if now is None or now.canary is None:
            raise SlipwayError(f"{self.line.traffic}: no canary to give {weight} % to")
        self._write(now.model_copy(update={"weight": weight}))

    def send(self, calls: Sequence[Call], over: Over) -> list[Reply]:
        """Send requests to their arms, a few at once, until it is over; a reply to each that was sent."""
        return self.flight(calls, over)

    def shift(self, version: Deployed) -> None:
        """Send all traffic to one version; its server says that it is that one before anything is written.

        That is the server which a canary left that has just proven itself, or else a new one.
        """
        server = self._left_over(version) or self._serve(version)
        self._require(server, version)
        self._stop("stable")
        self.arms["stable"] = server
        self.before, self.shifted = self.state(), True
        # Before traffic says so: who serves production looks there, and takes this server over.
        servers.offer(self.project, server)
        self._write(TrafficState(stable=version))

    def restore(self) -> None:
        """Undo the last `shift`: the version before it is stable again, or nothing is."""
        if not self.shifted:
            raise SlipwayError(f"{self.line.traffic}: no shift to undo")
        if self.before is None:
            self.line.traffic.unlink(missing_ok=True)
        else:
            self._write(TrafficState(stable=self.before.stable))
        self._stop("stable")

    def answering(self) -> int | None:
        """Ask the stable server which version it is, None where nothing answers."""
        now = self.state()
        if now is None:
            return None
        if "stable" not in self.arms:
            self._start("stable", now.stable)
        return self._version_at(self.arms["stable"])

    @contextmanager
    def settle(self) -> Iterator[None]:
        """End what a killed holder of the lease has on trial, and after the block all that was left."""
        self._end_canary()
        with ExitStack() as stack:
            stack.callback(servers.reap, self.project)
            stack.callback(self._end_canary)
            stack.callback(self._stop_all)
            yield

    def _connect(self, stack: ExitStack) -> Send:
        # One connection to each arm for each request under way: a client takes one at a time.
        connections = [
            {arm: Client(server.url, self.timeout_s) for arm, server in self.arms.items()}
            for _ in range(FLIGHT)
        ]
        for clients in connections:
            for client in clients.values():
                stack.callback(client.close)
        return stack.enter_context(flight(connections, self._ask))

    def _end_canary(self) -> None:
        now = self.state()
        if now is not None and now.canary is not None:
            self._write(TrafficState(stable=now.stable))

    def _ask(self, clients: dict[Arm, Client], call: Call) -> Reply:
        return clients[call.arm].post(f"/v2/models/{self.line.system}/infer", call.body)

    def _tag(self, version: Deployed) -> str:
        return version.bento or f"{self.line.bento}:{version.number}"

    def _serve(self, version: Deployed) -> Server:
        return self.start(self.project, self._tag(version), version.number, digest=version.digest)

    def _require(self, server: Server, version: Deployed) -> None:
        if (found := self._version_at(server)) != version.number:
            servers.stop(self.project, server)
            raise SlipwayError(
                f"{server.tag}: version {found} answers, not {version.number}; no traffic was shifted"
            )

    def _left_over(self, version: Deployed, offered: bool = False) -> Server | None:
        ours, tag = {server.pid for server in self.arms.values()}, self._tag(version)
        found = servers.adopt(self.project, tag, version.number, version.digest, ours, offered)
        if found is not None and self._version_at(found) != version.number:
            servers.stop(self.project, found)
            return None
        return found

    def _start(self, arm: Arm, version: Deployed) -> None:
        self.arms[arm] = self._serve(version)

    def _stop(self, arm: Arm) -> None:
        if arm in self.arms:
            servers.stop(self.project, self.arms.pop(arm))

    def _stop_all(self) -> None:
        # A stack, so that an error about one server does not leave the other one running.
        with ExitStack() as stack:
            for arm in tuple(self.arms):
                stack.callback(partial(self._stop, arm))

    def _version_at(self, server: Server) -> int | None:
        return version_at(server.url, self.line.system, self.timeout_s)

    def _write(self, new: TrafficState) -> None:
        write_text(self.line.traffic, new.model_dump_json(indent=2))


def version_at(url: str, system: str, timeout_s: float) -> int | None:
    """The version that a server says it is, None where it does not say."""
    client = Client(url, timeout_s)
    reply = client.get(f"/v2/models/{system}")
    client.close()
    return version_said(reply)
