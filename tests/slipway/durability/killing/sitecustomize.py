"""Ends a process with SIGKILL at a line that its environment names; Python imports this where it finds it.

`KILL_IN` names functions as `file:function`, by the end of a file's path and a qualified name in which `*`
stands for anything, separated by commas; `KILL_AT` says before which of the lines that they run, counted from
1, the process is killed; with `KILL_GROUP` its whole process group is.
"""

import fnmatch
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

Line = Callable[[str, str, int], None]
"""Takes a file, a function and a line that is about to run."""


def watch(functions: str, line: Line) -> None:
    """Have `line` called before each line of the functions, in every thread of this process."""
    wanted = [one.rsplit(":", 1) for one in functions.split(",")]
    known: dict[CodeType, bool] = {}

    def is_wanted(code: CodeType) -> bool:
        return any(
            code.co_filename.endswith(file) and fnmatch.fnmatchcase(code.co_qualname, name)
            for file, name in wanted
        )

    def inside(frame: FrameType, event: str, _: Any) -> Any:
        if event == "line":
            line(frame.f_code.co_filename, frame.f_code.co_qualname, frame.f_lineno)
        return inside

    def entered(frame: FrameType, _event: str, _arg: Any) -> Any:
        code = frame.f_code
        if code not in known:
            known[code] = is_wanted(code)
        return inside if known[code] else None

    threading.settrace(entered)
    sys.settrace(entered)


def kill_at(functions: str, at: int, group: bool = False) -> None:
    """Kill this process, or its group, before the line of that count."""
    count = 0

    def line(_file: str, _function: str, _number: int) -> None:
        nonlocal count
        count += 1
        if count == at:
            os.kill(0 if group else os.getpid(), signal.SIGKILL)

    watch(functions, line)


def kill_before(functions: str, number: int) -> None:
    """Kill this process before the line of that number, where it comes to it."""

    def line(_file: str, _function: str, found: int) -> None:
        if found == number:
            os.kill(os.getpid(), signal.SIGKILL)

    watch(functions, line)


if "KILL_IN" in os.environ:
    kill_at(os.environ["KILL_IN"], int(os.environ["KILL_AT"]), "KILL_GROUP" in os.environ)
