"""Which columns of a profile become inputs, as what, and which are left out: a pure function."""

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from slipway.base.naming import beside
from slipway.settings import Column
from slipway.settings.data import NUMBERED
from slipway.starter.choices import Choices, positive, task_of
from slipway.starter.codes import (
    UNSAID,
    Named,
    is_category,
    is_new_in_each_row,
    may_be_category,
    names_rows,
)
from slipway.starter.dress import is_dressed
from slipway.starter.names import names
from slipway.starter.profile import ColumnProfile, Profile
from slipway.starter.texts import is_text
from slipway.tasks.columns import ROW, SHUFFLED

SLICED = 10
"""The most values of a column by which models are judged slice by slice."""
MOST_SLICES = 3
"""Columns; the intervals of all slices hold together, so each further one widens all."""
SECOND = (
    "is a second time; give it the role known_at if it says when the label came, "
    "or make numbers of it in features.py"
)
NULL_SHARES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 0.7, 0.9, 1.0)
"""What the allowed share of missing values is rounded up to."""


@dataclass(frozen=True)
class _OfTable:
    """A column of the table, and how it stands in the card or would stand there."""

    name: str
    column: Column

    @property
    def called(self) -> str:
        """Its name, with the table's own beside it where that is in another script."""
        return self.name if self.column.made else beside(self.name, self.column.source)


@dataclass(frozen=True)
class Chosen(_OfTable):
    """A column of the card, and what to say of it.

    Attributes:
        doubt: what somebody has to look at before anything else; part of the comment.
    """

    comment: str
    doubt: str = ""


@dataclass(frozen=True)
class Left(_OfTable):
    """A column of the source that is not in the card, and why it is not."""

    why: str


@dataclass(frozen=True)
class Design:
    """What follows from the columns; names are the card's.

    Attributes:
        timed: whether the rows have a time of their own; else they are shuffled.
        united: whether several rows may be of one unit; else each row is one.
    """

    columns: tuple[Chosen, ...]
    left: tuple[Left, ...]
    categorical: tuple[str, ...]
    numeric: tuple[str, ...]
    both: tuple[str, ...]
    slices: tuple[str, ...]
    hash_bits: int
    time_of_day: bool
    timed: bool
    united: bool

    @property
    def unclear(self) -> list[str]:
        """Those that are both, as people know them."""
        return [one.called for one in self.columns if one.name in self.both]

    def role(self, role: str) -> Chosen:
        """The column with a role."""
        return next(one for one in self.columns if one.column.role == role)


def design(
    found: Profile,
    choices: Choices,
    unfit: Mapping[str, str] | None = None,
    disordered: Mapping[str, float] | None = None,
    missing: Mapping[str, float] | None = None,
) -> Design:
    """Sort the columns of a table whose choices have no fault.

    Args:
        unfit: columns of the source that no model may see, each with the reason; None where that is still to
            be found out, for which second times stay in.
        disordered: whole numbers whose order tells little of the label, and how little (`order.disorder`).
        missing: the largest share of missing values at any size, where that is more than in all rows.
    """
    disordered, missing = disordered or {}, missing or {}
    every = names(one.source for one in found.columns)
    columns = [
        Named(name, one, found.rows, disordered.get(one.source), missing.get(one.source, 0.0))
        for name, one in zip(every, found.columns, strict=True)
    ]
    roles = {choices.label: "label", choices.time: "time", choices.unit: "unit"}
    plain = [one for one in columns if one.found.source not in roles]
    left = {one.name: Left(one.name, _column(one), why) for one in plain if (why := _why_not(one, unfit))}
    kept = [one for one in plain if one.name not in left]
    unit = next((one for one in columns if one.found.source == choices.unit), None)
    coded = [one for one in kept if is_category(one) or may_be_category(one)]
    # A unit that hardly comes back has nothing to be known by.
    if unit and unit.rows >= 2 * unit.found.distinct:
        coded = [unit, *coded]
    numeric = [one for one in kept if one.found.kind in ("integer", "number") and not is_category(one)]
    time = None if choices.time is None else found.column(choices.time)
    return Design(
        columns=(*_made(choices, every), *_chosen(columns, found, choices, left)),
        left=tuple(left.values()),
        categorical=tuple(one.name for one in coded),
        numeric=tuple(one.name for one in numeric),
        both=tuple(one.name for one in numeric if one in coded),
        slices=_slices(kept),
        hash_bits=_hash_bits(coded),
        # Hours are counted of ISO 8601 alone; of another format, the format tells whether it has any.
        time_of_day=time is not None and (time.hours > 1 or _tells_hours(found.source.time_format or "")),
        timed=time is not None,
        united=unit is not None,
    )


def remark(found: ColumnProfile, rows: int) -> str:
    """What is said of a column without a role: why it would be left out, or what somebody has to review."""
    one = Named(found.source, found, rows, None, 0.0)
    if why := _why_not(one, None):
        return f"left out: {why}"
    return f"review: {doubt}" if (doubt := _doubt(one)) else ""


def _tells_hours(time_format: str) -> bool:
    return time_format in NUMBERED or "%H" in time_format or "%I" in time_format


def _made(choices: Choices, taken: list[str]) -> Iterator[Chosen]:
    """Time and unit of a table that has none."""
    time, row = names(["time", "row"], taken)
    if choices.time is None:
        shuffled = Column(type="timestamp", role="time", source=SHUFFLED)
        yield Chosen(time, shuffled, "made, for the table has no time: a place in a fixed shuffle")
    if choices.unit is None:
        number = Column(type="integer", role="unit", source=ROW)
        yield Chosen(row, number, "made: each row is a unit of its own")


