"""How simulated rollouts end in each world, and after how many requests."""

from collections.abc import Sequence
from typing import Any, Literal

from slipway.report.plots.canvas import BLUE, GREEN, INK, LINE, MUTED, VERMILLION, axes, picture
from slipway.rollout.simulation import Tally

WIDTH = 920
_ROW, _TOP, _FOOT = 62, 78, 56
"""Pixels: of a row, above the first one, and below the last one."""
_BARS, _DOTS = (214, 336), (596, 292)
"""Left edge and width of each panel, in pixels."""
_ENDS = (
    ("promote", "promoted", GREEN),
    ("inconclusive", "undecided", MUTED),
    ("abort", "aborted", VERMILLION),
)
_LEAST = 7.5
"""Percent of a bar that its number fits into."""
_QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)


def simulation(
    title: str, tallies: Sequence[Tally], planned: int, takes: str, form: Literal["svg", "png"]
) -> bytes:
    """A bar of outcomes for each world, and beside it when the rollouts ended, as a file.

    Args:
        title: what was simulated.
        planned: the requests of the whole plan, warm-up included.
        takes: the time of the whole plan in words, empty where nobody knows it.
    """
    height = _TOP + _ROW * len(tallies) + _FOOT

    def paint(figure: Any) -> None:
        figure.text(20 / WIDTH, 1 - 26 / height, title, fontsize=15, fontweight="bold", color=INK)
        bars, dots = (axes(figure, left, _TOP, width, _ROW * len(tallies)) for left, width in (_BARS, _DOTS))
        for plot in (bars, dots):
            # Upside down: the first world is on top.
            plot.set_ylim(len(tallies) - 0.5, -0.5)
            plot.set_yticks([])
            plot.spines["left"].set_visible(False)
            plot.set_axisbelow(True)
            plot.grid(axis="x", color=LINE, linewidth=0.8)
        _outcomes(bars, tallies)
        _sizes(dots, tallies, planned, takes)

    return picture("simulation", WIDTH, height, paint, form)


def _outcomes(plot: Any, tallies: Sequence[Tally]) -> None:
    """Shares of the three outcomes, each with its interval as a thin line at its end."""
    for place, tally in enumerate(tallies):
        plot.annotate(
            tally.world.replace(", ", ",\n"),
            (0, place),
            (-12, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            color=INK,
        )
        start = 0.0
        for outcome, _, colour in _ENDS:
            share = 100 * tally.rate(outcome).value
            if not share:
                continue
            plot.barh(place, share, 0.46, start, color=colour, edgecolor="white", linewidth=1)
            if share >= _LEAST:
                plot.text(start + share / 2, place, f"{share:.0f}", ha="center", va="center", color="white")
            start += share
        promoted = tally.rate("promote")
        # Under the bar: over it, a line would hide the numbers.
        ends = [100 * promoted.low, 100 * promoted.high]
        plot.plot(ends, [place + 0.34] * 2, color=GREEN, linewidth=2)
    plot.set_xlim(0, 100)
    plot.set_xlabel("of the rollouts, %; line: 95 % interval of those promoted", labelpad=6)
    for number, (_, word, colour) in enumerate(_ENDS):
        plot.annotate(
            f"■ {word}",
            (0, 1),
            (96 * number, 10),
            xycoords="axes fraction",
            textcoords="offset points",
            color=colour,
        )


def _sizes(plot: Any, tallies: Sequence[Tally], planned: int, takes: str) -> None:
    """After how many requests rollouts ended: the middle half of them thick, the middle 80 % thin."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    plot.set_xlim(0, planned * 1.04)
    plot.axvline(planned, color=MUTED, linewidth=1.3, linestyle=(0, (4, 3)))
    for place, tally in enumerate(tallies):
        tenth, quarter, middle, three, nine = (tally.requests(share) for share in _QUANTILES)
        plot.plot([tenth, nine], [place] * 2, color=BLUE, linewidth=1.8)
        plot.plot([quarter, three], [place] * 2, color=BLUE, linewidth=5)
        plot.plot([middle], [place], "o", color=BLUE, markersize=9, markeredgewidth=0)
        # Inside the panel, whichever half the dot is in, and clear of the dashed line.
        side, shift = ("right", -4) if middle > planned / 2 else ("left", 4)
        plot.annotate(
            f"{middle:,}", (middle, place), (shift, 11), textcoords="offset points", ha=side, color=BLUE
        )
    plot.xaxis.set_major_locator(MaxNLocator(4, integer=True, steps=[1, 2, 2.5, 5, 10]))
    plot.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    plot.set_xlabel("requests until it ended: median, 50 %, 80 %", labelpad=6)
    plot.annotate(
        f"the whole plan{takes and f', {takes}'}",
        (planned, -0.5),
        (0, 10),
        textcoords="offset points",
        ha="right",
        color=MUTED,
    )
