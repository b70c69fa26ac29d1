"""What was found and decided about a table, for the person who has to review it."""

import shlex
from collections.abc import Iterator

from slipway.data.values import shown
from slipway.starter.render import Plan
from slipway.starter.start import Started

RANDOM = (
    "There is no time column, so the rows were shuffled once and the split is random: what passes "
    "generalises to rows like these. It is no proof against drift, and the canary is judged on shuffled rows."
)
ROWS_ARE_UNITS = "There is no unit column: each row is taken for a unit of its own."


def lines(plan: Plan) -> Iterator[str]:
    """One paragraph each."""
    design = plan.design
    label = design.role("label")
    yield f"{plan.profile.rows:,} rows, label {label.name}" + (
        f"; {shown(label.column.positive)!r} counts as 1 (--positive names the other)"
        if label.column.positive is not None
        else ""
    )
    yield f"inputs: {len(design.numeric)} numbers, {len(design.categorical)} categories" + (
        f", of which both: {', '.join(design.both)}" if design.both else ""
    )
    for one in design.left:
        yield f"left out: {one.name} {one.why}"
    if plan.source.missing:
        yield f"taken for missing values: {', '.join(map(repr, plan.source.missing))}"
    if not design.timed:
        yield RANDOM
    if not design.united:
        yield ROWS_ARE_UNITS


def next_steps(started: Started, is_default: bool, has_makefile: bool) -> list[str]:
    """Commands, in their order.

    Args:
        is_default: whether commands work on this system where none is named.
        has_makefile: whether `make demo` is there.
    """
    name = started.plan.name
    other = "" if is_default else f" --system {name}"
    return [
        f"grep -rn review: systems/{name}",
        "make demo" if is_default and has_makefile else f"slipway demo{other}",
        f"git add {shlex.join(started.files)}",
    ]