def _chosen(
    columns: list[Named], found: Profile, choices: Choices, left: Collection[str]
) -> Iterator[Chosen]:
    for one in columns:
        if one.name in left:
            continue
        if one.found.source == choices.label:
            yield _label(one, choices)
        elif one.found.source == choices.time:
            yield Chosen(one.name, Column(type="timestamp", role="time", source=one.source), "")
        elif one.found.source == choices.unit:
            kind = "integer" if one.found.kind == "integer" else "string"
            column = Column.model_validate({"type": kind, "role": "unit", "source": one.source})
            yield Chosen(one.name, column, f"{one.found.distinct:,} of them in {found.rows:,} rows")
        else:
            doubt = _doubt(one)
            yield Chosen(one.name, _column(one), _comment(one, doubt), doubt)


def _label(one: Named, choices: Choices) -> Chosen:
    """The label as its task has it."""
    found, task = one.found, task_of(one.found, choices)
    if task == "regression":
        column = Column.model_validate({"type": found.kind, "role": "label", "source": one.source})
        return Chosen(one.name, column, f"seen {found.low:g} to {found.high:g}")
    if task == "multiclass":
        column = Column(type="string", role="label", source=one.source, values=list(found.values))
        return Chosen(one.name, column, "review: the classes, in the order of the answers")
    values = positive(found, choices.positive)
    told: str | list[str] | None = values[0] if len(values) == 1 else values or None
    return Chosen(
        one.name,
        Column(type="integer", role="label", source=one.source, positive=told),
        _label_comment(found, values),
    )


def _label_comment(label: ColumnProfile, values: list[str]) -> str:
    if not values:
        return ""
    share = sum(label.counts[label.values.index(value)] for value in values) / sum(label.counts)
    said = " and ".join(map(repr, values))
    return f"review: {said} {'counts' if len(values) == 1 else 'count'} as 1, {100 * share:.3g} % of the rows"


def _why_not(one: Named, unfit: Mapping[str, str] | None) -> str:
    """The reason to leave a column out; nothing where there is none."""
    found = one.found
    if found.source in UNSAID:
        return "has a name that no card can say"
    if found.kind == "nested":
        return "holds lists or structures"
    if not found.distinct:
        return "is empty"
    # Beside missing values a single value does tell something: that it is there.
    if found.distinct == 1 and not found.nulls:
        return "is the same in every row"
    if (dress := found.text.dress) and dress.other is None:
        return is_dressed(dress)
    if unfit and found.source in unfit:
        return unfit[found.source]
    # Kept for the trial: one that tells the label must be reported for that.
    if found.kind == "timestamp" or found.text.dates:
        return "" if unfit is None else SECOND
    if not is_new_in_each_row(one) or (found.kind == "integer" and not names_rows(one)):
        return ""
    if said := is_text(one.found.text, one.rows - one.found.nulls):
        return f"is text: {said}"
    return "differs in almost every row, as an id or free text does"


def _doubt(one: Named) -> str:
    text = one.found.text
    if _null_share(one.missing) > _null_share(one.found.nulls / one.rows):
        return f"{_percent(one.missing)} missing in some part of the rows, such as the newest; still of use?"
    if one.disorder is not None:
        return (
            f"an id? {_percent(one.disorder)} of what its {one.found.distinct:,} values tell of the label is "
            "not by their order, so it is taken as a category too"
        )
    if one.found.kind == "integer" and is_new_in_each_row(one):
        return "differs in almost every row; an id or an amount?"
    if said := is_text(one.found.text, one.rows - one.found.nulls):
        return said
    if text.marked:
        return f"{text.marked:,} texts are taken for missing, as they are among numbers elsewhere"
    return ""


def _column(one: Named) -> Column:
    """The column with bounds that what was seen suggests, but not the very ends of it."""
    found = one.found
    kind = "string" if found.kind == "nested" else found.kind
    values = found.values if found.kind == "string" and found.values else None
    return Column(
        type=kind,
        source=one.source,
        null_share=_null_share(max(one.missing, found.nulls / one.rows)),
        min=0 if found.low is not None and found.low >= 0 else None,
        values=list(values) if values else None,
    )


def _null_share(seen: float) -> float:
    """Room for half as much again; where that is nearly all, for half of what is left."""
    return next(share for share in NULL_SHARES if share >= min(1.5 * seen, (1 + seen) / 2)) if seen else 0.0


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 1 else "100 %"


def _comment(one: Named, doubt: str) -> str:
    found = one.found
    said = []
    if found.low is not None and found.high is not None:
        form = ",.0f" if found.kind == "integer" else "g"
        said.append(f"seen {found.low:{form}} to {found.high:{form}}")
    elif found.values:
        said.append("all that were seen; any other stops a run, and is refused in a request")
    else:
        said.append(f"{found.distinct:,} values seen")
    if found.nulls:
        said.append(f"{_percent(found.nulls / one.rows)} missing")
    if doubt:
        said.append(doubt)
    return f"review: {', '.join(said)}"


def _slices(kept: list[Named]) -> tuple[str, ...]:
    """The columns of text with the fewest values."""
    few = [one for one in kept if one.found.kind == "string" and 2 <= one.found.distinct <= SLICED]
    return tuple(one.name for one in sorted(few, key=lambda one: one.found.distinct)[:MOST_SLICES])


def _hash_bits(coded: list[Named]) -> int:
    """Room for four times the values of the largest category, within bounds."""
    most = max((one.found.distinct for one in coded), default=1)
    return min(max(math.ceil(math.log2(4 * most)), 10), 18)
