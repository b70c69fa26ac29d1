"""What the generator of the data knows of each outcome, beside the rows of a part."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from slipway.base.errors import SlipwayError
from slipway.tasks import Task


def read_truth(rows: Path, task: Task, count: int) -> NDArray[np.float64] | None:
    """The truth of a part's rows, [rows], or [rows, k] where the task answers k numbers.

    Args:
        rows: the Parquet file of the part, such as `holdout.parquet`; beside it lies `holdout.truth.parquet`.
        count: how many rows the part has.

    Returns:
        None where nobody knows it, as of a table of somebody's own.

    Raises:
        SlipwayError: it is not one sound answer for each row.
    """
    path = rows.with_suffix(".truth.parquet")
    if not path.is_file():
        return None
    table = pq.read_table(path)
    if task.truth not in table.column_names:
        # guard replay.truth
        raise SlipwayError(f"{path}: found the columns {table.column_names}, expected {task.truth!r}")
    if table.num_rows != count:
        raise SlipwayError(f"{path}: {table.num_rows} rows, {rows.name} has {count}")  # guard replay.truth
    try:
        truth = np.asarray(table[task.truth].to_pylist(), np.float64).reshape(count, *task.width)
    except ValueError as error:
        shape = " x ".join(map(str, (count, *task.width)))
        # guard replay.truth
        raise SlipwayError(f"{path}: {task.truth}: expected {shape} numbers: {error}") from error
    wrong = truth[~task.sound(truth)]
    if len(wrong):
        # guard replay.truth
        raise SlipwayError(f"{path}: found the {task.truth} {wrong[0]}, expected {task.words.sound}")
    return truth
