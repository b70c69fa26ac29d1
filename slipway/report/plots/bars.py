"""Small figures of one column: bars whose heights are counts, and a mean over time above such bars."""

from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT = 320, 90
"""Of a figure of one column; one size does for every window."""
LINE = 120
"""Pixels of the part that shows means."""


def bars(counts: Sequence[int], label: str) -> str:
    """An SVG of counts side by side, which takes its colours from the page.

    Args:
        label: the same in words.
    """
    return _svg(HEIGHT, _bars(counts, 0, HEIGHT), label)


def means(values: Sequence[float | None], counts: Sequence[int], label: str) -> str:
    """An SVG of a mean for each span of time, None where there is none, above how many rows each span has."""
    known = [value for value in values if value is not None]
    low, high = min(known, default=0.0), max(known, default=1.0)
    step, reach = WIDTH / max(len(values), 1), (high - low) or 1.0
    points = [
        None if value is None else (step * (place + 0.5), 8 + (LINE - 16) * (1 - (value - low) / reach))
        for place, value in enumerate(values)
    ]
    # A span without rows interrupts the line.
    path = " ".join(
        f"{'L' if place and points[place - 1] else 'M'}{point[0]:.1f} {point[1]:.1f}"
        for place, point in enumerate(points)
        if point
    )
    dots = "".join(f'<circle cx="{one[0]:.1f}" cy="{one[1]:.1f}" r="3"/>' for one in points if one)
    return _svg(LINE + 44, f'<path d="{path}" class="line"/>{dots}{_bars(counts, LINE + 4, 40)}', label)


def _bars(counts: Sequence[int], top: float, tall: float) -> str:
    step, most = WIDTH / max(len(counts), 1), max(counts, default=0) or 1
    made = []
    for place, count in enumerate(counts):
        # What is there at all is to be seen.
        height = max(tall * count / most, 1.0) if count else 0.0
        x, y = step * place + 0.5, top + tall - height
        made.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{step - 1:.1f}" height="{height:.1f}"/>')
    return "".join(made)


def _svg(height: int, body: str, label: str) -> str:
    head = f'<svg viewBox="0 0 {WIDTH} {height}" class="bars" role="img" aria-label="{escape(label)}">'
    return f"{head}{body}</svg>"
