"""Whether rows that are given 10 % are clicked 10 % of the time."""

from typing import Any

from slipway.records.evidence import Evidence, ModelMetrics
from slipway.report.plots.canvas import BLUE, INK, LINE, MUTED, NARROW, axes, svg
from slipway.report.plots.models import models

_HISTOGRAM = 44


def calibration(evidence: Evidence, width: int) -> str:
    """One panel per model: what happened over what was predicted, below it where the rows are."""
    shown = [model for model in models(evidence) if model.calibration_curve]
    across = 1 if width <= NARROW else max(len(shown), 2)
    side = min((width - 52 * across) // across, 250 if across == 1 else 300)
    tall = side + _HISTOGRAM + 86
    end = _end(shown)

    def paint(figure: Any) -> None:
        for place, model in enumerate(shown):
            left = 48 + (place % across) * (side + 52)
            top = 30 + (place // across) * tall
            curve = axes(figure, left, top, side, side)
            _curve(curve, model, end)
            _rows(axes(figure, left, top + side + 8, side, _HISTOGRAM), model, end)
            if place % across == 0:
                curve.set_ylabel("clicked, %", labelpad=4)

    label = "Calibration curves, observed over predicted click rate: " + ", ".join(
        f"{model.role} {model.model}" for model in shown
    )
    return svg("calibration", label, width, tall * -(-len(shown) // across), paint)


def _end(shown: list[ModelMetrics]) -> float:
    """Where both axes end, in percent, the same for every model."""
    bins = [part for model in shown for part in model.calibration_curve]
    reach = max((max(part.predicted, part.observed.value) for part in bins), default=1.0)
    return min(max(reach * 112, 1e-3), 103)


def _colour(model: ModelMetrics) -> str:
    return BLUE if model.role == "candidate" else MUTED


def _curve(plot: Any, model: ModelMetrics, end: float) -> None:
    bins = model.calibration_curve
    at = [part.predicted * 100 for part in bins]
    observed = [part.observed.value * 100 for part in bins]
    below = [max((part.observed.value - max(part.observed.low, 0)) * 100, 0) for part in bins]
    above = [max((min(part.observed.high, 1) - part.observed.value) * 100, 0) for part in bins]
    plot.plot([0, end], [0, end], color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
    plot.errorbar(
        at, observed, [below, above], fmt="o-", color=_colour(model), markersize=4.5, elinewidth=1.6
    )
    plot.set(xlim=(0, end), ylim=(0, end), xticklabels=[])
    plot.set_title(model.role, loc="left", fontsize=13, fontweight="bold", color=INK, pad=8)
    plot.grid(color=LINE, linewidth=0.6, alpha=0.6)


def _rows(plot: Any, model: ModelMetrics, end: float) -> None:
    bins = model.calibration_curve
    plot.bar(
        [part.predicted * 100 for part in bins], [part.rows for part in bins], end / 45, color=_colour(model)
    )
    plot.set_xlim(0, end)
    plot.set_yticks([])
    plot.spines["left"].set_visible(False)
    plot.set_xlabel("predicted, % (bars: rows)", labelpad=5)
