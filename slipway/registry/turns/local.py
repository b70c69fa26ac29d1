"""Turns on one machine: a lock that the operating system frees when its holder dies, and a file."""

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from slipway.base.atomic import write_text
from slipway.base.errors import Refused, SlipwayError
from slipway.records.seal import Link
from slipway.registry.turns.turn import Left
from slipway.settings import Line


class LocalTurns:
    """Nobody loses a turn here, so nobody outlives one."""

    def __init__(self, line: Line) -> None:
        self.line, self.intent = line, line.intent

    @property
    def place(self) -> str:
        """The file of the intent."""
        return str(self.intent)

    @contextmanager
    def taken(self, wait: bool = False) -> Iterator["LocalTurns"]:
        """Hold the lock."""
        self.line.lock.parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.line.lock, timeout=-1 if wait else 0):
                yield self
        except Timeout as error:
            raise Refused(
                f"another process is moving production of {self.line.registered}; try again later"
            ) from error  # guard promote.alone

    def look(self) -> Left:
        """The file's content; the file may go while it is looked for."""
        try:
            return Left(begun=self.intent.read_text(encoding="utf-8", errors="replace"))
        except FileNotFoundError:
            return Left()
        except OSError as error:
            raise SlipwayError(f"{self.intent}: {error.strerror}") from error

    @property
    def left(self) -> Left:
        """See `look`."""
        return self.look()

    def begin(self, intent: str) -> None:
        """Write the file."""
        write_text(self.intent, intent)

    def require(self) -> None:
        """It is."""

    def end(self, settled: str | None, answered: bool = False, sealed: Link | None = None) -> None:
        """Remove the file."""
        self.intent.unlink(missing_ok=True)
