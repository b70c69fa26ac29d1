"""What every page of slipway shares: its templates, their filters, and figures for two widths of a window."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slipway.report import wording
from slipway.report.plots.canvas import NARROW, WIDE

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Figure:
    """The same figure for a wide and for a narrow window."""

    wide: "Markup"
    narrow: "Markup"


def figure(plot: Callable[..., str], *evidence: Any) -> Figure:
    """Let a plot, which takes the width last, draw for both."""
    from markupsafe import Markup

    # The plots escape what comes from data; `canvas.svg` writes it through an XML serialiser.
    wide, narrow = (Markup(plot(*evidence, width)) for width in (WIDE, NARROW))  # noqa: S704 - see above
    return Figure(wide, narrow)


@cache  # with its templates, which take longer to compile than to fill
def environment() -> "Environment":
    """Templates in which whatever comes from data or a registry is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        # A name that is missing is an error, not an empty place on the page.
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = (
        wording.digest,
        wording.interval,
        wording.number,
        wording.percent,
        wording.percent_interval,
        wording.printable,
        wording.rise,
        wording.significant,
        wording.verdict,
        wording.when,
    )
    made.filters |= {function.__name__: function for function in filters}
    return made
