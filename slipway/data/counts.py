"""What a split holds in figures that `dvc metrics` and `dvc plots` show and compare between revisions."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from slipway.base.atomic import write_text
from slipway.data.manifest import PARTS, SplitManifest
from slipway.data.parquet import open_parquet
from slipway.settings import Card
from slipway.system import System
from slipway.system.examples import microseconds, moment

METRICS, LABELS = "metrics.json", "labels.csv"
PERIODS = 10
"""Of each part, with the same number of rows in each, so that none rests on a few."""


def write_counts(card: Card, system: System, manifest: SplitManifest, rows: Path, folder: Path) -> None:
    """Write `metrics.json` and `labels.csv` beside `split/`; the same bytes for the same rows.

    Args:
        rows: all of them, a Parquet file.
        folder: holds `split/`.
    """
    content: dict[str, Any] = {"rows": open_parquet(rows).metadata.num_rows, "missing": missing(rows)}
    for name, part in manifest.parts.items():
        content[name] = part.model_dump(include={"rows", "units", "left_out", "copies", "labels"})
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(("period", "part", "from", "rows", "figure", "label"))
    writer.writerows((number, *one) for number, one in enumerate(_periods(card, system, folder / "split"), 1))
    write_text(folder / METRICS, json.dumps(content, indent=2) + "\n")
    write_text(folder / LABELS, table.getvalue())


def missing(rows: Path) -> dict[str, float]:
    """The share of rows without a value, of each column that lacks any, by what the file says of itself."""
    about = open_parquet(rows).metadata
    lacking: dict[str, int] = {}
    for group in map(about.row_group, range(about.num_row_groups)):
        for column in map(group.column, range(group.num_columns)):
            if column.statistics is not None and column.statistics.null_count:
                found = lacking.get(column.path_in_schema, 0)
                lacking[column.path_in_schema] = found + column.statistics.null_count
    return {name: lacking[name] / about.num_rows for name in sorted(lacking)}


def _periods(card: Card, system: System, split: Path) -> Iterator[tuple[str, str, int, str, float]]:
    """Part, begin, rows, the first figure that the task tells of labels, its value; in the order of time."""
    task, time = card.task, card.data.required("time")
    for part in PARTS:
        table = pq.read_table(split / f"{part}.parquet")
        labels, times = system.examples(card, table).labels, microseconds(table[time])
        for place in np.array_split(np.arange(len(labels)), min(PERIODS, len(labels))):
            figure, value = next(iter(task.described(task.outcomes(labels[place])).items()))
            yield part, moment(int(times[place[0]])).isoformat(), len(place), figure, value
