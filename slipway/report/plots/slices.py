"""How the candidate compares within each slice."""

from slipway.records.evidence import Comparison, Interval, SliceDifference
from slipway.report.plots.canvas import BLUE, MUTED, VERMILLION
from slipway.report.plots.forest import Mark, Row, forest
from slipway.report.wording import percent, percent_interval, short

SHOWN = 20


def worst(comparison: Comparison, shown: int = SHOWN) -> list[SliceDifference]:
    """The slices in which the candidate does worst, worst first."""
    return sorted(comparison.slices, key=lambda slice_: -slice_.relative.value)[:shown]


def slices(comparison: Comparison, limit: float, width: int) -> str:
    """Relative difference of log loss; `limit` is the rise above which the gate refuses."""
    rows = [_row(slice_) for slice_ in worst(comparison)]
    reach = max(max(row.interval.high, -row.interval.low) for row in rows)
    marks = [Mark(0.0, "", dashed=False)]
    if limit < 4 * reach:
        marks.append(Mark(limit, f"allowed {percent(limit, 1)}", VERMILLION))
    label = f"Relative difference of log loss against the {comparison.other}, worst slices first"
    axis = f"candidate against {comparison.other}, % of log loss, lower is better"
    return forest("slices", label, rows, marks, axis, width, scale=100.0)


def _row(slice_: SliceDifference) -> Row:
    name = f"{short(slice_.column, 14)} = {short(slice_.value, 60)}"
    return Row(name, slice_.relative, percent_interval(slice_.relative), _colour(slice_.relative))


def _colour(relative: Interval) -> str:
    return VERMILLION if relative.low > 0 else BLUE if relative.high < 0 else MUTED
