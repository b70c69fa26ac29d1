"""A matplotlib figure as SVG inside HTML: text stays text, colours are the page's own, bytes repeat."""

import io
import re
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any, Literal

WIDE, NARROW = 920, 360
"""Widths in pixels; a page holds each figure in both, and its style shows the one that fits the window."""
INK, MUTED, LINE, PAPER = "#1c2430", "#5b6675", "#dde2e9", "#ffffff"
BLUE, VERMILLION, GREEN, AMBER = "#0072b2", "#ad4403", "#00734f", "#8a6100"

_VARIABLES = {
    INK: "ink",
    MUTED: "muted",
    LINE: "line",
    PAPER: "paper",
    BLUE: "blue",
    VERMILLION: "vermillion",
    GREEN: "green",
    AMBER: "amber",
}
_STYLE: dict[str, Any] = {
    # Text, not outlines: it can be searched and copied.
    "svg.fonttype": "none",
    # A dollar sign in somebody's data would begin a formula.
    "text.parse_math": False,
    "font.size": 12.5,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 12,
    "axes.linewidth": 1.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.labelsize": 11.5,
    "ytick.labelsize": 11.5,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
}


def svg(name: str, label: str, width: int, height: int, paint: Callable[[Any], None]) -> str:
    """Let `paint` draw on a matplotlib figure of `width` x `height` pixels.

    Args:
        name: keeps the ids of one figure apart from those of the others on the page.
        label: what the figure shows, for people who do not see it.
        paint: draws on the figure; one inch is 72 pixels.
    """
    return _for_html(_drawn(name, width, height, paint, "svg"), label)


def picture(
    name: str, width: int, height: int, paint: Callable[[Any], None], form: Literal["svg", "png"]
) -> bytes:
    """The same as a file of its own, on a white ground; an SVG's text is that of the viewer's fonts."""
    return _drawn(name, width, height, paint, form, ground=PAPER)


def _drawn(
    name: str,
    width: int,
    height: int,
    paint: Callable[[Any], None],
    form: Literal["svg", "png"],
    ground: str | None = None,
) -> bytes:
    from matplotlib import style
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    buffer = io.BytesIO()
    # Matplotlib's ids are random; salted they repeat, so that a report has the same bytes again.
    own = _STYLE | {"svg.hashsalt": f"slipway-{name}-{width}"}
    # From matplotlib's defaults, so that nobody's matplotlibrc changes a report.
    with style.context(["default", own]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # the browser's fonts draw the text
        figure = Figure(figsize=(width / 72, height / 72), dpi=72)
        figure.patch.set(visible=ground is not None, facecolor=ground or "none")
        paint(figure)
        if form == "png":
            figure.set_dpi(2 * 72)  # for screens that show two dots for a pixel
            FigureCanvasAgg(figure).print_png(buffer)
        else:
            # A date would make the bytes differ again.
            FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None})
    return buffer.getvalue()


def axes(figure: Any, left: float, top: float, width: float, height: float) -> Any:
    """Axes placed in pixels from the top left corner, on a transparent ground."""
    across, down = figure.get_size_inches() * 72
    place = (left / across, 1 - (top + height) / down, width / across, height / down)
    return figure.add_axes(place, facecolor="none")


def _for_html(source: bytes, label: str) -> str:
    """Take from matplotlib's file what an HTML page has no use for, and name the figure."""
    root = ET.fromstring(source)  # noqa: S314 - what matplotlib has just written
    # Ids that nothing refers to would clash with those of other figures on the page.
    used = set(re.findall(rb"#([A-Za-z][\w-]*)", source))
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.endswith(("}metadata", "}style")):
                parent.remove(child)
        _plain(parent, used)
    # Without a size of its own a figure is as wide as the page; its viewBox keeps the shape.
    for key in ("width", "height", "version"):
        root.attrib.pop(key, None)
    root.attrib |= {"role": "img", "aria-label": label}
    return ET.tostring(root, encoding="unicode")


def _plain(element: Any, used: set[bytes]) -> None:
    # Inside HTML, SVG needs no namespaces; prefixes would be part of the names.
    element.tag = element.tag.rpartition("}")[2]
    element.attrib = {key.rpartition("}")[2]: value for key, value in element.attrib.items()}
    if element.get("id", "").encode() not in used:
        element.attrib.pop("id", None)
    if "style" in element.attrib:
        # Colours are replaced in styles alone: a text in the data may look like one.
        coloured = re.sub(r"#[0-9a-f]{6}", _variable, element.attrib["style"])
        # The page names the font; only the size stays.
        element.attrib["style"] = re.sub(r"font-family: [^;]*;? ?|(font: .*?px) [^;]*", r"\1", coloured)


def _variable(found: re.Match[str]) -> str:
    name = _VARIABLES.get(found[0])
    return f"var(--{name}, {found[0]})" if name else found[0]
