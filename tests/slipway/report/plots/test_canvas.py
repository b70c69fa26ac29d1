"""What becomes of matplotlib's SVG."""

from typing import Any
from xml.etree import ElementTree as ET

from slipway.report.plots.canvas import BLUE, axes, svg


def _paint(figure: Any) -> None:
    plot = axes(figure, 10, 10, 80, 80)
    plot.plot([0, 1], [0, 1], color=BLUE)
    plot.text(0, 0, f'<b>$\\frac{{ {BLUE} style="fill: {BLUE}"')


def test_text_is_escaped_and_not_typeset() -> None:
    """The drawn text comes back letter by letter."""
    root = ET.fromstring(svg("a", "b", 100, 100, _paint))  # noqa: S314 - our own
    assert f'<b>$\\frac{{ {BLUE} style="fill: {BLUE}"' in [text.text for text in root.iter("text")]


def test_colours_follow_the_page() -> None:
    """The palette becomes variables, so a dark page has light lines."""
    assert f"stroke: var(--blue, {BLUE})" in svg("a", "b", 100, 100, _paint)


def test_figures_of_other_names_share_no_ids() -> None:
    """Several figures can stand on one page."""
    ids = [
        {part.get("id") for part in ET.fromstring(svg(name, "x", 100, 100, _paint)).iter() if part.get("id")}  # noqa: S314
        for name in ("a", "b")
    ]
    assert ids[0]
    assert not ids[0] & ids[1]


def test_global_settings_stay_as_they_are() -> None:
    """Drawing changes nothing for others in the process."""
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    svg("a", "b", 100, 100, _paint)
    assert dict(mpl.rcParams) == before
