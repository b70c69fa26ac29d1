"""The test's end of the zygote: run a function in a process of its own, to its end or to a line of it."""

import json
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.slipway.root import ROOT


@dataclass(frozen=True)
class Ended:
    """How a process ended: its exit code or, below zero, its signal; its answer, and the lines it ran."""

    code: int
    answer: Any
    lines: tuple[str, ...]

    @property
    def killed(self) -> bool:
        """Whether SIGKILL ended it."""
        return self.code == -signal.SIGKILL

    @property
    def first(self) -> list[int]:
        """The counts at which each line was run for the first time."""
        return sorted({line: at for at, line in reversed(list(enumerate(self.lines, 1)))}.values())

    def spread(self, most: int) -> list[int]:
        """So many of those at most, evenly, from the first to the last."""
        places = self.first
        return sorted({places[number * (len(places) - 1) // (most - 1)] for number in range(most)})


class Forks:
    """Processes forked from a warm one; a context manager."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.said = folder / "said.json"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.slipway.durability.zygote"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(folder / "zygote.log").open("w"),
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=60)

    def run(
        self,
        cwd: Path,
        call: str,
        *arguments: Any,
        functions: str = "",
        at: int | None = None,
        line: int | None = None,
        group: bool = False,
        warm: bool = False,
    ) -> Ended:
        """Run `module:function` with JSON arguments in a folder.

        Args:
            functions: those whose lines are counted, see `killing/sitecustomize.py`.
            at: before which of them the process is killed; None lets it end.
            line: of a file, at the first of which it is killed; None as well.
            group: kill its process group, and so its children.
            warm: run it in the process that others are forked from, which inherit what it has prepared.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.said.unlink(missing_ok=True)
        request = {
            "cwd": str(cwd),
            "call": call,
            "arguments": arguments,
            "functions": functions,
            "at": at,
            "line": line,
            "group": group,
            "warm": warm,
            "said": str(self.said),
        }
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        code = json.loads(self.process.stdout.readline())
        said = json.loads(self.said.read_text()) if self.said.exists() else {"answer": None, "lines": ()}
        return Ended(code, said["answer"], tuple(said["lines"]))

    def done(self, cwd: Path, call: str, *arguments: Any, warm: bool = False) -> Any:
        """Run one that must end well, and give its answer."""
        ended = self.run(cwd, call, *arguments, warm=warm)
        assert ended.code == 0, ended.answer
        return ended.answer
