"""What was found and decided about a table, for the person who has to review it."""

import shlex
from collections.abc import Iterator

from slipway.data.pins import LOCK
from slipway.data.values import shown
from slipway.settings.card import Gate
from slipway.starter.outlook import Outlook
from slipway.starter.render import Plan
from slipway.starter.start import Started
from slipway.starter.trial import Alike
from slipway.tasks import kind

RANDOM = (
    "There is no time column, so the rows were shuffled once and the split is random: what passes "
    "generalises to rows like these. It is no proof against drift, and the canary is judged on shuffled rows."
)
AT_ONCE = (
    "label_delay_hours is 0: every label is taken to be known at once. A label that comes later must say so "
    "(--delay HOURS), or training learns from what nobody knew yet."
)
TASKS = {
    "binary": "binary, for the label is taken as 1 or 0",
    "regression": "regression, for the label is a number",
    "multiclass": "multiclass, for the label is one of several classes",
}
STANDS_ALONE = (
    "outcome_depends_on_answer is false: the label is taken to be the same whatever was answered, so two "
    "versions are judged on the same requests. Where somebody acts on the answers, say "
    "--outcome-depends-on-answer."
)
FEWEST = 20
"""Rows of the holdout with the rarer label; of fewer, an AUC or a loss is hardly more than chance."""
COPIES_ARE_UNITS = "There is no unit column: each row with its copies is taken for a unit of its own."
ROWS_ARE_UNITS = "There is no unit column: each row is taken for a unit of its own."


def lines(plan: Plan) -> Iterator[str]:
    """What was found, what was decided and what is to be reviewed; one paragraph each."""
    design = plan.design
    label = design.role("label")
    ones = [repr(shown(one)) for one in label.column.positives]
    count = "count" if len(ones) > 1 else "counts"
    yield f"{plan.profile.rows:,} rows, label {label.called}" + (
        f"; {' and '.join(ones)} {count} as 1 (--positive names others)" if ones else ""
    )
    yield f"task: {TASKS[plan.task]} (--task names another)"
    both = len(design.both)
    yield (
        f"inputs: {len(design.numeric) - both} as a number, {len(design.categorical) - both} as a category"
        + (f", {both} as both, being amounts or codes: {', '.join(design.unclear)}" if both else "")
    )
    yield from _times(plan)
    for one in design.left:
        yield f"left out: {one.called} {one.why}"
    for chosen in design.columns:
        if chosen.doubt:
            yield f"review: {chosen.called}: {chosen.doubt}"
    if plan.source.missing:
        marks = ", ".join(f"'{shown(mark)}'" for mark in plan.source.missing)
        yield f"taken for missing values: {marks}"
    holdout = plan.sizes.holdout
    rows, value = min((holdout.positives, 1), (holdout.rows - holdout.positives, 0))
    if plan.task == "binary" and rows < FEWEST:
        yield (
            f"of {holdout.rows:,} rows in the holdout, {rows} have the label {value}: "
            "hardly anything can be decided"
        )
    if least := plan.sizes.min_outcomes:
        yield (
            f"review: the holdout has {holdout.outcomes} {kind(plan.task).counted}: gate.min_outcomes is "
            f"{least}, for the {Gate().min_outcomes} of the default cannot be had"
        )
    if plan.alike is not None:
        yield from _alike(plan.alike, design.timed)
    if not design.timed:
        yield RANDOM
    elif plan.delay is None:
        yield AT_ONCE
    if plan.depends is None:
        yield STANDS_ALONE
    if not design.united:
        yield ROWS_ARE_UNITS if plan.alike is None or not plan.alike.copies else COPIES_ARE_UNITS
    if plan.outlook is not None and plan.outlook.hopeless:
        yield too_few(plan.outlook)


def _times(plan: Plan) -> Iterator[str]:
    """How times are read that are not in ISO 8601: numbers and days before months may mean something else."""
    if plan.source.time_format and plan.profile.span:
        first, last = (f"{one:%Y-%m-%d %H:%M:%S}" for one in plan.profile.span)
        name = plan.design.role("time").called
        yield f"times: {name} is read as {plan.source.time_format}, from {first} to {last} (--time-format)"


def too_few(found: Outlook) -> str:
    """What a plan that can hardly find what is worth finding means for whoever begins with it."""
    enough = "no number of requests has" if found.requests is None else f"{found.requests:,} requests have"
    return (
        f"exploratory: a gain of {found.min_effect:g} per request is found with a power of "
        f"{found.power:.2g}, so a canary that gains no more mostly ends inconclusive; "
        f"{enough} one of 0.8 (`slipway plan`)"
    )


def _alike(found: Alike, timed: bool) -> Iterator[str]:
    """Copies, and how few rows differ, where fewer than half do."""
    if found.copies:
        then = "later copies are left out of the parts that judge" if timed else "one part has them all"
        yield (
            f"review: {found.copies:,} of {found.rows:,} rows are copies of another, equal in all but times "
            f"and made columns, more than chance makes: they count as one, and {then}"
        )
    elif 2 * found.different < found.rows:
        yield (
            f"few different rows: {found.different:,} among {found.rows:,}, labels and times apart; as many "
            "are equal as chance makes, or their labels are their own, so each counts as one row"
        )
    if found.refused:
        yield f"review: a run will be refused: {found.refused}"


def next_steps(started: Started, is_default: bool, has_makefile: bool) -> list[str]:
    """The commands to run next, in their order.

    Args:
        is_default: whether commands work on this system where none is named.
        has_makefile: whether `make demo` is there.
    """
    name = started.plan.name
    other = "" if is_default else f" --system {name}"
    return [
        f"grep -rn review: systems/{name}",
        "make demo" if is_default and has_makefile else f"slipway demo{other}",
        f"git add {shlex.join([*started.files, LOCK])}",
    ]
