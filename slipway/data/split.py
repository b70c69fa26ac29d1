"""Split rows by time into train, validation, holdout and replay, each without what was not yet known.

Nor does a part hold copies of what stands in an earlier one.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from slipway.base.atomic import whole_folder
from slipway.base.digest import sha256
from slipway.base.errors import SlipwayError
from slipway.data.apart import without_copies
from slipway.data.copies import find_copies
from slipway.data.counts import write_counts
from slipway.data.embargo import embargo
from slipway.data.manifest import PARTS, Part, PartSummary, SplitManifest
from slipway.data.parquet import ROWS, TRUTH, batches_between, open_parquet, write_batches
from slipway.data.requests import request_codes
from slipway.settings import Card, Size
from slipway.system import System
from slipway.system.examples import microseconds, moment

MANIFEST = "manifest.json"


def split_rows(
    card: Card, system: System, size: Size, raw: Path, out: Path, told: bool = False
) -> SplitManifest:
    """Write the parts of the rows in the folder `raw` to the folder `out`, with `manifest.json`.

    Parts begin at a time that no earlier part has, no request lies in two, and left out are what was not
    known when the next part began and copies of rows of an earlier part.

    Args:
        system: whose reader says when each outcome became known.
        told: write beside `out` what `dvc metrics` and `dvc plots` show of it.

    Raises:
        SlipwayError: rows are not sorted, or cannot be cut so; nothing is written.
        Refused: a part spans too little time for its outcomes to become known in it, or has hardly any rows
            that are no copies.
    """
    time_column, request = card.data.required("time"), card.data.column("request")
    open_parquet(raw / ROWS)  # for its errors, which are one line with the file
    table = pq.read_table(raw / ROWS, columns=[name for name in (time_column, request) if name])
    time, requests = microseconds(table[time_column]), request_codes(table, request)
    bounds = boundaries(card, time, requests)
    known = embargo(time, _known_at(card, system, raw / ROWS, len(time)), requests, bounds)
    kept = without_copies(find_copies([raw / ROWS], card.data).group, known, bounds)
    with whole_folder(out) as folder:
        parts = {
            part: _write_part(card, system, part, raw, start, known[start:stop], kept[start:stop], folder)
            for part, start, stop in zip(PARTS, bounds[:-1], bounds[1:], strict=True)
        }
        manifest = SplitManifest(system=card.name, size=size, source=card.data.source.kind, parts=parts)
        (folder / MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
    if told:
        write_counts(card, system, manifest, raw / ROWS, out.parent)
    return manifest


def boundaries(card: Card, time: NDArray[np.int64], request: NDArray[np.int64]) -> list[int]:
    """The first row of each part and, last, the number of rows.

    Args:
        card: whose shares the parts come near; ties and requests may shift them.
        time: int64 [rows], sorted.
        request: int64 [rows] from 0; rows of one request have one number.

    Raises:
        SlipwayError: the rows are not sorted, or have too few places where no time and no request is cut.
    """
    if np.any(np.diff(time) < 0):
        raise SlipwayError("the rows are not sorted by time")
    shares = card.data.split
    rows = len(time)
    ends = np.array(
        [shares.validation + shares.holdout + shares.replay, shares.holdout + shares.replay, shares.replay]
    )
    allowed = _cuts(time, request)
    bounds = [0]
    for target in (1 - ends) * rows:
        later = allowed[allowed > bounds[-1]]
        if not len(later):
            raise SlipwayError(
                f"{rows} rows at {len(np.unique(time))} times cannot be cut into {len(PARTS)} parts "
                "at distinct times without cutting a request"
            )
        bounds.append(int(later[np.abs(later - target).argmin()]))
    return [*bounds, rows]


def _cuts(time: NDArray[np.int64], request: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows at which a part may begin: a new time begins there and no request goes on."""
    rows = len(time)
    starts = np.r_[False, time[1:] != time[:-1]]
    place = np.arange(rows)
    last = np.zeros(request.max() + 1, np.int64)
    np.maximum.at(last, request, place)
    # For each row, the last row of all requests that have begun: while it lies ahead, one of them goes on.
    goes_on = np.maximum.accumulate(last[request])
    starts[1:] &= goes_on[:-1] < place[1:]
    return np.flatnonzero(starts)


def _known_at(card: Card, system: System, path: Path, rows: int) -> NDArray[np.int64]:
    """When each outcome became known, batch by batch: a table may be larger than the memory."""
    read = (pa.Table.from_batches([batch]) for batch in batches_between(path, 0, rows))
    known = np.concatenate([system.examples(card, table).known_at for table in read])
    if len(known) != rows:
        raise SlipwayError(f"{path}: the system tells the outcomes of {len(known)} rows, expected {rows}")
    return known


def _write_part(
    card: Card,
    system: System,
    part: Part,
    raw: Path,
    start: int,
    known: NDArray[np.bool_],
    kept: NDArray[np.bool_],
    folder: Path,
) -> PartSummary:
    """Write the rows from `start` on that are kept, and the truth beside them where there is one.

    Args:
        known: [rows]; whose outcome was known when the next part began.
        kept: [rows]; those of them that copy no row of an earlier part.
    """
    for source, target in ((raw / ROWS, f"{part}.parquet"), (raw / TRUTH, f"{part}.truth.parquet")):
        if source.exists():
            rows = _filtered(batches_between(source, start, start + len(kept)), kept)
            write_batches(folder / target, open_parquet(source).schema_arrow, rows)
    # Read back, so that the manifest says what the file holds and not what was meant to be in it.
    found = summarise(card, system, folder / f"{part}.parquet")
    late = int((~known).sum())
    return found.model_copy(update={"left_out": late, "copies": len(kept) - found.rows - late})


def _filtered(batches: Iterator[pa.RecordBatch], kept: NDArray[np.bool_]) -> Iterator[pa.RecordBatch]:
    first = 0
    for batch in batches:
        yield batch.filter(pa.array(kept[first : first + batch.num_rows]))
        first += batch.num_rows


def summarise(card: Card, system: System, path: Path) -> PartSummary:
    """What a part holds, by its file alone; how many rows were left out only its maker knows.

    Raises:
        SlipwayError: the file is not a part: no Parquet, without rows, or without a column that it needs.
    """
    time, unit, label = (card.data.required(role) for role in ("time", "unit", "label"))
    open_parquet(path)
    task = card.task
    try:
        table = pq.read_table(path)
        found = system.examples(card, table)
        span = pc.min_max(table[time])
        return PartSummary(
            rows=table.num_rows,
            units=pc.count_distinct(found.units).as_py(),
            labels=task.described(task.outcomes(found.labels)),
            start=span["min"].as_py(),
            end=span["max"].as_py(),
            sha256=sha256(path),
            known_until=moment(int(found.known_at.max())),
        )
    except SlipwayError as error:
        raise SlipwayError(f"{path}: {error}") from error
    except (pa.ArrowException, KeyError, TypeError, ValueError, OverflowError) as error:
        expected = f"rows with a time in {time!r}, a unit in {unit!r} and a label in {label!r}"
        raise SlipwayError(f"{path}: not a part of a split, expected {expected}") from error
