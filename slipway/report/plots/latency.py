"""How long one request takes, against the budget."""

from typing import Any

from slipway.records.evidence import Evidence, ModelMetrics
from slipway.report.plots.canvas import BLUE, INK, LINE, MUTED, NARROW, VERMILLION, axes, svg
from slipway.report.plots.models import models
from slipway.report.wording import short, significant


def latency(evidence: Evidence, budget_ms: float, width: int) -> str:
    """From the median (dot) to the 99th percentile (bar), on a logarithmic axis."""
    shown = models(evidence)
    stacked = width <= NARROW
    left, row = (6, 46) if stacked else (236, 34)
    body = row * len(shown)

    def paint(figure: Any) -> None:
        plot = axes(figure, left, 26, width - left - (6 if stacked else 20), body)
        _frame(plot, shown, budget_ms)
        for place, model in enumerate(shown):
            _row(plot, place, model, left, stacked)

    label = "Latency of one request, median and 99th percentile: " + "; ".join(
        f"{model.role} {significant(model.latency.p50_ms)} and {significant(model.latency.p99_ms)} ms"
        for model in shown
    )
    return svg("latency", label, width, body + 72, paint)


def _frame(plot: Any, shown: list[ModelMetrics], budget_ms: float) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    times = [time for model in shown for time in (model.latency.p50_ms, model.latency.p99_ms)]
    plot.set_xscale("log")
    # A logarithmic axis has no 0; the factor leaves room for marks at both ends.
    plot.set_xlim(max(min(times), 1e-4) / 1.8, max(*times, budget_ms) * 1.8)
    plot.set_ylim(len(shown) - 0.5, -0.5)
    plot.set_yticks([])
    plot.spines["left"].set_visible(False)
    plot.xaxis.set_major_locator(LogLocator(10))
    plot.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    plot.xaxis.set_minor_formatter(NullFormatter())
    plot.grid(axis="x", color=LINE, linewidth=0.8)
    plot.set_axisbelow(True)
    plot.set_xlabel("ms for one request (dot: median, bar: 99th percentile)", labelpad=6)
    plot.axvline(budget_ms, color=VERMILLION, linewidth=1.3, linestyle=(0, (4, 3)))
    plot.annotate(
        f"budget {budget_ms:g} ms",
        (budget_ms, 1),
        (6, 6),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        ha="right",
        color=VERMILLION,
        fontsize=11.5,
    )


def _row(plot: Any, place: int, model: ModelMetrics, left: int, stacked: bool) -> None:
    at = place + 0.2 if stacked else place
    colour = BLUE if model.role == "candidate" else MUTED
    times = model.latency
    plot.plot([times.p50_ms, times.p99_ms], [at, at], color=colour, linewidth=2.6)
    plot.plot([times.p50_ms], [at], "o", color=colour, markersize=8, markeredgewidth=0)
    plot.plot([times.p99_ms], [at], "|", color=colour, markersize=12, markeredgewidth=2.6)
    plot.annotate(
        short(f"{model.role} · {model.model}", 30),
        (0, place),
        (0 if stacked else -left, 8 if stacked else -4),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        color=INK,
    )
