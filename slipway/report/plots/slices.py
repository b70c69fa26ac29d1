"""How the candidate compares within each slice."""

from slipway.records.evidence import Comparison, Interval, SliceDifference
from slipway.report.plots.canvas import BLUE, MUTED, VERMILLION
from slipway.report.plots.forest import Mark, Row, forest
from slipway.report.wording import percent, percent_interval, short
from slipway.tasks import Metric

SHOWN = 20
"""Slices in the figure; the page counts those that are left out."""


def worst(comparison: Comparison, metric: Metric, shown: int = SHOWN) -> list[SliceDifference]:
    """The slices in which the candidate does worst, worst first."""
    # The sign makes worse positive, whichever way the metric is better.
    return sorted(comparison.slices, key=lambda slice_: -metric.sign * slice_.relative.value)[:shown]


def slices(comparison: Comparison, metric: Metric, limit: float, width: int) -> str:
    """Relative difference of the primary metric; beyond `limit` on the worse side the gate refuses."""
    rows = [_row(slice_, metric) for slice_ in worst(comparison, metric)]
    reach = max(max(row.interval.high, -row.interval.low) for row in rows)
    marks = [Mark(0.0, "", dashed=False)]
    # A limit far beyond every interval would press them all together at 0.
    if limit < 4 * reach:
        marks.append(Mark(metric.sign * limit, f"allowed {percent(limit, 1)}", VERMILLION))
    label = f"Relative difference of {metric.words} against the {comparison.other}, worst slices first"
    axis = f"candidate against {comparison.other}, % of {metric.words}, {metric.better} is better"
    return forest("slices", label, rows, marks, axis, width, scale=100.0)


def _row(slice_: SliceDifference, metric: Metric) -> Row:
    name = f"{short(slice_.column, 14)} = {short(slice_.value, 60)}"
    return Row(
        name, slice_.relative, percent_interval(slice_.relative), _colour(metric.worse(slice_.relative))
    )


def _colour(worse: Interval) -> str:
    return VERMILLION if worse.low > 0 else BLUE if worse.high < 0 else MUTED
