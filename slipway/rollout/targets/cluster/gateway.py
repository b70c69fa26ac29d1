"""The gateway: requests of a line through it, and what it really does with buckets."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from slipway.base.errors import SlipwayError
from slipway.rollout import buckets
from slipway.rollout.call import Call, Send
from slipway.rollout.client import NONE, Client, Reply
from slipway.rollout.flight import FLIGHT, flight
from slipway.rollout.reply import version_said
from slipway.rollout.targets.cluster.names import DOOR_HEADER

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
        return version_said(reply)

    def wait(self, expected: Mapping[str, int | None], header: str = buckets.HEADER) -> None:
        """Wait until buckets are answered by the versions that they should be, look after look.

        Args:
            expected: the version by bucket; the bucket `""` is a request without one.
            header: what the keys are values of, if not buckets.

        Raises:
            SlipwayError: they are not in time.
        """
        wrong = ""

        def as_expected() -> bool:
            nonlocal wrong
            found = self._look(expected, header)
            bucket = next((one for one in expected if found[one] != expected[one]), None)
            if bucket is not None:
                wrong = f"bucket {bucket or 'none'}: {_named(found[bucket])} answers, not {expected[bucket]}"
            return bucket is None

        if not self._agreed(as_expected):
            raise SlipwayError(
                f"{self.url} for {self.headers['Host']}: after {self.seen_s:g} s {wrong}"
            )  # guard cluster.observed

    def wait_without(self, version: int, tried: Sequence[str]) -> None:
        """Wait until none of these buckets is answered by a version, whatever else does or does not answer.

        Raises:
            SlipwayError: one still is.
        """
        asked = dict.fromkeys(tried)
        if not self._agreed(lambda: version not in self._look(asked, buckets.HEADER).values()):
            raise SlipwayError(
                f"{self.url} for {self.headers['Host']}: version {version} still answers "
                f"{self.seen_s:g} s after its route was deleted; its Pods are left running"
            )  # guard cluster.route_gone

    def _agreed(self, holds: Callable[[], bool]) -> bool:
        """Whether in time something held look after look, `ROUNDS` of them; rounds that began are ended."""
        until, agreed = time.monotonic() + self.seen_s, 0
        while agreed < ROUNDS and (agreed or time.monotonic() < until):
            agreed = agreed + 1 if holds() else 0
            time.sleep(PAUSE_S)
        return agreed == ROUNDS

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


@contextmanager
def sending(door: Door, arms: Mapping[str, Mapping[str, str]]) -> Iterator[Send]:
    """Send requests while the block lasts: by their buckets, or where no unit is named, to an arm itself.

    Args:
        arms: how each is asked whatever the bucket, by the headers that lead there.
    """

    def ask(client: Client, call: Call) -> Reply:
        to = arms[call.arm] if call.unit is None else {buckets.HEADER: str(buckets.bucket(call.unit))}
        return client.post(f"/v2/models/{door.system}/infer", call.body, to)

    clients = [Client(door.url, door.timeout_s, door.headers) for _ in range(FLIGHT)]
    with ExitStack() as stack:
        for client in clients:
            stack.callback(client.close)
        yield stack.enter_context(flight(clients, ask))


def door_headers(secret: str) -> dict[str, str]:
    """By which a version is asked, whatever the bucket."""
    return {DOOR_HEADER: secret}


def _named(version: int | None) -> str:
    return "no version" if version is None else f"version {version}"
