"""How the candidate compares within each slice."""

from collections.abc import Sequence

from slipway.records.evidence import Comparison, Interval, SliceDifference, SmallSlice
from slipway.report.plots.canvas import AMBER, BLUE, MUTED, VERMILLION
from slipway.report.plots.forest import Mark, Row, forest
from slipway.report.wording import percent, percent_interval, short
from slipway.tasks import Metric

SHOWN = 20
"""Slices in the figure; the page counts those that are left out."""


SMALL = 5
"""Of those that are too small to be measured; the page lists more."""


def worst(comparison: Comparison, metric: Metric, shown: int = SHOWN) -> list[SliceDifference]:
    """Those that are critical, then the slices in which the candidate does worst, worst first."""
    # The sign makes worse positive, whichever way the metric is better.
    return sorted(
        comparison.slices, key=lambda slice_: (not slice_.critical, -metric.sign * slice_.relative.value)
    )[:shown]


def slices(
    comparison: Comparison, small: Sequence[SmallSlice], metric: Metric, limit: float, width: int
) -> str:
    """Relative difference of the primary metric; beyond `limit` on the worse side the gate refuses."""
    rows = [_row(slice_, metric) for slice_ in worst(comparison, metric)]
    reach = max(max(one.high, -one.low) for one in (row.interval for row in rows) if one is not None)
    rows += [_unshown(one) for one in small[:SMALL]]
    marks = [Mark(0.0, "", dashed=False)]
    # A limit far beyond every interval would press them all together at 0.
    if limit < 4 * reach:
        marks.append(Mark(metric.sign * limit, f"allowed {percent(limit, 1)}", VERMILLION))
    label = f"Relative difference of {metric.words} against the {comparison.other}, worst slices first"
    axis = f"candidate against {comparison.other}, % of {metric.words}, {metric.better} is better"
    return forest("slices", label, rows, marks, axis, width, scale=100.0)


def _row(slice_: SliceDifference, metric: Metric) -> Row:
    said, colour = percent_interval(slice_.relative), _colour(metric.worse(slice_.relative))
    return Row(_name(slice_), slice_.relative, said, colour)


def _unshown(one: SmallSlice) -> Row:
    return Row(_name(one), None, f"not shown: {one.rows:,} rows", AMBER)


def _name(one: SliceDifference | SmallSlice) -> str:
    mark = "critical: " if one.critical else ""
    return f"{mark}{short(one.column, 14)} = {short(one.value, 60)}"


def _colour(worse: Interval) -> str:
    return VERMILLION if worse.low > 0 else BLUE if worse.high < 0 else MUTED
