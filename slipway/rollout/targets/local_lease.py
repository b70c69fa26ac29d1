"""Who has the traffic of a line on this machine: a lock, and a way to ask its holder for it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

from filelock import FileLock, Timeout

from slipway.base.errors import Refused
from slipway.release import servers
from slipway.rollout.stop import RELEASE_S, StopRequest
from slipway.settings import Line


class LocalLease:
    """A lock that the operating system frees when its holder dies."""

    def __init__(
        self, line: Line, settle: Callable[[], AbstractContextManager[None]], release_s: float = RELEASE_S
    ) -> None:
        """Take the line whose traffic is to be held.

        Args:
            settle: puts in order what a killed holder left, and after its block what this one did.
            release_s: how long to wait for a holder that is asked to stop.
        """
        self.line, self.settle, self.release_s = line, settle, release_s
        self.stop_request = StopRequest(line)

    @contextmanager
    def held(self, stop: str | None = None) -> Iterator[None]:
        """Have the traffic while the block lasts."""
        with ExitStack() as stack:
            self._alone(stack, stop)  # guard canary.alone
            stack.enter_context(self.settle())
            yield

    def stop_asked(self) -> str | None:
        """Why another process asks for the traffic, None where none does."""
        return self.stop_request.found()

    def _alone(self, stack: ExitStack, stop: str | None) -> None:
        lock = self.line.traffic_lock
        lock.parent.mkdir(parents=True, exist_ok=True)
        try:
            if stop is None:
                stack.enter_context(FileLock(lock, timeout=0))
            else:
                with self.stop_request.made(stop, self.release_s):
                    stack.enter_context(FileLock(lock, timeout=self.release_s))
        except Timeout as error:
            raise Refused(
                f"{lock}: {self._holder(stop)} has the local traffic of {self.line.name}"
            ) from error  # guard rollback.traffic

    def _holder(self, stop: str | None) -> str:
        if stop is None:
            return "another process"
        owners = sorted({str(server.owner) for server in servers.running(self.line.project)})
        named = f" ({' or '.join(owners)})" if owners else ""
        return f"after {self.release_s:g} s of being asked to stop, another process{named} still"
