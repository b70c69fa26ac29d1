"""The gateway: requests of a line through it, and what it really does with buckets."""

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue

import orjson

from slipway.base.errors import SlipwayError
from slipway.rollout import buckets
from slipway.rollout.call import Call
from slipway.rollout.client import NONE, Client, Reply
from slipway.rollout.target import Over
from slipway.rollout.targets.cluster.names import DOOR_HEADER

FLIGHT = 4
"""Requests under way at once, as of the local target."""
SEEN_S = 60.0
"""Seconds that a gateway has to do what a route says."""
ROUNDS = 3
"""Looks one after another that have to agree, each by a connection of its own: a gateway may be several."""
PROBES = 8
"""Buckets of each side that are tried in a look."""
PAUSE_S = 0.1


class Door:
    """Sends requests of a line to its gateway."""

    def __init__(self, url: str, host: str, system: str, timeout_s: float, seen_s: float = SEEN_S) -> None:
        """Take where it answers, the line's host name, the system, and how long to wait for what."""
        self.url, self.system, self.timeout_s, self.seen_s = url, system, timeout_s, seen_s
        self.headers = {"Host": host}

    def version(self, headers: Mapping[str, str] = NONE, client: Client | None = None) -> int | None:
        """The version that answers a request with these headers, None where none says that it does."""
        asked = client or Client(self.url, self.timeout_s, self.headers)
        reply = asked.get(f"/v2/models/{self.system}", headers)
        if client is None:
            asked.close()
        if reply.status != 200:
            return None
        try:
            return int(orjson.loads(reply.content)["versions"][0])
        except (ValueError, KeyError, TypeError, IndexError):
            return None

    def wait(self, expected: Mapping[str, int | None], header: str = buckets.HEADER) -> None:
        """Wait until buckets are answered by the versions that they should be, look after look.

        Args:
            expected: the version by bucket; the bucket `""` is a request without one.
            header: what the keys are values of, if not buckets.

        Raises:
            SlipwayError: they are not in time.
        """
        until, agreed, wrong = time.monotonic() + self.seen_s, 0, ""
        while agreed < ROUNDS and (agreed or time.monotonic() < until):
            found = self._look(expected, header)
            agreed = agreed + 1 if found == expected else 0
            if not agreed:
                bucket = next(one for one in expected if found[one] != expected[one])
                wrong = f"bucket {bucket or 'none'}: {_named(found[bucket])} answers, not {expected[bucket]}"
            time.sleep(PAUSE_S)
        if not agreed:
            raise SlipwayError(
                f"{self.url} for {self.headers['Host']}: after {self.seen_s:g} s {wrong}"
            )  # guard cluster.observed

    def wait_without(self, version: int, tried: Sequence[str]) -> None:
        """Wait until none of these buckets is answered by a version, whatever else does or does not answer.

        Raises:
            SlipwayError: one still is.
        """
        until, agreed = time.monotonic() + self.seen_s, 0
        while agreed < ROUNDS and (agreed or time.monotonic() < until):
            found = self._look(dict.fromkeys(tried), buckets.HEADER)
            agreed = 0 if version in found.values() else agreed + 1
            time.sleep(PAUSE_S)
        if not agreed:
            raise SlipwayError(
                f"{self.url} for {self.headers['Host']}: version {version} still answers "
                f"{self.seen_s:g} s after its route was deleted; its Pods are left running"
            )  # guard cluster.route_gone

    def _look(self, expected: Mapping[str, int | None], header: str) -> dict[str, int | None]:
        client = Client(self.url, self.timeout_s, self.headers)
        try:
            return {one: self.version({header: one} if one else NONE, client) for one in expected}
        finally:
            client.close()


def split(stable: int, canary: int, experiment: str, weight: int) -> dict[str, int | None]:
    """Which version should answer which bucket at a weight: those on both sides of it, and a few of the rest.

    Returns versions by bucket, as `Door.wait` takes them.
    """
    order = buckets.of_canary(experiment, buckets.BUCKETS)
    # The newest of the canary's, and the next ones: a route of an earlier weight differs there.
    chosen = [*order[:weight][:2], *order[:weight][-PROBES:]]
    rest = [*order[weight:][:PROBES], *order[weight:][-2:]]
    found: dict[str, int | None] = {"": stable}
    return found | dict.fromkeys(map(str, chosen), canary) | dict.fromkeys(map(str, rest), stable)


def taken(experiment: str, weight: int) -> list[str]:
    """Some buckets of a canary at a weight that is not known for sure: the first is its at every weight."""
    order = buckets.of_canary(experiment, buckets.BUCKETS)
    return [*map(str, order[:PROBES]), *map(str, order[:weight][-PROBES:])]


class Sender:
    """Carries a rollout's requests, a few at once."""

    def __init__(self, door: Door, arms: Mapping[str, Mapping[str, str]]) -> None:
        """Take how each arm is asked whatever the bucket, by the headers that lead there."""
        self.door, self.arms = door, arms
        self.idle: SimpleQueue[Client] = SimpleQueue()

    @contextmanager
    def open(self) -> Iterator["Sender"]:
        """Have connections while the block lasts."""
        clients = [Client(self.door.url, self.door.timeout_s, self.door.headers) for _ in range(FLIGHT)]
        for client in clients:
            self.idle.put(client)
        with ThreadPoolExecutor(FLIGHT) as self.pool:
            yield self
        for client in clients:
            client.close()

    def send(self, calls: Sequence[Call], over: Over) -> list[Reply]:
        """Send requests until it is over: by their buckets, or where no unit is named, to an arm itself."""
        sent = []
        for call in calls:
            client = self.idle.get()
            if over():
                self.idle.put(client)
                break
            sent.append(self.pool.submit(self._send, client, call))
        return [reply.result() for reply in sent]

    def _send(self, client: Client, call: Call) -> Reply:
        to = self.arms[call.arm] if call.unit is None else {buckets.HEADER: str(buckets.bucket(call.unit))}
        try:
            return client.post(f"/v2/models/{self.door.system}/infer", call.body, to)
        finally:
            self.idle.put(client)


def door_headers(secret: str) -> dict[str, str]:
    """By which a version is asked, whatever the bucket."""
    return {DOOR_HEADER: secret}


def _named(version: int | None) -> str:
    return "no version" if version is None else f"version {version}"
