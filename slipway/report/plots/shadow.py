"""What a shadow's pairs showed, look by look."""

from typing import Any

from slipway.records.shadow import ShadowEvidence
from slipway.report.plots.canvas import LINE, NARROW, axes, svg
from slipway.report.plots.timeline import differences
from slipway.report.wording import MINUS

_HEIGHT = 200
"""Pixels of the panel."""


def shadow(found: ShadowEvidence, width: int) -> str:
    """The difference and its interval over the requests that both versions were asked; at least one look."""
    left = 44 if width <= NARROW else 56
    at = [look.requests for look in found.looks]

    def paint(figure: Any) -> None:
        from matplotlib.ticker import FuncFormatter, MaxNLocator

        plot = axes(figure, left, 30, width - left - 8, _HEIGHT)
        plot.set_xlim(0, max(at[-1], 1) * 1.06)
        plot.grid(axis="y", color=LINE, linewidth=0.6)
        plot.set_axisbelow(True)
        plot.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        plot.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        plot.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
        differences(plot, at, [look.difference for look in found.looks])
        plot.set_title(
            f"Candidate {MINUS} stable, on the same requests (up is better)",
            loc="left",
            fontsize=12.5,
            fontweight="bold",
            pad=9,
        )
        plot.set_xlabel("requests, each asked of both", labelpad=6)

    label = f"Difference of both versions over {at[-1]:,} requests"
    return svg("shadow", label, width, _HEIGHT + 82, paint)
