"""The local target: stable and canary are two Bento servers on this machine."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from queue import SimpleQueue
from typing import Self

import orjson
from filelock import FileLock, Timeout

from slipway.base.atomic import write_text
from slipway.base.documents import read
from slipway.base.errors import Refused, SlipwayError
from slipway.records.canary import Arm
from slipway.release import servers
from slipway.release.servers import Server
from slipway.rollout.client import Client, Reply, patience
from slipway.rollout.stop import StopRequest
from slipway.rollout.target import Call, Deployed, TrafficState
from slipway.settings import Line
from slipway.settings.root import Project

FLIGHT = 4
"""Requests under way at once, over both arms, of which none looks slow by its share (see `bench_arms.py`)."""

RELEASE_S = 180.0
"""Seconds in which a canary that is asked to stop does; its servers may be starting, for up to 120."""

UNREADABLE = (
    'write {"stable": {"number": VERSION, "bento": TAG}} there, of the last first, promote or rollback in '
    "`slipway history --json`"
)
"""What to do about a state file that is none."""

Start = Callable[[Project, str, int], Server]


def state(line: Line) -> TrafficState | None:
    """Where local traffic goes, None where nothing was ever live."""
    if not line.traffic.is_file():
        return None
    return read(line.traffic, TrafficState, UNREADABLE)


class LocalTarget:
    """A context manager; the servers it needs live as long as it does, and so does a canary's traffic."""

    name = "local"

    def __init__(
        self,
        line: Line,
        canary: Deployed | None = None,
        experiment: str | None = None,
        start: Start = servers.start,
        stop: str | None = None,
        release_s: float = RELEASE_S,
    ) -> None:
        """Nothing is started yet.

        Args:
            canary: what to serve beside the stable version; None for a target that only shifts traffic.
            experiment: salts the assignment of units to the canary.
            start: starts the server of a project's Bento, given its tag and version.
            stop: why a canary that has the traffic must give it up; None to be refused where there is one.
            release_s: how long to wait for that.
        """
        self.line, self.project = line, line.project
        self.canary, self.experiment, self.start = canary, experiment, start
        self.stop, self.release_s = stop, release_s
        self.stop_request = StopRequest(line)
        self.timeout_s = patience(line.card)
        self.path = line.traffic
        self.arms: dict[Arm, Server] = {}
        self.idle: SimpleQueue[dict[Arm, Client]] = SimpleQueue()
        self.shifted = False
        self.before: TrafficState | None = None

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._alone(stack)  # guard canary.alone
            servers.reap(self.project)
            self._end_canary()
            stack.callback(self._end_canary)
            stack.callback(self._stop_all)
            if self.canary is not None:
                self._begin_canary(self.canary, stack)
            self._ending = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.close()

    def state(self) -> TrafficState | None:
        """Where traffic goes now."""
        return state(self.line)

    def serve(self, calls: Sequence[Call], over: Callable[[], bool]) -> list[Reply]:
        """Send requests to their arms, a few at once, until it is over; a reply to each that was sent."""
        sent = []
        for call in calls:
            clients = self.idle.get()
            if over():
                self.idle.put(clients)
                break
            sent.append(self.pool.submit(self._send, clients, call))
        return [reply.result() for reply in sent]

    def stop_asked(self) -> str | None:
        """Why another process asks for the traffic, None where none does."""
        return self.stop_request.found()

    def set_weight(self, weight: int) -> None:
        """Give the canary its percent of units."""
        now = self.state()
        if now is None or now.canary is None:
            raise SlipwayError(f"{self.path}: no canary to give {weight} % to")
        self._write(now.model_copy(update={"weight": weight}))

    def shift(self, version: int, bento: str) -> None:
        """Send all traffic to one version; its server says that it is that one before anything is written."""
        server = self.start(self.project, bento, version)
        if (found := version_at(server.url, self.line.system, self.timeout_s)) != version:
            servers.stop(self.project, server)
            raise SlipwayError(f"{bento}: version {found} answers, not {version}; no traffic was shifted")
        self._stop("stable")
        self.arms["stable"] = server
        self.before, self.shifted = self.state(), True
        self._write(TrafficState(stable=Deployed(number=version, bento=bento)))

    def restore(self) -> None:
        """Undo the last `shift`: the version before it is stable again, or nothing is."""
        if not self.shifted:
            raise SlipwayError(f"{self.path}: no shift to undo")
        if self.before is None:
            self.path.unlink(missing_ok=True)
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
        return version_at(self.arms["stable"].url, self.line.system, self.timeout_s)

    def _alone(self, stack: ExitStack) -> None:
        lock = self.line.traffic_lock
        lock.parent.mkdir(parents=True, exist_ok=True)
        try:
            if self.stop is None:
                stack.enter_context(FileLock(lock, timeout=0))
            else:
                with self.stop_request.made(self.stop, self.release_s):
                    stack.enter_context(FileLock(lock, timeout=self.release_s))
        except Timeout as error:
            # guard rollback.traffic
            raise Refused(f"{lock}: {self._holder()} has the local traffic of {self.line.name}") from error

    def _holder(self) -> str:
        if self.stop is None:
            return "another process"
        owners = sorted({str(server.owner) for server in servers.running(self.project)})
        named = f" ({' or '.join(owners)})" if owners else ""
        return f"after {self.release_s:g} s of being asked to stop, another process{named} still"

    def _begin_canary(self, canary: Deployed, stack: ExitStack) -> None:
        now = self.state()
        if now is None:
            raise SlipwayError(f"{self.path}: nothing is live; a first version needs no canary")
        with ThreadPoolExecutor(2) as both:
            list(both.map(self._start, ("stable", "canary"), (now.stable, canary)))
        self._write(TrafficState(stable=now.stable, canary=canary, experiment=self.experiment))
        self.pool = stack.enter_context(ThreadPoolExecutor(FLIGHT))
        for _ in range(FLIGHT):
            clients = {arm: Client(server.url, self.timeout_s) for arm, server in self.arms.items()}
            self.idle.put(clients)
            for client in clients.values():
                stack.callback(client.close)

    def _end_canary(self) -> None:
        now = self.state()
        if now is not None and now.canary is not None:
            self._write(TrafficState(stable=now.stable))

    def _send(self, clients: dict[Arm, Client], call: Call) -> Reply:
        try:
            return clients[call.arm].post(f"/v2/models/{self.line.system}/infer", call.body)
        finally:
            self.idle.put(clients)

    def _start(self, arm: Arm, version: Deployed) -> None:
        self.arms[arm] = self.start(self.project, version.bento, version.number)

    def _stop(self, arm: Arm) -> None:
        if arm in self.arms:
            servers.stop(self.project, self.arms.pop(arm))

    def _stop_all(self) -> None:
        with ExitStack() as stack:
            for arm in tuple(self.arms):
                stack.callback(partial(self._stop, arm))

    def _write(self, new: TrafficState) -> None:
        write_text(self.path, new.model_dump_json(indent=2))


def version_at(url: str, system: str, timeout_s: float) -> int | None:
    """The version that a server says it is, None where it does not say."""
    client = Client(url, timeout_s)
    reply = client.get(f"/v2/models/{system}")
    client.close()
    if reply.status != 200:
        return None
    try:
        return int(orjson.loads(reply.content)["versions"][0])
    except (ValueError, KeyError, TypeError, IndexError):
        return None
