"""What the canary's traffic showed, look by look."""

import math
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from slipway.records.canary import Arm, CanaryEvidence, Look
from slipway.records.evidence import Interval
from slipway.report.plots.canvas import BLUE, GREEN, INK, LINE, MUTED, NARROW, VERMILLION, axes, svg
from slipway.report.wording import MINUS, bounded

_HEIGHTS = {"weight": 92, "difference": 200, "errors": 110, "latency": 150}
"""Pixels of each panel."""
_GAP = 46
_ARMS: tuple[tuple[Arm, str], ...] = (("stable", MUTED), ("canary", BLUE))
_DASHES = {"p50": "-", "p90": (0, (4, 2)), "p99": (0, (1, 1.6))}


def seen(looks: Sequence[Look]) -> list[int]:
    """Requests of the whole canary so far, at each look."""
    before, counts = 0, []
    for place, look in enumerate(looks):
        # A look counts the requests of its own step; the axis shows those of the whole canary.
        if place and look.step != looks[place - 1].step:
            before += looks[place - 1].requests
        counts.append(before + look.requests)
    return counts


def timeline(canary: CanaryEvidence, width: int) -> str:
    """Four panels over the requests seen: weight, difference, error rates, latency; at least one look."""
    left = 44 if width <= NARROW else 56
    at = seen(canary.looks)

    def paint(figure: Any) -> None:
        # Room on the right for where traffic went after the last look.
        top, end = 30, at[-1] * 1.06
        for name, height in _HEIGHTS.items():
            plot = axes(figure, left, top, width - left - 8, height)
            _panel(plot, canary, at, end)
            _PAINTERS[name](plot, canary, at)
            plot.tick_params(labelbottom=name == "latency")
            top += height + _GAP
        plot.set_xlabel("requests seen, both arms", labelpad=6)

    label = f"Timeline of the canary over {at[-1]:,} requests: weight, difference, error rates and latency"
    return svg("timeline", label, width, sum(_HEIGHTS.values()) + _GAP * len(_HEIGHTS) + 36, paint)


def _panel(plot: Any, canary: CanaryEvidence, at: list[int], end: float) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    plot.set_xlim(0, end)
    plot.grid(axis="y", color=LINE, linewidth=0.6)
    plot.set_axisbelow(True)
    plot.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    plot.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    plot.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    for _, ends in _steps(canary.looks, at):
        plot.axvline(ends[-1], color=LINE, linewidth=1)


def _steps(looks: Sequence[Look], at: list[int]) -> list[tuple[list[Look], list[int]]]:
    """The looks of each step with the requests seen at each."""
    pairs = groupby(zip(looks, at, strict=True), key=lambda pair: pair[0].step)
    grouped = [list(group) for _, group in pairs]
    return [([look for look, _ in group], [x for _, x in group]) for group in grouped]


def _title(plot: Any, title: str, keys: Sequence[tuple[str, str]] = ()) -> None:
    plot.set_title(title, loc="left", fontsize=12.5, fontweight="bold", color=INK, pad=9)
    for place, (word, colour) in enumerate(reversed(keys)):
        plot.annotate(
            f"● {word}",
            (1, 1),
            (-62 * place, 9),
            xycoords="axes fraction",
            textcoords="offset points",
            ha="right",
            color=colour,
            fontsize=12,
        )


def _weight(plot: Any, canary: CanaryEvidence, at: list[int]) -> None:
    start = 0
    for looks, ends in _steps(canary.looks, at):
        plot.fill_between([start, ends[-1]], looks[0].weight, color=BLUE, alpha=0.22, linewidth=0)
        plot.plot([start, ends[-1]], [looks[0].weight] * 2, color=BLUE, solid_capstyle="butt")
        plot.annotate(
            f"{looks[0].weight} %",
            ((start + ends[-1]) / 2, looks[0].weight),
            (0, 5),
            textcoords="offset points",
            ha="center",
            color=BLUE,
            fontsize=12,
        )
        start = ends[-1]
    # Whatever is not promoted loses its traffic.
    weight, colour = (100, GREEN) if canary.verdict.outcome == "promote" else (0, VERMILLION)
    path = [start, start, plot.get_xlim()[1]]
    plot.plot(path, [canary.looks[-1].weight, weight, weight], color=colour, linewidth=2.2, clip_on=False)
    # Room above 100 for the word on a step.
    plot.set_ylim(0, 112)
    plot.set_yticks([0, 50, 100])
    _title(plot, "Canary's share of users, %")


