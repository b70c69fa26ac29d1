"""What a label is and what good means: each task is one module here, found by its name in `problem.task`."""

from importlib import import_module
from pkgutil import iter_modules

from slipway.base.errors import UsageError
from slipway.settings import Card, Columns
from slipway.tasks.interface import Answers, Offered, Outcomes, Task
from slipway.tasks.merit import Metric


def names() -> list[str]:
    """The tasks that there are, sorted; others than slipway's lie in a folder added to the package's path."""
    modules = sorted({one.name for one in iter_modules(__path__)})
    return [name for name in modules if hasattr(import_module(f"{__name__}.{name}"), "TASK")]


def kind(name: str) -> type[Task]:
    """The task of this name.

    Raises:
        UsageError: there is none.
    """
    if name not in names():
        # guard settings.task
        raise UsageError(f"problem.task: found {name!r}; there are {', '.join(names())}")
    found: type[Task] = import_module(f"{__name__}.{name}").TASK
    return found


def bind(name: str, columns: Columns, primary: str | None = None) -> Task:
    """The task of this name for a table with these columns."""
    return kind(name)(columns, primary)


def of(card: Card) -> Task:
    """The task of a design card."""
    return bind(card.problem.task, card.data, card.evaluation.primary)


def require_fit(card: Card) -> None:
    """Refuse a card whose metrics, bounds or columns are not those of its task.

    Raises:
        UsageError: the line names the key.
    """
    known = kind(card.problem.task)
    if card.evaluation.primary not in known.primaries:
        # guard settings.task
        raise UsageError(
            f"evaluation.primary: found {card.evaluation.primary!r}; for the task {known.name!r} there is "
            f"{' or '.join(known.primaries)}"
        )
    task = of(card)
    task.require_columns()
    task.bounds(card.gate.bounds)
    task.decision(card.rollout.decision.metric, drawn=True)


__all__ = ["Answers", "Metric", "Offered", "Outcomes", "Task", "bind", "kind", "names", "of", "require_fit"]
