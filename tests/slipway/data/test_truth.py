"""What the generator knows of the outcomes of a part."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from slipway.base.errors import SlipwayError
from slipway.data.truth import read_truth
from slipway.tasks import Columns, Task, bind

MOODS = {"type": "string", "role": "label", "values": ["good", "fair", "bad"]}
LABELS = {"binary": {"type": "integer", "role": "label"}, "multiclass": MOODS}


def task(name: str) -> Task:
    """One for a table with a time, a unit and a label."""
    columns = {
        "at": {"type": "timestamp", "role": "time"},
        "who": {"type": "integer", "role": "unit"},
        "mood": LABELS[name],
    }
    return bind(name, Columns.model_validate({"columns": columns}))


def found(name: str, folder: Path, values: list[Any], column: str | None = None) -> Any:
    """What is read where a generator wrote these values beside two rows."""
    bound = task(name)
    pq.write_table(pa.table({column or bound.truth: values}), folder / "holdout.truth.parquet")
    return read_truth(folder / "holdout.parquet", bound, 2)


def test_one_number_a_row(tmp_path: Path) -> None:
    """A probability."""
    np.testing.assert_array_equal(found("binary", tmp_path, [0.1, 0.2]), [0.1, 0.2])


def test_a_probability_for_each_class(tmp_path: Path) -> None:
    """A list in each row."""
    truth = [[0.1, 0.2, 0.7], [1.0, 0.0, 0.0]]
    np.testing.assert_array_equal(found("multiclass", tmp_path, truth), truth)


def test_nobody_knows(tmp_path: Path) -> None:
    """Of a table of somebody's own."""
    assert read_truth(tmp_path / "holdout.parquet", task("binary"), 2) is None


@pytest.mark.gate("replay.truth")
@pytest.mark.parametrize(
    ("name", "values", "column", "said"),
    [
        ("binary", [0.1], None, "1 rows, holdout.parquet has 2"),
        ("binary", [0.1, 0.2], "chance", "found the columns ['chance'], expected 'probability'"),
        ("binary", [0.1, 1.2], None, "found the probability 1.2"),
        ("multiclass", [0.1, 0.2], None, "truth: expected 2 x 3 numbers"),
        ("multiclass", [[0.1, 0.9], [0.5, 0.5]], None, "truth: expected 2 x 3 numbers"),
        ("multiclass", [[0.1, 0.1, 0.1], [1.0, 0.0, 0.0]], None, "found the truth [0.1 0.1 0.1]"),
    ],
)
def test_what_is_no_truth_of_these_rows_is_refused(
    tmp_path: Path, name: str, values: list[Any], column: str | None, said: str
) -> None:
    """One line that names the file."""
    with pytest.raises(SlipwayError) as caught:
        found(name, tmp_path, values, column)
    assert f"holdout.truth.parquet: {said}" in str(caught.value)
