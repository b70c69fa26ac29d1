"""Start a version's own process and talk to it."""

import json
import os
import selectors
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from slipway.base.errors import SlipwayError
from slipway.trust.environment import bare
from slipway.version.manifest import CODE
from slipway.version.origin import search_path
from slipway.version.proven import Proven

FOOTER = "For further information visit"
"""The last line of pydantic's errors, which says nothing of the error."""


class Deadlines(NamedTuple):
    """Seconds that a version may take: to start, to score a file, to answer one request."""

    start: float = 120.0
    score: float = 600.0
    request: float = 60.0


class VersionProcess:
    """A proven version, run by the code packaged with it; a context manager.

    Every failure is a SlipwayError and ends the process.

    Args:
        python: the interpreter that runs it, by default this one.
    """

    def __init__(
        self,
        version: Proven,
        deadlines: Deadlines | None = None,
        python: Path | None = None,
        module: str = "slipway.version.worker",
    ) -> None:
        """Take a version, whose `module` answers; the interpreter is by default this one."""
        self.module = module
        self.version, self.folder = version, version.folder.resolve()
        self.python = str(python or sys.executable)
        self.deadlines = deadlines or Deadlines()

    def __enter__(self) -> Self:
        # The version's own code cannot vouch for itself: Python runs bytecode beside it before any check.
        self.manifest = self.version.verified()
        path = search_path(self.folder / CODE)
        # Replies are read with os.read under a deadline, so what follows a line is kept here.
        self.unread = b""
        # A file, not a pipe: nobody reads it meanwhile, and a full pipe would stop the process.
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(  # noqa: S603 - an interpreter of ours, no user input
            # -P keeps the working directory, which holds another slipway, off the path.
            [self.python, "-P", "-m", self.module, str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            env=bare(PYTHONPATH=path, PYTHONDONTWRITEBYTECODE="1"),
        )
        try:
            # It says so once its digests and the origin of its modules are checked.
            self._read("ready", self.deadlines.start)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._end()
        for pipe in (self.process.stdin, self.process.stdout, self.errors):
            if pipe is not None and not pipe.closed:
                pipe.close()

    @property
    def ended(self) -> bool:
        """Whether it has failed; it answers nothing any more."""
        return self.process.poll() is not None

    def score(self, requests: Path, out: Path) -> NDArray[np.float64]:
        """The scores of every row of a Parquet file, [rows] or [rows, k].

        Args:
            out: where its process writes them, as `.npy`.
        """
        self._send(
            {"score": str(requests.resolve()), "out": str(out.resolve())}, "rows", self.deadlines.score
        )
        try:
            return np.asarray(np.load(out, allow_pickle=False), np.float64)
        except (OSError, ValueError, TypeError) as error:
            raise self._failure(f"its scores cannot be read: {error}") from error

    def infer(self, body: Path, out: Path) -> str | None:
        """Answer a body of the Open Inference Protocol; needs `slipway.serving.batch` as module.

        Args:
            out: where its process writes the answer, as JSON.

        Returns:
            Why the version takes no such body; None where it has answered.
        """
        command = {"infer": str(body.resolve()), "out": str(out.resolve())}
        refused = self._send(command, "refused", self.deadlines.score)
        return None if refused is None else str(refused)

    def seconds(self, requests: Path, start: int, stop: int) -> float:
        """Seconds that the rows from `start` up to, but without, `stop` take as one request."""
        command = {"time": str(requests.resolve()), "start": start, "stop": stop}
        found = self._send(command, "nanoseconds", self.deadlines.request)
        if not isinstance(found, int):
            raise self._failure(f"nanoseconds: found {found!r}, expected an integer")
        return found / 1e9

    def _send(self, command: dict[str, Any], wanted: str, seconds: float) -> Any:
        if self.process.stdin is None:  # Popen was given a pipe
            raise SlipwayError(f"{self.folder}: its process takes no input")
        try:
            # Unbuffered: a buffer would fail at some later write, where nobody expects it.
            os.write(self.process.stdin.fileno(), json.dumps(command).encode() + b"\n")
        except BrokenPipeError as error:
            raise self._failure() from error
        return self._read(wanted, seconds)

    def _read(self, wanted: str, seconds: float) -> Any:
        """One field of the next reply."""
        line = self._line(seconds)
        try:
            return dict(json.loads(line))[wanted]
        except (ValueError, TypeError, KeyError) as error:
            said = repr(line[:80].decode("utf-8", "replace"))
            raise self._failure(f"it said {said}, expected a reply with {wanted!r}") from error

    def _line(self, seconds: float) -> bytes:
        # One deadline for the whole line, so that a reply that trickles ends too.
        deadline = time.monotonic() + seconds
        if self.process.stdout is None:  # Popen was given a pipe
            raise SlipwayError(f"{self.folder}: its process gives no output")
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while b"\n" not in self.unread:
                if not selector.select(max(deadline - time.monotonic(), 0)):
                    raise self._failure(f"no answer within {seconds:g} s")
                piece = os.read(self.process.stdout.fileno(), 65536)
                # End of the pipe: the process is gone.
                if not piece:
                    raise self._failure()
                self.unread += piece
        line, _, self.unread = self.unread.partition(b"\n")
        return line

    # Killed, not asked: a version's own code must not be able to stay.
    def _end(self) -> None:
        self.process.kill()
        self.process.wait()

    def _failure(self, reason: str | None = None) -> SlipwayError:
        """End the process; the reason is by default the last thing that it said."""
        self._end()
        return SlipwayError(
            f"{self.folder}: the version's own code could not answer: {reason or self._last_words()}"
        )

    def _last_words(self) -> str:
        self.errors.seek(0)
        lines = self.errors.read().decode("utf-8", "replace").splitlines()
        said = [line.strip() for line in lines if line.strip() and FOOTER not in line]
        return said[-1].removeprefix("error: ") if said else "it said nothing"
