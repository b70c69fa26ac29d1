"""The way of each version from its data to its traffic, drawn as boxes and arrows."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from slipway.report.plots.canvas import NARROW, WIDE
from slipway.report.wording import short

WORDS = ("Data", "Run", "Version", "Decision", "Traffic")
GAP, ROW, BOX = 26, 88, 64
"""Pixels between two boxes, from row to row, and of a box's height, in a wide figure."""
STACKED, STEP = 50, 66
"""The same of a box's height and from box to box where they stand one below another."""
SIGNS = 7.2
"""Pixels of a sign at 13 pixels, mostly."""


@dataclass(frozen=True)
class Box:
    """One station: what it is, and a line about it."""

    name: str
    about: str


@dataclass(frozen=True)
class Path:
    """The stations of one version, in the order of `WORDS`; `live` where it has traffic."""

    boxes: tuple[Box, Box, Box, Box, Box]
    live: bool

    def __str__(self) -> str:
        said = (
            f"{word.lower()} {box.name} ({box.about})" for word, box in zip(WORDS, self.boxes, strict=True)
        )
        return ", then ".join(said)


def lineage(name: str, paths: Sequence[Path], width: int) -> str:
    """An SVG that takes its colours from the page; the same in words is its label.

    Args:
        name: of the line.
        width: `NARROW` stacks the boxes, any other lays them side by side.
    """
    across = (WIDE - GAP * (len(WORDS) - 1)) / len(WORDS)
    draw, height = (_stacked, STEP * len(WORDS) + 14) if width <= NARROW else (_beside, ROW)
    head = "" if width <= NARROW else _heads(across)
    top = 0 if width <= NARROW else 26
    body = "".join(draw(paths, number, top + number * height, across) for number in range(len(paths)))
    label = f"Where the versions of {name} come from: " + "; ".join(map(str, paths))
    return (
        f'<svg viewBox="0 0 {width} {top + height * len(paths)}" role="img" aria-label="{escape(label)}" '
        f'class="lineage">{head}{body}</svg>'
    )


def _heads(across: float) -> str:
    return "".join(
        f'<text x="{number * (across + GAP):.0f}" y="14" class="word">{word}</text>'
        for number, word in enumerate(WORDS)
    )


def _beside(paths: Sequence[Path], number: int, top: float, across: float) -> str:
    one, parts = paths[number], []
    for place, box in enumerate(one.boxes):
        left, middle = place * (across + GAP), top + BOX / 2
        # Versions of the same rows share one box.
        first = (
            next(row for row, other in enumerate(paths) if other.boxes[0] == box) if place == 0 else number
        )
        if first == number:
            parts.append(_box(box, left, top, across, BOX, one.live))
        if place:
            parts.append(_arrow(left - GAP, middle, left, middle))
        if first < number:
            up = top - (number - first) * ROW + BOX
            parts.append(f'<path d="M{across / 2:.0f} {up:.0f} V{middle:.0f} H{across:.0f}" class="arrow"/>')
    return "".join(parts)


def _stacked(paths: Sequence[Path], number: int, top: float, _: float) -> str:
    one, parts = paths[number], []
    for place, box in enumerate(one.boxes):
        at = top + place * STEP
        named = Box(f"{WORDS[place]}: {box.name}", box.about)
        parts.append(_box(named, 1, at, NARROW - 2, STACKED, one.live))
        if place:
            parts.append(_arrow(NARROW / 2, at - (STEP - STACKED), NARROW / 2, at))
    return "".join(parts)


def _box(box: Box, left: float, top: float, across: float, tall: float, live: bool) -> str:
    most = int((across - 18) / SIGNS)
    kind = "box live" if live else "box"
    at, middle = f"{left + 10:.0f}", top + tall / 2
    return (
        f'<rect x="{left:.0f}" y="{top:.0f}" width="{across:.0f}" height="{tall:.0f}" rx="8" class="{kind}"/>'
        f'<text x="{at}" y="{middle - 4:.0f}" class="name">{escape(short(box.name, most))}</text>'
        f'<text x="{at}" y="{middle + 15:.0f}" class="about">{escape(short(box.about, most))}</text>'
    )


def _arrow(left: float, top: float, right: float, bottom: float) -> str:
    back = "-6 -4 l6 4 l-6 4" if top == bottom else "-4 -6 l4 6 l4 -6"
    return f'<path d="M{left:.0f} {top:.0f} L{right:.0f} {bottom:.0f} m{back}" class="arrow"/>'
