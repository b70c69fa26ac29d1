"""What was predicted against what came: whether rows that are given 10 % come true 10 % of the time."""

from typing import Any

from slipway.records.evidence import Evidence, ModelMetrics
from slipway.report.plots.canvas import BLUE, INK, LINE, MUTED, NARROW, axes, svg
from slipway.report.plots.models import models
from slipway.report.wording import bounded
from slipway.tasks import kind

_HISTOGRAM = 44
"""Pixels of the bars below a curve."""


def curve(evidence: Evidence, width: int) -> str:
    """One panel per model: what happened over what was predicted, below it where the rows are."""
    words = kind(evidence.task).words
    title, across_words, up_words = words.curve
    shown = [model for model in models(evidence) if model.curve]
    across = 1 if width <= NARROW else max(len(shown), 2)
    side = min((width - 52 * across) // across, 250 if across == 1 else 300)
    tall = side + _HISTOGRAM + 86
    ends = _ends(shown, words.factor)

    def paint(figure: Any) -> None:
        for place, model in enumerate(shown):
            left = 48 + (place % across) * (side + 52)
            top = 30 + (place // across) * tall
            plot = axes(figure, left, top, side, side)
            _curve(plot, model, ends, words.factor)
            rows = axes(figure, left, top + side + 8, side, _HISTOGRAM)
            _rows(rows, model, ends, words.factor, f"{across_words} (bars: rows)")
            if place % across == 0:
                plot.set_ylabel(up_words, labelpad=4)

    label = f"{title}: " + ", ".join(f"{model.role} {model.model}" for model in shown)
    return svg("curve", label, width, tall * -(-len(shown) // across), paint)


def _ends(shown: list[ModelMetrics], factor: float) -> tuple[float, float]:
    """Where both axes begin and end, the same for every model; a share begins at nothing and ends at all."""
    bins = [part for model in shown for part in model.curve]
    values = [value for part in bins for value in (part.predicted, part.observed.value) if bounded(value)]
    low, high = min(values, default=0.0) * factor, max(values, default=1.0) * factor
    if factor != 1:
        # A little beyond 100 %, so that a mark there is whole; never 0, which is no width.
        return 0.0, min(max(high * 1.12, 1e-3), 103)
    # Where all values are equal, the axis still needs a width.
    margin = (high - low) * 0.08 or abs(high) * 0.1 or 1.0
    return low - margin, high + margin


def _colour(model: ModelMetrics) -> str:
    return BLUE if model.role == "candidate" else MUTED


def _curve(plot: Any, model: ModelMetrics, ends: tuple[float, float], factor: float) -> None:
    at = [part.predicted * factor for part in model.curve]
    observed = [part.observed.value * factor for part in model.curve]
    below = [_reach(part.observed.value, part.observed.low) * factor for part in model.curve]
    above = [_reach(part.observed.value, part.observed.high) * factor for part in model.curve]
    plot.plot(ends, ends, color=MUTED, linewidth=1, linestyle=(0, (4, 3)))
    plot.errorbar(
        at, observed, [below, above], fmt="o-", color=_colour(model), markersize=4.5, elinewidth=1.6
    )
    plot.set(xlim=ends, ylim=ends, xticklabels=[])
    plot.set_title(model.role, loc="left", fontsize=13, fontweight="bold", color=INK, pad=8)
    plot.grid(color=LINE, linewidth=0.6, alpha=0.6)


def _reach(value: float, end: float) -> float:
    """How far a bar goes from its point; not at all where the end has no place on an axis."""
    return abs(end - value) if bounded(end) and bounded(value) else 0.0


def _rows(plot: Any, model: ModelMetrics, ends: tuple[float, float], factor: float, words: str) -> None:
    at = [part.predicted * factor for part in model.curve]
    plot.bar(at, [part.rows for part in model.curve], (ends[1] - ends[0]) / 45, color=_colour(model))
    plot.set_xlim(*ends)
    plot.set_yticks([])
    plot.spines["left"].set_visible(False)
    plot.set_xlabel(words, labelpad=5)
