"""Asking whoever holds the traffic of a line to give it up."""

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from slipway.base.atomic import write_text
from slipway.settings import Line


class StopRequest:
    """In force while the process that made it waits; the operating system ends it with its maker."""

    def __init__(self, line: Line) -> None:
        self.reason = line.stop_request
        self.lock = self.reason.with_suffix(".lock")

    @contextmanager
    def made(self, reason: str, wait_s: float) -> Iterator[None]:
        """Ask while the block lasts; only one process may, another waits so many seconds for its turn.

        Raises:
            Timeout: the turn did not come.
        """
        self.lock.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self.lock, timeout=wait_s):
            write_text(self.reason, reason)
            try:
                yield
            finally:
                self.reason.unlink(missing_ok=True)

    def found(self) -> str | None:
        """Why somebody asks, None where nobody does; what a killed process left is removed."""
        try:
            reason = self.reason.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        try:
            with FileLock(self.lock, timeout=0):
                self.reason.unlink(missing_ok=True)
        except Timeout:
            return reason
        return None
