"""The drills of docs/runbook.md: what stands in their fences, and how it is run as it stands."""

import os
import re
import shlex
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.slipway.cli.conftest import environment, slipway
from tests.slipway.root import REPOSITORY

DOCUMENT = REPOSITORY / "docs" / "runbook.md"
HEADING = re.compile(r"^## (?P<title>.+)$\n", re.MULTILINE)
FENCE = re.compile(r"^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
ENDS = re.compile(r"  # ends with (?P<code>\d+)$")
SHELL = frozenset("|&;<>$`*(){}")
"""Whatever has one of them is for a shell; a plain command of slipway is forked from a warm process."""
FRAME = re.compile("[│┃┏┓┗┛┡┩└┘├┤─━┳┴┬╇┼ \t]+")


@dataclass(frozen=True)
class Command:
    """A line of a fence, and the code that it has to end with."""

    line: str
    code: int


@dataclass(frozen=True)
class Step:
    """Commands and, in order, lines of what they print; without commands what the incident itself printed."""

    commands: tuple[Command, ...]
    prints: tuple[str, ...]


@dataclass(frozen=True)
class Drill:
    """One incident: its section, and the steps in it."""

    title: str
    text: str
    steps: tuple[Step, ...]


def drills() -> dict[str, Drill]:
    """Those of the document, by their titles; sections without a command are none."""
    _, *parts = HEADING.split(DOCUMENT.read_text(encoding="utf-8"))
    found = [Drill(title, text, tuple(_steps(text))) for title, text in zip(*[iter(parts)] * 2, strict=True)]
    return {one.title: one for one in found if any(step.commands for step in one.steps)}


def _steps(text: str) -> list[Step]:
    found: list[Step] = []
    for fence in FENCE.finditer(text):
        lines = tuple(fence["text"].splitlines())
        if fence["kind"] == "sh":
            found.append(Step(tuple(map(_command, lines)), ()))
        elif found and not found[-1].prints:
            found[-1] = Step(found[-1].commands, lines)
        else:
            found.append(Step((), lines))
    return found


def _command(line: str) -> Command:
    ends = ENDS.search(line)
    return Command(ENDS.sub("", line), int(ends["code"]) if ends else 0)


@dataclass
class Shell:
    """Runs the lines of a drill one after the other, from the folder of its project."""

    folder: Path
    changes: dict[str, str] = field(default_factory=dict)
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """Nobody's settings of Git; the commands of the set-up first."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        nobody = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "PATH": path}
        return environment(nobody | self.changes)

    def run(self, drill: Drill, said: str = "") -> None:
        """Run all of it, and hold each line that it promises against what was printed.

        Args:
            said: what the incident printed before the first command.
        """
        for step in drill.steps:
            printed = "".join(map(self._ran, step.commands)) if step.commands else said
            require_printed(step.prints, printed)

    def _ran(self, command: Command) -> str:
        words = shlex.split(command.line)
        if words[0] == "cd":
            self.folder = (self.folder / words[1]).resolve()
            return ""
        if words[-1] == "&":
            return self._begin(command.line.removesuffix("&"))
        if words[0] == "slipway" and not SHELL & set(command.line):
            ended = slipway(self.folder, *words[1:], **self.environment)
        else:
            ended = subprocess.run(
                ["bash", "-c", command.line],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
        printed = f"{ended.stdout}\n{ended.stderr}"
        assert ended.returncode == command.code, f"{command.line}: {ended.returncode}\n{printed}"
        return printed

    def _begin(self, line: str) -> str:
        before = signal.signal(signal.SIGINT, signal.SIG_DFL)
        try:
            command = ["bash", "-c", f"exec {line}"]
            pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            self.running.append(subprocess.Popen(command, cwd=self.folder, env=self.environment, **pipes))
        finally:
            signal.signal(signal.SIGINT, before)
        return ""

    def close(self) -> None:
        """End what runs in the background."""
        for process in self.running:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)


def require_printed(expected: tuple[str, ...], printed: str) -> None:
    """Each line stands in what was printed, after the one before; `…` is whatever stands there."""
    left = [FRAME.sub(" ", line).strip() for line in printed.splitlines()]
    for line in expected:
        wanted = re.compile(".*?".join(map(re.escape, FRAME.sub(" ", line).strip().split("…"))))
        at = next((number for number, one in enumerate(left) if wanted.search(one)), None)
        assert at is not None, f"not printed: {line!r}\n{printed}"
        left = left[at + 1 :]
