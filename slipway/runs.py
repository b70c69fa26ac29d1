"""Run a Kubeflow pipeline on this machine, with kfp's own runner and a readable progress."""

import contextlib
import io
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from slipway.base import errors
from slipway.release import servers
from slipway.settings.root import Project

TASK = re.compile(r"Executing task \S*?'([^']+)'")
ERROR = re.compile(r"^\s*slipway\.errors\.(\w+): (.*)$")
OTHER = re.compile(r"^\s*((?:[a-zA-Z_]\w*\.)*\w*(?:Error|Exception): .*)$")
MOST = 300
"""Characters of an error that a task did not foresee; its log has the rest."""
CLASSES = {
    kind.__name__: kind
    for kind in (errors.SlipwayError, errors.UsageError, errors.Refused, errors.Inconclusive)
}


@dataclass(frozen=True)
class LocalRun:
    """What a local run did: the tasks that ran, in order, and where its log lies."""

    tasks: tuple[str, ...]
    log: Path


class Listener(io.TextIOBase):
    """Stands in for standard output: all goes to the log, task names and the stages' own lines are told."""

    def __init__(self, log: TextIO, tell: Callable[[str, str], None]) -> None:
        self.log, self.report, self.out = log, tell, sys.stdout
        self.rest = ""
        self.tasks: list[str] = []
        self.error: errors.SlipwayError | None = None
        self.other = "it gave no reason, as one that was killed"

    def write(self, text: str) -> int:
        """Log the text, and hear its whole lines."""
        self.log.write(text)
        *lines, self.rest = (self.rest + text).split("\n")
        with contextlib.redirect_stdout(self.out):
            for line in lines:
                self._hear(line)
        return len(text)

    def _hear(self, line: str) -> None:
        if task := TASK.search(line):
            self.tasks.append(task[1])
            self.report("task", task[1])
        elif "» " in line:
            self.report("line", line.split("» ", 1)[1])
        elif fault := ERROR.match(line):
            self.error = CLASSES.get(fault[1], errors.SlipwayError)(fault[2])
        elif fault := OTHER.match(line):
            self.other = fault[1][:MOST]


@contextlib.contextmanager
def heard(project: Project, name: str, tell: Callable[[str, str], None]) -> Iterator[Listener]:
    """Send what is printed inside to the log of that name, and tell what is worth it."""
    path = project.state / "runs" / f"{name}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as log:
        listener = Listener(log, tell)
        with contextlib.redirect_stdout(listener):
            yield listener


def last_run(project: Project) -> str | None:
    """The id of the pipeline run that this machine began last, None where there was none."""
    logs = (project.state / "runs").glob("[0-9]*.log")  # an id begins with its time
    return max((path.stem for path in logs), default=None)


@contextlib.contextmanager
def _python_by_name() -> Iterator[None]:
    """Let kfp start tasks by the name `python3`, with this interpreter's folder first on PATH.

    It would paste the interpreter's path into a shell line without quotes, where a space ends it, and into
    any argument that holds the word.
    """
    executable, path = sys.executable, os.environ.get("PATH", "")
    sys.executable = "python3"
    os.environ["PATH"] = f"{Path(executable).parent}{os.pathsep}{path}"
    try:
        yield
    finally:
        sys.executable, os.environ["PATH"] = executable, path


def run_locally(
    project: Project,
    pipeline: Callable[..., Any],
    arguments: dict[str, Any],
    tell: Callable[[str, str], None],
) -> LocalRun:
    """Run a pipeline task by task in processes of this interpreter.

    Args:
        tell: called with `task` and a task's name, or `line` and a stage's own line.

    Raises:
        SlipwayError: a task failed; the error is the one that the task raised, with its exit code.
    """
    from kfp import local

    name = arguments["run"]["id"]
    local.init(
        runner=local.SubprocessRunner(use_venv=False),
        pipeline_root=str(project.state / "runs"),
        raise_on_error=True,
    )
    path = project.state / "runs" / f"{name}.log"
    with heard(project, name, tell) as listener:
        try:
            with warnings.catch_warnings(), _python_by_name():
                warnings.simplefilter("ignore")  # display names have no effect here, says kfp for every task
                pipeline(**arguments)
        except RuntimeError as error:
            last = listener.tasks[-1] if listener.tasks else "the first task"
            raise listener.error or errors.SlipwayError(
                f"{last} failed: {listener.other}; its log is {path}"
            ) from error  # guard run.task
        finally:
            servers.reap(project)  # those of a task that was killed
    return LocalRun(tuple(listener.tasks), path)
