"""What the user says of a table, held against what the table holds."""

import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from slipway.data.source_files import listed
from slipway.data.values import shown
from slipway.settings.data import TIME_FORMATS
from slipway.starter.dress import is_dressed
from slipway.starter.profile import ColumnProfile, Profile
from slipway.starter.texts import MARKS
from slipway.tasks.columns import ROW, SHUFFLED

FEWEST = 1000
"""Rows; four parts are made of them, and the last one has to tell two models apart."""
POSITIVE = ("true", "t", "yes", "y", "1", "positive", "pos", "1.0")
"""Which of two values counts as 1, in any case, before the rarer one does."""


OPPOSITE = {"1": "0", "1.0": "0", "true": "false", "t": "f", "y": "n", "yes": "no", "positive": "negative"}
"""What somebody may have meant by leaving a cell blank, by the one value that others have."""
MOST_CLASSES = 50
"""Of a label; with more different words it is text."""
NO_CLASS = frozenset(MARKS) - {"none", "None"}
"""Marks of a missing value that are no class beside others; `none` may well be one."""
UNCLEAR = 20
"""Up to so many different whole numbers may be amounts or classes."""
UNSUPPORTED = {
    "forecasting": "forecasting of time series",
    "time-series": "forecasting of time series",
    "survival": "survival analysis",
    "text": "text",
    "images": "images",
    "image": "images",
}
"""What people ask for and slipway cannot do."""
SUPPORTED = ("binary", "regression", "multiclass")


@dataclass(frozen=True)
class Choices:
    """The columns of the source with a role, the task, the label's values that are 1, and when it comes.

    Attributes:
        positive: one value, or several with commas between.
        delay: hours from a row's time until its label is known; None where nobody says, which is taken for 0.
        depends: whether the label depends on what is answered; None where nobody says, which is taken for no.
    """

    label: str
    time: str | None = None
    unit: str | None = None
    positive: str | None = None
    delay: float | None = None
    task: str | None = None
    depends: bool | None = None


def faults(found: Profile, choices: Choices) -> Iterator[str]:
    """Why no card can be made, each reason one line that names the file."""
    return (f"{found.path}: {fault}" for fault in _faults(found, choices))


def _faults(found: Profile, choices: Choices) -> Iterator[str]:
    roles = {"label": choices.label, "time": choices.time, "unit": choices.unit}
    named = {role: source for role, source in roles.items() if source is not None}
    sources = [one.source for one in found.columns]
    for role, source in named.items():
        if source not in sources or source in ("", ROW, SHUFFLED):
            yield f"--{role}: no column {source!r}; found {listed(sources)}{_header_hint(sources)}"
            # The other checks look these columns up.
            return
    if len(set(named.values())) < len(named):
        yield f"a column has one role; found {', '.join(f'--{role} {one}' for role, one in named.items())}"
    yield from _label_faults(found, choices)
    if choices.time is not None:
        kind = found.column(choices.time).kind
        if kind != "timestamp" and found.source.time_format is None:
            yield (
                f"--time: column {choices.time!r} holds {_words(kind)}, expected times; name their format "
                f"with --time-format ({TIME_FORMATS}), or leave --time out"
            )
    if choices.delay is not None:
        yield from _delay_faults(choices.delay, choices.time)
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


def _label_faults(found: Profile, choices: Choices) -> Iterator[str]:
    label, asked = found.column(choices.label), choices.task
    if asked is not None and asked not in SUPPORTED:
        what = UNSUPPORTED.get(asked)
        said = f"{what} is not supported" if what else f"found {asked!r}"
        yield f"--task: {said}; there are {', '.join(SUPPORTED)}"
    elif label.nulls:
        yield _no_label(label, found)
    elif asked is not None and choices.positive is not None and asked != "binary":
        yield f"--positive: two values make the task binary, not {asked}; leave one of the two out"
    elif (task := task_of(label, choices)) is None:
        yield _no_task(label)
    elif asked != "multiclass" and (unlike := _same_word(label, choices) or _no_class(label, choices)):
        yield unlike
    elif task == "binary":
        yield from _two_values(label, choices)
    elif task == "multiclass" and not 3 <= label.distinct <= MOST_CLASSES:
        yield f"--label: {label.source!r} has {label.distinct:,} values, expected 3 to {MOST_CLASSES} classes"
    elif task == "regression" and (label.kind not in ("integer", "number") or label.distinct < 3):
        yield f"--label: {label.source!r} holds {_words(label.kind)}, expected numbers, and three at least"


