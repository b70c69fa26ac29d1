"""Asking whoever holds the traffic of a line to give it up."""

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from slipway.base.atomic import write_text
from slipway.settings import Line

RELEASE_S = 180.0
"""Seconds that a canary has to stop once it is asked to; starting its servers alone may take 120."""


class StopRequest:
    """A file with the reason, and a lock that whoever asks holds while it waits.

    The operating system frees the lock when that process dies, and the request ends with it.
    """

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
        # Whoever can have the lock is alone with the file: its maker is gone.
        try:
            with FileLock(self.lock, timeout=0):
                self.reason.unlink(missing_ok=True)
        except Timeout:
            return reason
        return None
