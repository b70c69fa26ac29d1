"""Who has the traffic of a line on this machine: a lock, and a way to ask its holder for it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

from filelock import FileLock, Timeout

from slipway.base.atomic import write_text
from slipway.base.errors import Refused
from slipway.release import servers
from slipway.rollout.stop import RELEASE_S, StopRequest
from slipway.rollout.target import NOTES, Note
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
            for name in NOTES:
                self.write(name, None)
            stack.enter_context(self.settle())
            yield

    def stop_asked(self) -> str | None:
        """Why another process asks for the traffic, None where none does."""
        return self.stop_request.found()

    def note(self, name: Note) -> str | None:
        """A file beside the request to stop."""
        try:
            return self.line.note(name).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def write(self, name: Note, text: str | None) -> None:
        """Whole, or not at all."""
        if text is None:
            self.line.note(name).unlink(missing_ok=True)
        else:
            write_text(self.line.note(name), text)

    def left(self) -> str | None:
        """The operating system frees a lock: what its holder left is seen in the traffic alone."""
        return None

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
