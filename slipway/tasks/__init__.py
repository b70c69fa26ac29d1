"""What a label is and what good means: each task is one module here, found by its name in `problem.task`."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from slipway.base.errors import UsageError
from slipway.tasks.columns import Column, Columns
from slipway.tasks.interface import Task
from slipway.tasks.merit import Metric, Seen
from slipway.tasks.requests import Answered, Offered, Outcomes, Scores


def names() -> list[str]:
    """The names of all tasks, sorted.

    A task of your own is found once its folder is added to the `__path__` of this package.
    """
    # Modules that declare no TASK, such as `merit`, are what tasks share.
    modules = sorted({one.name for one in iter_modules(__path__)})
    return [name for name in modules if hasattr(import_module(f"{__name__}.{name}"), "TASK")]


@cache  # a service asks with each request, and this looks through a folder
def kind(name: str) -> type[Task]:
    """The class of the task of this name.

    Raises:
        UsageError: there is no such task.
    """
    if name not in names():
        # guard settings.task
        raise UsageError(f"problem.task: found {name!r}; there are {', '.join(names())}")
    found: type[Task] = import_module(f"{__name__}.{name}").TASK
    return found


def bind(name: str, columns: Columns, primary: str | None = None) -> Task:
    """The task of this name, bound to a table with these columns.

    Raises:
        UsageError: there is no such task, or the primary metric is not one of its own.
    """
    return kind(name)(columns, primary)


__all__ = [
    "Answered",
    "Column",
    "Columns",
    "Metric",
    "Offered",
    "Outcomes",
    "Scores",
    "Seen",
    "Task",
    "bind",
    "kind",
    "names",
]
