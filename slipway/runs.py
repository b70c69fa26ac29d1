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

from slipway.base.errors import SlipwayError
from slipway.base.failure import PLACE, read_failure
from slipway.release import servers
from slipway.settings.root import Project
from slipway.storage.run_folders import held

# kfp colours the name, so codes of the terminal may stand before the quote.
TASK = re.compile(r"Executing task \S*?'([^']+)'")


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

    def write(self, text: str) -> int:
        """Log the text, and hear its whole lines."""
        self.log.write(text)
        *lines, self.rest = (self.rest + text).split("\n")
        # `tell` may print, and that must not come back here.
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


@contextlib.contextmanager
def heard(project: Project, name: str, tell: Callable[[str, str], None]) -> Iterator[Listener]:
    """Send what is printed inside the block to a log.

    Args:
        name: of the log; an earlier one of that name is continued.
        tell: called with `task` and a task's name, or `line` and a stage's own line.
    """
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
def _started_by_kfp(failed: Path) -> Iterator[None]:
    """Let kfp start tasks by the name `python3`, with this interpreter's folder first on PATH.

    It would paste the interpreter's path into a shell line without quotes, where a space ends it, and into
    any argument that holds the word.

    Args:
        failed: the file in which a task says what failed.
    """
    executable, before = sys.executable, {name: os.environ.get(name) for name in ("PATH", PLACE)}
    sys.executable = "python3"
    os.environ["PATH"] = f"{Path(executable).parent}{os.pathsep}{before['PATH'] or ''}"
    os.environ[PLACE] = str(failed)
    try:
        yield
    finally:
        sys.executable = executable
        for name, value in before.items():
            os.environ.pop(name, None)
            os.environ |= {} if value is None else {name: value}


def run_locally(
    project: Project,
    pipeline: Callable[..., Any],
    arguments: dict[str, Any],
    tell: Callable[[str, str], None],
) -> LocalRun:
    """Run a pipeline task by task in processes of this interpreter.

    What tasks hand to each other lies in `.slipway/runs/ID` until a later run begins, or of the last run that
    failed until another one fails. Logs stay.

    Args:
        tell: called with `task` and a task's name, or `line` and a stage's own line.

    Raises:
        SlipwayError: a task failed; the error is the one that the task raised, with its exit code.
    """
    from kfp import local

    name = arguments["run"]["id"]
    folder = project.state / "runs" / name
    # A venv for each task, kfp's default, would not have the packages that the project pins.
    local.init(runner=local.SubprocessRunner(use_venv=False), pipeline_root=str(folder), raise_on_error=True)
    path, failed = (folder.with_name(f"{name}.{kind}") for kind in ("log", "error.json"))
    failed.unlink(missing_ok=True)  # of an earlier run of that name
    with heard(project, name, tell) as listener, held(project, folder):
        try:
            with warnings.catch_warnings(), _started_by_kfp(failed):
                warnings.simplefilter("ignore")  # display names have no effect here, says kfp for every task
                pipeline(**arguments)
        except RuntimeError as error:
            last = listener.tasks[-1] if listener.tasks else "the first task"
            raise _said(failed, last, path) from error  # guard run.task
        finally:
            servers.reap(project)  # those of a task that was killed
    return LocalRun(tuple(listener.tasks), path)


def _said(failed: Path, task: str, log: Path) -> SlipwayError:
    """The error that a task raised; one that nobody foresaw, or the end of a process, as a line."""
    failure = read_failure(failed)
    if failure is None:
        return SlipwayError(f"{task} failed: it gave no reason, as one that was killed; its log is {log}")
    return failure.foreseen() or SlipwayError(
        f"{task} failed: {failure.error}: {failure.message}; its log is {log}"
    )