def _difference(plot: Any, canary: CanaryEvidence, at: list[int]) -> None:
    differences(plot, at, [look.difference for look in canary.looks])
    _title(plot, f"Canary {MINUS} stable (up is better)")


def differences(plot: Any, at: Sequence[int], looks: Sequence[Interval | None]) -> None:
    """Paint intervals over the requests seen; looks that have none are left out."""
    found = [(x, interval) for x, interval in zip(at, looks, strict=True) if interval]
    places, intervals = [x for x, _ in found], [interval for _, interval in found]
    plot.axhline(0, color=INK, linewidth=1.2)
    floor, ceiling = _reach(intervals)
    low = [max(part.low, floor) for part in intervals]
    high = [min(part.high, ceiling) for part in intervals]
    plot.fill_between(places, low, high, color=BLUE, alpha=0.18, linewidth=0)
    plot.plot(places, [part.value for part in intervals], "o-", color=BLUE, markersize=4)
    plot.set_ylim(floor, ceiling)


def _reach(intervals: Sequence[Interval]) -> tuple[float, float]:
    """Limits that show the later intervals whole; the first, very wide ones may run out of the panel."""
    finite = [part for part in intervals if bounded(part.low) and bounded(part.high)]
    # The first intervals are so wide that the rest would be a flat line.
    later = finite[len(finite) // 4 :]
    ends = [0.0, *(end for part in later for end in (part.low, part.high))]
    margin = (max(ends) - min(ends)) * 0.08 or 1.0
    return min(ends) - margin, max(ends) + margin


def _errors(plot: Any, canary: CanaryEvidence, at: list[int]) -> None:
    # A line for each step: an arm's counts start afresh there, so nothing connects two steps.
    for looks, places in _steps(canary.looks, at):
        for arm, colour in _ARMS:
            arms = [getattr(look, arm) for look in looks]
            rates = [100 * part.errors / part.requests if part.requests else math.nan for part in arms]
            plot.plot(places, rates, "o-", color=colour, markersize=3.5)
    # Without a single error the panel has no scale of its own.
    plot.set_ylim(0, max(plot.get_ylim()[1] * 1.1, 0.5))
    _title(plot, "Errors, %", _ARMS)


def _latency(plot: Any, canary: CanaryEvidence, at: list[int]) -> None:
    for looks, places in _steps(canary.looks, at):
        for arm, colour in _ARMS:
            for quantile, dash in _DASHES.items():
                times = [getattr(look, arm).latency_ms.get(quantile, math.nan) for look in looks]
                plot.plot(places, times, color=colour, linestyle=dash, linewidth=1.7)
    for quantile in _DASHES:
        ends = [getattr(canary.looks[-1], arm).latency_ms.get(quantile) for arm, _ in _ARMS]
        if known := [end for end in ends if end is not None]:
            plot.annotate(
                quantile,
                (at[-1], sum(known) / len(known)),
                (6, -4),
                textcoords="offset points",
                color=MUTED,
                fontsize=11.5,
            )
    plot.set_ylim(0, max(plot.get_ylim()[1] * 1.1, 0.1))
    _title(plot, "Latency, ms", _ARMS)


_PAINTERS: dict[str, Callable[[Any, CanaryEvidence, list[int]], None]] = {
    "weight": _weight,
    "difference": _difference,
    "errors": _errors,
    "latency": _latency,
}
