"""A card that contradicts its task is refused when it is read, in a line that names the key."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from slipway.base.errors import UsageError
from slipway.settings import Columns
from slipway.tasks import bind, kind
from slipway.tasks.binary import Binary


class Ranked(Binary):
    """A task whose metric is no ratio of sums, which nothing can be chosen by yet."""

    metrics = tuple(
        one if one.name != "log_loss" else type(one)("log_loss", "Log loss") for one in Binary.metrics
    )


NONE = np.zeros(0)


def columns(**changes: dict[str, Any]) -> Columns:
    """A table with a time, a unit, a category and a label of 0 or 1, but for what is changed."""
    found: dict[str, dict[str, Any]] = {
        "at": {"type": "timestamp", "role": "time"},
        "who": {"type": "integer", "role": "unit"},
        "shop": {"type": "string"},
        "label": {"type": "integer", "role": "label"},
    }
    made = {name: column | changes.get(name, {}) for name, column in found.items()}
    return Columns.model_validate({"columns": made})


CASES: dict[str, tuple[Callable[[], object], str]] = {
    "no such task": (lambda: kind("forecast"), "problem.task: found 'forecast'; there are binary"),
    "a metric of another task": (
        lambda: bind("binary", columns(), "squared_error"),
        "evaluation.primary: found 'squared_error'; for the task 'binary' there is log_loss",
    ),
    "words as the label of two classes": (
        lambda: bind("binary", columns(label={"type": "string"})).require_columns(),
        "data.columns.label: the label of the task 'binary' has the type integer",
    ),
    "a number of words": (
        lambda: bind("regression", columns(label={"type": "string"})).require_columns(),
        "data.columns.label: the label of a regression is an integer or a number",
    ),
    "classes that are not listed": (
        lambda: bind("multiclass", columns(label={"type": "string"})).require_columns(),
        "data.columns.label: the label of the task 'multiclass' has the type string and its classes",
    ),
    "options of a row": (
        lambda: bind("regression", columns(shop={"type": "string", "level": "option"})).require_columns(),
        "data.columns.shop: a request of the task 'regression' has no options",
    ),
    "a bound of another task": (
        lambda: bind("binary", columns()).bounds({"max_bias": 0.1}),
        "gate.max_bias: unknown key; for the task 'binary' bounds are",
    ),
    "two bounds for one": (
        lambda: bind("binary", columns()).bounds({"min_auc": (0.5, 0.6)}),
        r"gate.min_auc: found \(0.5, 0.6\), expected one number",
    ),
    "a bound that stops nothing": (
        lambda: bind("binary", columns()).bounds({"min_auc": 0.1}),
        "gate.min_auc: found 0.1, expected 0.5 or more",
    ),
    "a canary judged by what its task has not": (
        lambda: bind("regression", columns()).decision("reward", "drawn"),
        "rollout.decision.metric: found 'reward'; expected 'auto' or 'squared_error'",
    ),
    "models chosen by ranks": (
        lambda: Ranked(columns()).score(NONE, NONE),
        "evaluation.primary: 'log_loss' is no ratio of sums",
    ),
}


@pytest.mark.gate(
    "settings.task",
    fed="a card whose label, options, metrics or bounds are not those of its task, or a task that is none",
    stops="settings",
    exit=2,
    reason="the key, what was found, and what the task takes",
    untouched="the card is not read, so nothing runs",
)
@pytest.mark.parametrize(("act", "said"), list(CASES.values()), ids=list(CASES))
def test_what_a_task_does_not_take_is_refused(act: Callable[[], object], said: str) -> None:
    """Each in its own line."""
    with pytest.raises(UsageError, match=said):
        act()
