"""What the card's slice columns hold: slices that can be measured, and those that are too small for it."""

import math
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from slipway.records.evidence import MIN_EVENTS, MIN_UNITS, SmallSlice, SmallSlices
from slipway.settings.card import Evaluation, Gate
from slipway.tasks import Outcomes, Task

TOLD = 20
"""Slices that are too small, by name; a column of many thousand values fills no record."""


@dataclass(frozen=True)
class Group:
    """Rows that are measured together: all of them, or one value of one slice column."""

    column: str
    value: str
    rows: NDArray[np.bool_]
    critical: bool = False


@dataclass(frozen=True)
class Sliced:
    """Every value of every slice column: those that are measured, largest first in a column, and the rest."""

    groups: list[Group]
    small: SmallSlices


def slices(
    requests: pa.Table,
    outcomes: Outcomes,
    units: NDArray[np.int64],
    task: Task,
    settings: Evaluation,
    gate: Gate,
) -> Sliced:
    """Tell the slices with enough rows, units and outcomes for an interval from the others.

    Args:
        requests: [rows].
        outcomes: [rows].
        units: [rows]; codes of the unit of assignment.
        gate: says which slices are critical: they are told by name in any case, and as they have to show
            something, they need as many outcomes as the whole holdout does.
    """
    critical = [(one.column, one.value) for one in gate.critical_slices]
    groups: list[Group] = []
    small: list[SmallSlice] = []
    more = 0
    for column in settings.slices:
        values = pc.fill_null(requests[column].cast(pa.string()), "(missing)").to_numpy()
        names, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
        told = 0
        # Stable: slices of equal size keep the order of their names.
        for place in np.argsort(-counts, kind="stable"):
            name = column, str(names[place])
            # The largest come first, so whoever is only counted is smaller than those of its column.
            if counts[place] < settings.min_slice_rows and name not in critical and told >= TOLD:
                more += 1
                continue
            group = Group(*name, codes == place, name in critical)
            least = gate.min_outcomes if group.critical else MIN_EVENTS
            found = _counted(group, outcomes, units, task, (settings.min_slice_rows, least))
            if found.suffice is not None and found.suffice <= len(units):
                groups.append(group)
            else:
                small.append(found)
                told += not group.critical
    return Sliced(groups, _bounded(small, more, settings.min_slice_rows))


def _bounded(small: list[SmallSlice], more: int, least: int) -> SmallSlices:
    """All that are critical, then the largest."""
    critical = [one for one in small if one.critical]
    others = sorted((one for one in small if not one.critical), key=lambda one: -one.rows)
    left = len(others[TOLD:])
    return SmallSlices(least_rows=least, slices=[*critical, *others[:TOLD]], more=more + left)


def _counted(
    group: Group, outcomes: Outcomes, units: NDArray[np.int64], task: Task, least: tuple[int, int]
) -> SmallSlice:
    """What it has of what it needs.

    Args:
        least: rows and outcomes.
    """
    rows, own = int(group.rows.sum()), len(np.unique(units[group.rows]))
    found = task.outcomes_in(rows, own, task.described(outcomes[group.rows]))
    lacks = max(least[0] / rows, MIN_UNITS / own, least[1] / found) if found else None
    return SmallSlice(
        column=group.column,
        value=group.value,
        rows=rows,
        units=own,
        outcomes=found,
        critical=group.critical,
        suffice=None if lacks is None else math.ceil(len(units) * lacks),
    )
