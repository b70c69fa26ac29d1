"""Production on this machine behind one address: it follows traffic, and what crashes comes back."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from slipway.base.errors import Refused, SlipwayError
from slipway.release import servers
from slipway.release.processes import alive
from slipway.release.servers import Server
from slipway.rollout.target import Deployed
from slipway.rollout.targets.local import LocalPlacement
from slipway.rollout.targets.local_addresses import written_down
from slipway.rollout.targets.local_front import Front, opened
from slipway.settings import Line

LOOK_S = 0.25
"""Seconds between two looks at where traffic goes and whether the server lives."""
TRIES, FIRST_S, STEADY_S = 5, 0.5, 60.0
"""After a crash a version is started again so often in a row, each time after twice as long as the time
before; one that has lived so long begins anew."""


@dataclass
class Tries:
    """When a version that does not stay up is started again: later each time, and not for ever.

    Attributes:
        failed: how often in a row it ended or did not start.
        due: when the next start is, in seconds of a clock that nobody sets.
    """

    failed: int = 0
    due: float = 0.0

    def ended(self, now: float, lived: float) -> None:
        """Note that it ended after so many seconds of life; 0 where it did not start."""
        self.failed = 1 if lived >= STEADY_S else self.failed + 1
        self.due = now + FIRST_S * 2 ** (self.failed - 1)

    @property
    def spent(self) -> bool:
        """Whether it was tried often enough."""
        return self.failed > TRIES


class Production:
    """The server that stable traffic goes to, behind a front."""

    def __init__(
        self, placement: LocalPlacement, front: Front, tell: Callable[[str], None] = lambda text: None
    ) -> None:
        """Take where traffic is written down, and where it is answered.

        Args:
            tell: told what happens, in a line.
        """
        self.placement, self.front, self.tell = placement, front, tell
        self.project, self.line = placement.project, placement.line
        self.server: Server | None = None
        self.since = 0.0
        self.target: Deployed | None = None
        self.tries = Tries()

    def live(self) -> Deployed:
        """The version that stable traffic goes to.

        Raises:
            Refused: there is none.
        """
        state = self.placement.state()
        if state is None:
            # guard serve.live
            raise Refused(
                f"no version of {self.line.name} is live; run `slipway demo --size {self.line.size}` first"
            )
        return state.stable

    def look(self, now: float) -> None:
        """Do what is due: serve what traffic goes to by now, start again what has ended.

        Args:
            now: in seconds of a clock that nobody sets.

        Raises:
            Refused: nothing is live any more.
            SlipwayError: the version in production does not stay up, and no other answers in its place.
        """
        live = self.live()
        if live != self.target:
            self.target, self.tries = live, Tries()
        if self.server is not None and not alive(self.server.pid, self.server.started):
            self._ended(self.server, now)
        if self.server is not None and self.server.version == live.number:
            return
        if not self.tries.spent:
            if now >= self.tries.due:
                self._try(live, now)
        elif self.server is None:
            raise SlipwayError(
                f"the server of version {live.number} ended {self.tries.failed} times in a row; "
                "see .slipway/servers/"
            )  # guard serve.crashes

    def begin(self, version: Deployed, now: float | None = None) -> None:
        """Start a version, and let it answer in the place of the one before.

        Raises:
            SlipwayError: it does not get ready, or is not to be had; what answered goes on.
        """
        found = self.placement.started(version)
        before, self.server = self.server, found
        self.since = time.monotonic() if now is None else now
        self.target = version
        self.front.lead(found.url)
        self.tell(f"version {version.number} answers at {self.front.url}")
        if before is not None:
            servers.stop(self.project, before)

    def close(self) -> None:
        """End the server; the front has answered what was under way."""
        if self.server is not None:
            servers.stop(self.project, self.server)
            self.server = None

    def _ended(self, server: Server, now: float) -> None:
        servers.stop(self.project, server)
        self.server = None
        if self.target is not None and server.version == self.target.number:
            self.tries.ended(now, now - self.since)
            self._tell_next(f"the server of version {server.version} ended")

    def _try(self, version: Deployed, now: float) -> None:
        try:
            self.begin(version, now)
        except SlipwayError as error:
            self.tries.ended(now, 0.0)
            self._tell_next(str(error))

    def _tell_next(self, what: str) -> None:
        again = "it is not started again" if self.tries.spent else "it is started again"
        self.tell(f"{what}; {again} ({self.tries.failed} in a row)")


@contextmanager
def production(
    line: Line, host: str, port: int, tell: Callable[[str], None] = lambda text: None
) -> Iterator[Production]:
    """Serve what is live at an address while the block lasts; its first server is ready when it begins.

    Raises:
        Refused: nothing is live.
        NotReady: its server does not get ready.
        SlipwayError: the address cannot be had, or the version is not to be had here.
    """
    servers.reap(line.project)
    with ExitStack() as last, opened(host, port) as front:
        found = Production(LocalPlacement(line), front, tell)
        last.callback(found.close)  # once the front has answered what was under way
        found.begin(found.live())
        with written_down(line, front.url):
            yield found