def _no_label(label: ColumnProfile, found: Profile) -> str:
    """To leave out rows without a label is no advice where there is one value, which blanks may deny."""
    blank = f"--label: {label.nulls:,} of {found.rows:,} rows have no {label.source!r}"
    if label.distinct == 1:
        known = label.values[0]
        no = OPPOSITE.get(known.lower(), "no")
        no = no.capitalize() if known[:1].isupper() else no
        return (
            f"{blank}, the others all {known!r}: if a blank means that it is not so, write that as a value "
            f"of its own, such as {no!r}; rows of which it is not known belong left out"
        )
    marks = " or ".join(map(repr, found.source.missing))
    why = f" ({marks} counts as missing)" if marks else ""
    return f"{blank}{why}; leave them out if nobody knows it, else write what a blank means"


def task_of(label: ColumnProfile, choices: Choices) -> str | None:
    """What a label makes: two values are binary, words are classes, numbers a regression; None if unclear."""
    if choices.task is not None:
        return choices.task
    if label.distinct <= 2 or choices.positive is not None:
        return "binary"
    if label.kind == "number" or (label.kind == "integer" and label.distinct > UNCLEAR):
        return "regression"
    return "multiclass" if label.kind == "string" and label.distinct <= MOST_CLASSES else None


def _same_word(label: ColumnProfile, choices: Choices) -> str | None:
    """Two values of a label that differ in case alone, unless both count as 1 or neither does."""
    chosen = None if choices.positive is None else positive(label, choices.positive)
    seen: dict[str, str] = {}
    for value in label.values:
        other = seen.setdefault(value.casefold(), value)
        if other != value and (chosen is None or (other in chosen) != (value in chosen)):
            return (
                f"--label: {label.source!r} has {other!r} and {value!r}, which differ in case alone; write "
                f"them one way, or say --positive {other},{value} where they count as 1"
            )
    return None


def _no_class(label: ColumnProfile, choices: Choices) -> str | None:
    """A label's value that stands for a missing one in other tables, beside two values or more."""
    marked = next((value for value in label.values if value in NO_CLASS), None)
    if marked is None or choices.positive is not None or label.distinct < 3:
        return None
    count = label.counts[label.values.index(marked)]
    return (
        f"--label: {label.source!r} is {marked!r} in {count:,} rows: where that is a missing value, leave "
        "them out; else say --task multiclass, or which values count as 1 with --positive"
    )


def _no_task(label: ColumnProfile) -> str:
    """One line that says what is unclear, or what is not supported."""
    several = f"such as {listed(list(label.values[:5]))}, " if label.values else ""
    start = f"--label: {label.source!r} has {label.distinct:,} values, {several}"
    if label.kind == "integer":
        return (
            f"{start}which may be amounts or classes; say --task regression or --task multiclass, "
            "or which of them count as 1, such as --positive 4,5"
        )
    if (dress := label.text.dress) and dress.other is None:
        return f"--label: {label.source!r} {is_dressed(dress)}"
    if label.kind == "timestamp":
        return f"{start}which are times; forecasting of time series and survival analysis are not supported"
    return (
        f"{start}expected two, or 3 to {MOST_CLASSES} words, or numbers; "
        "text, images, time series and survival analysis are not supported"
    )


def _two_values(label: ColumnProfile, choices: Choices) -> Iterator[str]:
    chosen, known = positive(label, choices.positive), listed(list(label.values))
    if label.distinct < 2:
        yield f"--label: {label.source!r} has the one value {known}, expected two, classes or numbers"
    elif label.distinct != 2 and choices.positive is None:
        several = f"such as {listed(list(label.values[:5]))}, " if label.values else ""
        yield f"--label: {label.source!r} has {label.distinct:,} values, {several}expected two, or --positive"
    elif label.distinct == 2 and chosen and len(label.values) != 2:
        # 1 and 1.0 are one number and two texts, and ingestion compares texts.
        yield f"--label: {label.source!r} has two values, written as {known}; expected one way for each"
    elif unknown := [one for one in chosen if one not in label.values]:
        yield f"--positive: found {unknown[0]!r}, {label.source!r} has {known}"
    elif len(set(chosen)) == len(label.values):
        yield f"--positive: every value of {label.source!r} would count as 1"


def positive(label: ColumnProfile, asked: str | None) -> list[str]:
    """The values of a label that count as 1; none where its values are 0 and 1 already."""
    if asked is None and label.kind == "integer" and {float(value) for value in label.values} == {0.0, 1.0}:
        return []
    if asked is None:
        known = (value for value in label.values if value.lower() in POSITIVE)
        # Of equal counts the first by name, so that a table always gives the same card.
        rarer = min(zip(label.counts, label.values, strict=True), default=(0, ""))[1]
        return [next(known, rarer)]
    # A value may hold a comma itself.
    parts = [asked] if asked in label.values else [part.strip() for part in asked.split(",")]
    return parts if label.kind == "string" else [_written(label, part) for part in parts]


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
