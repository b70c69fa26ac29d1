"""A first look at a table as one page, in the style of the reports."""

from typing import TYPE_CHECKING

from slipway.data.values import shown
from slipway.report.html import environment
from slipway.report.plots.bars import bars, means
from slipway.report.wording import printable
from slipway.starter.look import FEWEST, Look, Looked, OverTime

if TYPE_CHECKING:
    from markupsafe import Markup

KINDS = {
    "integer": "whole numbers",
    "number": "numbers",
    "string": "text",
    "timestamp": "times",
    "nested": "lists or structures",
}


def page(found: Look, label: str | None, time: str | None) -> str:
    """HTML without scripts that loads nothing; equal tables give equal bytes.

    Args:
        label: the column of the outcome, where somebody said it.
        time: the same of the rows' times.
    """
    marks = [repr(shown(mark)) for mark in found.profile.source.missing]
    return (
        environment()
        .get_template("look.html")
        .render(
            found=found,
            file=printable(found.profile.path.name),
            roles={label: "label", time: "time"},
            kinds=KINDS,
            fewest=FEWEST,
            marks=", ".join(marks),
            figures=[_figure(one) for one in found.columns],
            over_time=None if found.over_time is None else _markup(_means(found.over_time)),
        )
    )


def _figure(one: Looked) -> "Markup | None":
    if not one.shape.counts:
        return None
    low, high = one.shape.ends
    said = ", ".join(f"{count:,}" for count in one.shape.counts)
    name = printable(one.found.source)
    return _markup(bars(one.shape.counts, f"{name} from {low} to {high}, rows in equal spans: {said}"))


def _means(found: OverTime) -> str:
    low, high = found.ends
    told = ", ".join("no rows" if one is None else f"{one:.3g}" for one in found.means)
    label = f"{printable(found.what)} in equal spans of time from {low} to {high}: {told}"
    return means(found.means, found.counts, label)


def _markup(svg: str) -> "Markup":
    from markupsafe import Markup

    return Markup(svg)  # noqa: S704 - whatever comes from data is escaped in it
