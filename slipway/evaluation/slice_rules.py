"""The gate's rules for slices.

They are many chances to refuse a good candidate by noise, so a slice counts against it only beyond the noise
of all slices together, and one that is too small for an interval does not count. A slice that the card marks
as critical is the exception: it must be shown to be no worse than the card allows, by its own interval.
"""

import math
from collections.abc import Iterator

from slipway.records.checks import Check, needed
from slipway.records.evidence import Comparison, Interval, SliceDifference, SmallSlice, SmallSlices
from slipway.settings.card import Gate
from slipway.tasks import Task
from slipway.tasks.merit import shown

UNKNOWN = Interval(value=0.0, low=-math.inf, high=math.inf)


def slice_checks(compared: Comparison, small: SmallSlices | None, task: Task, gate: Gate) -> Iterator[Check]:
    """A check of each slice, measured or not, and one of all those that are only counted.

    Args:
        small: None in evidence of before they were told.
    """
    critical = [(one.column, one.value) for one in gate.critical_slices]
    named = []
    for found in compared.slices:
        named.append(name := (found.column, found.value))
        if name in critical:
            worse, text = task.primary.worse(found.relative), _relative(found, compared.other)
            yield _critical(".".join(name), worse, text, gate, found.rows)
        else:
            yield _within_noise(found, compared.other, task, gate)
    if small is not None:
        for one in small.slices:
            named.append(name := (one.column, one.value))
            text = f"{_size(one, task)}; {_suffices(one)}"
            if name in critical:
                yield _critical(".".join(name), UNKNOWN, text, gate, one.rows)
            else:
                yield _too_small(".".join(name), text, small, task)
        if small.more:
            yield _too_small("others", f"{small.more:,} smaller slices", small, task)
    for name in critical:
        if name not in named:
            yield _critical(".".join(name), UNKNOWN, "no row of the holdout has it", gate, 0)


def _within_noise(found: SliceDifference, other: str, task: Task, gate: Gate) -> Check:
    """A slice refuses when it is worse by more than the floor, and beyond the noise of all slices."""
    worse, most = task.primary.worse(found.relative), gate.max_slice_regression
    return Check(
        code=f"slice.{found.column}.{found.value}",
        passed=worse.value <= most or worse.low <= 0,
        found=_relative(found, other),
        allowed=f"at most {most:g}, or within noise",
    )


def _critical(name: str, worse: Interval, text: str, gate: Gate, rows: int) -> Check:
    """Three answers, of which only shown good passes.

    Args:
        worse: by how much, relatively; above zero is worse.
        rows: of the slice.
    """
    most = gate.max_slice_regression
    good, bad = worse.high <= most, worse.low > most
    unsure = not good and not bad and math.isfinite(worse.value)
    return Check(
        code=f"critical_slice.{name}",
        passed=good,
        shown=good or bad,
        found=text,
        allowed=f"shown to be worse by at most {most:g} (gate.critical_slices)",
        needed=needed(worse, most, rows) if unsure else None,
    )


def _too_small(name: str, text: str, small: SmallSlices, task: Task) -> Check:
    """Told, for people: it passes nothing and refuses nothing."""
    outcomes = "" if task.counted == "units" else f" and {small.least_outcomes:,} {task.counted}"
    return Check(
        code=f"small_slice.{name}",
        passed=False,
        shown=False,
        optional=True,
        found=text,
        allowed=f"{small.least_rows:,} rows of {small.least_units:,} units{outcomes} for an interval",
    )


def _relative(found: SliceDifference, other: str) -> str:
    return f"{shown(found.relative)} relative to the {other}"


def _size(one: SmallSlice, task: Task) -> str:
    outcomes = "" if task.counted == "units" else f" and {one.outcomes:,} {task.counted}"
    return f"{one.rows:,} rows of {one.units:,} units{outcomes}"


def _suffices(one: SmallSlice) -> str:
    if one.suffice is None:
        return "nobody knows how many would suffice"
    return f"a holdout of about {one.suffice:,} rows would suffice"
