"""A forest plot: one row per thing measured, its value, its interval, and the numbers as text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from slipway.records.evidence import Interval
from slipway.report.plots.canvas import INK, LINE, MUTED, NARROW, PAPER, axes, svg
from slipway.report.wording import bounded, short


@dataclass(frozen=True)
class Row:
    """One row of the plot: its label, its interval, the interval as text, and the colour of both.

    Without an interval, which is what is not shown, the row has its words alone.
    """

    label: str
    interval: Interval | None
    text: str
    colour: str


@dataclass(frozen=True)
class Mark:
    """A vertical line across all rows, such as a limit, with a word on top."""

    at: float
    text: str
    colour: str = MUTED
    dashed: bool = True


@dataclass(frozen=True)
class _Layout:
    """Pixels: where the plot lies, how high a row is, where its words stand."""

    left: int
    right: int
    row: int
    stacked: bool


def forest(
    name: str,
    label: str,
    rows: Sequence[Row],
    marks: Sequence[Mark],
    axis: str,
    width: int,
    scale: float = 1.0,
) -> str:
    """Rows from top to bottom; in a narrow figure the words stand above each interval, else beside it.

    Args:
        axis: what the horizontal axis shows.
        scale: factor from the values to what the axis shows (100 for percent).
    """
    layout = _Layout(4, 4, 46, True) if width <= NARROW else _Layout(236, 204, 30, False)
    # A limit of infinity has no place on the axis.
    marks = [mark for mark in marks if bounded(mark.at)]
    top, body = 26 if any(mark.text for mark in marks) else 8, layout.row * len(rows)

    def paint(figure: Any) -> None:
        plot = axes(figure, layout.left, top, width - layout.left - layout.right, body)
        _frame(plot, rows, marks, axis, scale)
        for mark in marks:
            _mark(plot, mark, scale)
        for place, row in enumerate(rows):
            _row(plot, place, row, layout, scale)

    return svg(name, label, width, top + body + 46, paint)


def _frame(plot: Any, rows: Sequence[Row], marks: Sequence[Mark], axis: str, scale: float) -> None:
    from matplotlib.ticker import MaxNLocator

    intervals = [row.interval for row in rows if row.interval is not None]
    parts = [part for one in intervals for part in (one.low, one.high, one.value)]
    ends = [end * scale for end in (*parts, *(mark.at for mark in marks)) if bounded(end)] or [0.0]
    # Where all ends are equal, the axis still needs a width.
    margin = (max(ends) - min(ends)) * 0.06 or abs(max(ends)) * 0.1 or 1.0
    plot.set_xlim(min(ends) - margin, max(ends) + margin)
    # Upside down: the first row is on top.
    plot.set_ylim(len(rows) - 0.5, -0.5)
    plot.set_yticks([])
    plot.spines["left"].set_visible(False)
    plot.grid(axis="x", color=LINE, linewidth=0.8)
    plot.set_axisbelow(True)
    plot.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    plot.set_xlabel(axis, labelpad=6)


def _mark(plot: Any, mark: Mark, scale: float) -> None:
    low, high = plot.get_xlim()
    share = (mark.at * scale - low) / (high - low)
    plot.axvline(
        mark.at * scale, color=mark.colour, linewidth=1.3, linestyle=(0, (4, 3)) if mark.dashed else "-"
    )
    # Near an edge the word turns inwards, to stay inside the figure.
    side = "left" if share < 0.2 else "right" if share > 0.8 else "center"
    plot.annotate(
        mark.text,
        (share, 1),
        (0, 6),
        xycoords="axes fraction",
        textcoords="offset points",
        ha=side,
        color=mark.colour,
        fontsize=11.5,
    )


def _row(plot: Any, place: int, row: Row, layout: _Layout, scale: float) -> None:
    if row.interval is not None:
        left, right = plot.get_xlim()
        # An interval without an end runs to the edge.
        ends = [min(max(end * scale, left), right) for end in (row.interval.low, row.interval.high)]
        at, middle = place + 0.2 if layout.stacked else place, row.interval.value * scale
        plot.plot(ends, [at, at], color=row.colour, linewidth=2.6)
        plot.plot([middle], [at], "o", color=row.colour, markersize=8, markeredgewidth=0)
    _words(plot, place, row, layout)


def _words(plot: Any, place: int, row: Row, layout: _Layout) -> None:
    # In a narrow figure words lie on the plot; on a ground, its grid does not cross them.
    ground = {"facecolor": PAPER, "edgecolor": "none", "pad": 1.5}
    where = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "bbox": ground}
    left, right, lift = (0, 0, 8) if layout.stacked else (-layout.left, layout.right, -4)
    # As many characters as there is room for, beside the figures or left of the plot.
    label = short(row.label, 23 if layout.stacked else 32)
    colour = INK if row.colour == MUTED else row.colour
    plot.annotate(label, (0, place), (left, lift), color=INK, **where)
    plot.annotate(row.text, (1, place), (right, lift), ha="right", color=colour, fontsize=12, **where)
