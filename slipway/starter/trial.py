"""A card tried on its table before it is written: what ingestion, split and the leak check make of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from slipway.base.errors import Refused, SlipwayError
from slipway.data.apart import without_copies
from slipway.data.copies import find_copies
from slipway.data.duckdb_engine import parquet, said
from slipway.data.embargo import embargo
from slipway.data.manifest import MIN_ROWS, PARTS, Part
from slipway.data.parts import copy_check
from slipway.data.requests import request_codes, value_codes
from slipway.data.split import boundaries
from slipway.data.table import write_table
from slipway.records.evidence import MIN_UNITS
from slipway.records.labels import Labels, told
from slipway.settings import Card
from slipway.settings.data import TableSource
from slipway.starter.order import disorder
from slipway.starter.outlook import Noise
from slipway.starter.sizes import PartSize
from slipway.system import read_examples
from slipway.system.examples import microseconds

CLOCK = 0.99
"""Correlation with the time, or with the order of the rows, from which on a number is one more clock."""
JUDGED = ("holdout", "replay")
"""The parts on whose units models are judged."""
LEAK = "alone tells the label"
FOLLOWS = "follows the time, so that later rows have values that no model has seen"


@dataclass(frozen=True)
class Alike:
    """Rows that are equal in all that is known of them, but for times and labels.

    Attributes:
        different: how many rows differ.
        copies: rows that copy another, beyond what chance makes.
        refused: what a run would say of them; None where it would go on.
    """

    rows: int
    different: int
    copies: int = 0
    refused: str | None = None


@dataclass(frozen=True)
class Trial:
    """What the split and the checks make of the rows.

    Attributes:
        parts: what the split would give.
        noise: of a request of the replay part.
        alike: how many of the rows are equal.
        unfit: names of the columns that no model may see, each with the reason.
        disordered: whole numbers whose order tells little of the label, and what `disorder` gives.
        missing: the share of missing values of each column, of all rows or of those that parts keep,
            whichever is larger: both are checked.
    """

    parts: Mapping[Part, PartSize]
    noise: Noise
    alike: Alike
    unfit: Mapping[str, str]
    disordered: Mapping[str, float]
    missing: Mapping[str, float]


def ingested(card: Card, source: TableSource, path: Path, limit: int | None, folder: Path) -> Path:
    """The newest `limit` rows at `path` in a file of `folder`, which is made once.

    Raises:
        SlipwayError: they cannot be ingested.
    """
    rows = folder / f"{limit or 'all'}.parquet"
    if not rows.exists():
        write_table(card, source, path, limit, rows)
    return rows


def attempt(card: Card, path: Path, rows: Path) -> Trial:
    """What becomes of ingested rows, of all columns of the card at least.

    Args:
        path: the table that they come from.

    Raises:
        SlipwayError: they cannot be cut into parts that models can be judged on; a Refused where they span
            too little time for their labels to become known, or are copies of each other.
    """
    import duckdb

    parts, noise, alike, missing = _parts(card, path, rows)
    try:
        unfit = dict.fromkeys(_clocks(card, rows), FOLLOWS) | dict.fromkeys(_leaks(card, rows), LEAK)
    except duckdb.Error as error:
        raise SlipwayError(f"{path}: {said(error)}") from error
    return Trial(parts, noise, alike, unfit, _disordered(card, rows), missing)


def _parts(card: Card, path: Path, rows: Path) -> tuple[dict[Part, PartSize], Noise, Alike, dict[str, float]]:
    time, unit, label = (card.data.required(role) for role in ("time", "unit", "label"))
    table = pq.read_table(rows, columns=[time, unit, label])
    bounds, known = _cut(card, path, table)
    copies = find_copies([rows], card.data)
    try:
        kept = without_copies(copies.group, known, bounds)
    except Refused as error:
        raise SlipwayError(f"{path}: {error}") from error  # guard split.copies
    parts: dict[Part, PartSize] = {}
    refused: list[str] = []
    described = list[Labels]()
    for part, (start, stop) in zip(PARTS, pairwise(bounds), strict=True):
        here = table.slice(start, stop - start).filter(pa.array(kept[start:stop]))
        described.append(card.task.described(card.task.outcomes(here[label].to_numpy())))
        _require_part(card, path, part, here[unit], described)
        outcomes = card.task.outcomes_in(here.num_rows, pc.count_distinct(here[unit]).as_py(), described[-1])
        parts[part] = PartSize(here.num_rows, _counted(here[label]), outcomes)
        left_out = int((known & ~kept)[start:stop].sum())
        check = copy_check(part, left_out, np.zeros(here.num_rows, np.bool_), card.data.max_copies)
        refused += [] if check.passed else [str(check)]
    # The last part is the replay part: what is offered as traffic.
    noise = Noise.of(card.task, card.task.outcomes(here[label].to_numpy()), value_codes(here[unit]))
    alike = Alike(copies.requests, copies.different, copies.copies, next(iter(refused), None))
    return parts, noise, alike, _missing(card, rows, kept)


def _missing(card: Card, rows: Path, kept: NDArray[np.bool_]) -> dict[str, float]:
    found = {}
    for name in card.data.inputs:
        # One after the other, for a table may be wider than the memory.
        null = pq.read_table(rows, columns=[name])[name].is_null().to_numpy()
        found[name] = max(float(null.mean()), float(null[kept].mean()))
    return found


def _cut(card: Card, path: Path, table: pa.Table) -> tuple[list[int], NDArray[np.bool_]]:
    """Where the parts begin and the last ends, and the rows whose outcome was known in time, [rows]."""
    time = card.data.required("time")
    known_at = read_examples(card.data, table, card.data.label_delay_hours).known_at
    # In a card that is made of a table, each row is a request of its own.
    stamps, requests = microseconds(table[time]), request_codes(table, None)
    try:
        bounds = boundaries(card, stamps, requests)
        return bounds, embargo(stamps, known_at, requests, bounds)
    except Refused as error:
        # Stays a refusal, as a run would end.
        raise Refused(f"{path}: {error}") from error  # guard split.span
    except SlipwayError as error:
        raise SlipwayError(f"{path}: column {card.data.columns[time].source or time!r}: {error}") from error


def _require_part(
    card: Card, path: Path, part: Part, units: pa.ChunkedArray, described: list[Labels]
) -> None:
    """Stop where a part has too few rows, labels or units to be of use.

    Args:
        units: of the rows of the part.
        described: the labels of the first part to those of this one.
    """
    rows, labels = len(units), described[-1]
    if rows < MIN_ROWS or not card.task.told_apart(labels, described[0]):
        raise SlipwayError(
            f"{path}: the {part} part would have {rows:,} rows, {told(labels)}; expected at least "
            f"{MIN_ROWS} rows, and of the labels {card.task.parts_rule}"
        )
    # With fewer no interval is believed: nothing could pass the gate, or win as a canary.
    if part in JUDGED and (count := pc.count_distinct(units).as_py()) < MIN_UNITS:
        name = card.data.required("unit")
        column = card.data.columns[name]
        raise SlipwayError(
            f"{path}: the {part} part would have {rows:,} rows that are copies of {count}; copies count as "
            f"one, expected at least {MIN_UNITS}"
            if column.made
            else f"{path}: column {column.source or name!r}: the {part} part would have {count} units, "
            f"expected at least {MIN_UNITS}; name another with --unit, or leave it out"
        )


def _counted(labels: pa.ChunkedArray) -> int:
    """Rows with the label 1, or with the most frequent class."""
    if pa.types.is_string(labels.type):
        return int(pc.max(pc.value_counts(labels.combine_chunks()).field("counts")).as_py())
    return int(pc.sum(pc.equal(labels, 1)).as_py() or 0)


def _leaks(card: Card, rows: Path) -> list[str]:
    import duckdb

    task, label, time = card.task, card.data.required("label"), card.data.required("time")
    batch = parquet(rows)
    # What ingestion makes is no input; in a table sorted by its label, the number of a row tells it.
    with duckdb.connect() as connection:
        return [
            name
            for name in card.data.inputs
            if not card.data.columns[name].made
            and connection.execute(task.leak_query(name, label, time).format(batch=batch)).fetchall()
        ]


def _disordered(card: Card, rows: Path) -> dict[str, float]:
    """Of the rows that would be trained on, which are the oldest."""
    numbers = [
        name
        for name in card.features.numeric
        if card.data.columns[name].type == "integer" and name not in card.features.categorical
    ]
    if not numbers:
        return {}
    label, unit, split = card.data.required("label"), card.data.required("unit"), card.data.split
    table = pq.read_table(rows, columns=[label, unit, *numbers])
    table = table.slice(0, int(table.num_rows * (1 - split.validation - split.holdout - split.replay)))
    labels = table[label].to_numpy()
    if card.task.classes:
        classes, code = np.unique(labels, return_inverse=True)
        labels = code == np.bincount(code, minlength=len(classes)).argmax()
    units, found = value_codes(table[unit]), {}
    for name in numbers:
        known = pc.is_valid(table[name]).to_numpy()
        values = table[name].drop_null().to_numpy()
        found[name] = disorder(values, labels[known].astype(np.float64), units[known])
    return {name: ratio for name, ratio in found.items() if ratio is not None}


def _clocks(card: Card, rows: Path) -> list[str]:
    """Numbers that rise or fall with time: counters, dates as numbers, the time once more."""
    import duckdb

    time = card.data.required("time")
    # In a shuffle nothing follows the time.
    if card.data.columns[time].made:
        return []
    numbers = [
        name
        for name, column in card.data.columns.items()
        if column.type in ("integer", "number") and not column.role
    ]
    found = []
    with duckdb.connect() as connection:
        for name in numbers:
            # A date as a number is straight in time, a counter in the order of the rows.
            query = f"""
                SELECT abs(corr(v, epoch(t))), abs(corr(v, place)) FROM (
                    SELECT "{name}" AS v, "{time}" AS t, row_number() OVER () AS place
                    FROM {parquet(rows)}
                )
            """  # noqa: S608 - the card's names
            [both] = connection.execute(query).fetchall()
            if any(one is not None and one > CLOCK for one in both):
                found.append(name)
    return found
