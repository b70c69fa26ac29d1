"""What the labels of some rows are, in a few figures that the task names: shares, or a mean."""

from collections.abc import Mapping

Labels = dict[str, float]
SHOWN = 6
"""Figures that are told before the rest is counted."""


def told(labels: Mapping[str, float]) -> str:
    """The figures in one line, such as `mean 3.5, deviation 1.04`; a class that is a number is quoted."""
    shown = [f"{_named(name)} {value:.6g}" for name, value in list(labels.items())[:SHOWN]]
    more = [f"{len(labels) - SHOWN} more"] if len(labels) > SHOWN else []
    return ", ".join([*shown, *more])


def _named(name: str) -> str:
    # A class called 0.5 would look like one more figure.
    return name.replace("_", " ") if name[:1].isalpha() else repr(name)
