"""What the user says of a table, held against what the table holds."""

import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from slipway.data.source_files import listed
from slipway.data.values import shown
from slipway.settings.data import ROW, SHUFFLED
from slipway.starter.profile import ColumnProfile, Profile

FEWEST = 1000
"""Rows; four parts are made of them, and the last one has to tell two models apart."""
POSITIVE = ("true", "t", "yes", "y", "1", "positive", "pos", "1.0")
"""Which of two values counts as 1, in any case, before the rarer one does."""


@dataclass(frozen=True)
class Answers:
    """The columns of the source that have a role, the label's value that counts as 1, and when it comes.

    Attributes:
        delay: hours from a row's time until its label is known; None where nobody says, which is taken for 0.
    """

    label: str
    time: str | None = None
    unit: str | None = None
    positive: str | None = None
    delay: float | None = None


def faults(found: Profile, answers: Answers) -> Iterator[str]:
    """Why no card can be made, each reason one line that names the file."""
    return (f"{found.path}: {fault}" for fault in _faults(found, answers))


def _faults(found: Profile, answers: Answers) -> Iterator[str]:
    roles = {"label": answers.label, "time": answers.time, "unit": answers.unit}
    named = {role: source for role, source in roles.items() if source is not None}
    sources = [one.source for one in found.columns]
    for role, source in named.items():
        if source not in sources or source in ("", ROW, SHUFFLED):
            yield f"--{role}: no column {source!r}; found {listed(sources)}{_header_hint(sources)}"
            return
    if len(set(named.values())) < len(named):
        yield f"a column has one role; found {', '.join(f'--{role} {one}' for role, one in named.items())}"
    yield from _label_faults(found, answers)
    if answers.time is not None:
        kind = found.column(answers.time).kind
        if kind != "timestamp" and found.source.time_format is None:
            yield (
                f"--time: column {answers.time!r} holds {_words(kind)}, expected times; "
                "name their format with --time-format, or leave --time out"
            )
    if answers.delay is not None:
        yield from _delay_faults(answers.delay, answers.time)
    if found.rows < FEWEST:
        yield f"{found.rows:,} rows, expected at least {FEWEST:,}: they are cut into four parts"


def _delay_faults(delay: float, time: str | None) -> Iterator[str]:
    if not 0 <= delay < math.inf:
        yield f"--delay: found {delay:g}, expected hours from 0"
    elif delay and time is None:
        yield (
            f"--delay: found {delay:g} without --time; rows without a time are shuffled, "
            "so none comes after another"
        )


def _label_faults(found: Profile, answers: Answers) -> Iterator[str]:
    label = found.column(answers.label)
    if label.nulls:
        marks = " or ".join(map(repr, found.source.missing))
        why = f" ({marks} counts as missing)" if marks else ""
        yield f"--label: {label.nulls:,} of {found.rows:,} rows have no {label.source!r}{why}; leave them out"
    elif label.distinct != 2:
        several = f"such as {listed(list(label.values[:5]))}, " if label.values else ""
        yield f"--label: {label.source!r} has {label.distinct:,} values, {several}expected two"
    elif (value := positive(label, answers.positive)) is not None and len(label.values) != 2:
        ways = listed(list(label.values))
        yield f"--label: {label.source!r} has two values, written as {ways}; expected one way for each"
    elif value not in (None, *label.values):
        yield f"--positive: found {answers.positive!r}, {label.source!r} has {listed(list(label.values))}"


def positive(label: ColumnProfile, asked: str | None) -> str | None:
    """The value of a label that counts as 1; None where its values are 0 and 1 already."""
    if asked is None and label.kind == "integer" and {float(value) for value in label.values} == {0.0, 1.0}:
        return None
    known = (value for value in label.values if value.lower() in POSITIVE)
    rarer = label.values[min(range(len(label.values)), key=lambda place: label.counts[place])]
    if asked is None:
        return next(known, rarer)
    return asked if label.kind == "string" else _written(label, asked)


def _written(label: ColumnProfile, asked: str) -> str:
    """The label's value that is the number asked for, as the source writes it; else what is asked for."""
    with suppress(ValueError):  # it is no number
        return next((one for one in label.values if float(one) == float(asked)), asked)
    return asked


def _header_hint(sources: list[str]) -> str:
    """Where names look like values, the first line may be a row."""
    numbers = [source for source in sources if source.replace(".", "", 1).isdigit()]
    first = f"; {shown(numbers[0], 20)!r} looks like a value: " if numbers else ""
    return f"{first}does line 1 hold names? --header gives them" if numbers else ""


def _words(kind: str) -> str:
    return {"integer": "whole numbers", "number": "numbers", "nested": "lists"}.get(kind, "text")
