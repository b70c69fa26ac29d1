"""Two parts are known to share rows by a sample of each that both draw alike."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from slipway.base.errors import SlipwayError
from slipway.data.overlap import MARKS, RowSketch, known_by, sketch
from slipway.settings import Column, Columns
from slipway.tasks.columns import ROW, SHUFFLED
from tests.slipway.report.sample import card
from tests.slipway.tiny import impressions

TABLE = impressions(8000)
COLUMNS = card().data


def sketched(path: Path, table: pa.Table, columns: Columns = COLUMNS) -> RowSketch:
    """Of a table, by way of a file."""
    pq.write_table(table, path / "holdout.parquet")
    return sketch(columns, path / "holdout.parquet")


@pytest.mark.parametrize(
    ("used", "share"),
    [
        (slice(0, 4000), 1.0),
        (slice(1000, 5000), 0.75),
        (slice(2000, 6000), 0.5),
        (slice(0, 8000), 1.0),
        (slice(3600, 8000), 0.1),
        (slice(4000, 8000), 0.0),
    ],
)
def test_a_holdout_tells_how_much_of_it_another_one_has(tmp_path: Path, used: slice, share: float) -> None:
    """Also where the other one is larger; within three standard errors of the sample."""
    mine = sketched(tmp_path, TABLE.slice(0, 4000))
    other = sketched(tmp_path, TABLE.slice(used.start, used.stop - used.start))

    assert len(mine.marks) == MARKS
    assert mine.shared(other) == pytest.approx(share, abs=0.1)


def test_few_rows_are_all_remembered(tmp_path: Path) -> None:
    """Then the share is exact, of rows that differ."""
    mine, other = (sketched(tmp_path, TABLE.slice(start, 200)) for start in (0, 200))
    both = sketched(tmp_path, TABLE.slice(0, 400))

    assert max(len(one.marks) for one in (mine, other, both)) <= MARKS
    assert mine.shared(both) == other.shared(both) == 1.0
    assert both.shared(mine) == len(mine.marks) / len(both.marks)


def test_a_row_is_the_same_whatever_its_order_and_its_other_columns(tmp_path: Path) -> None:
    """A feature that is added for the next candidate does not make another holdout."""
    mine = sketched(tmp_path, TABLE)
    order = np.random.default_rng(0).permutation(TABLE.num_rows)
    place = TABLE.column_names.index("price")
    changed = TABLE.take(order).set_column(place, "price", pa.array(np.zeros(TABLE.num_rows)))

    assert mine.shared(sketched(tmp_path, changed)) == 1.0


def test_rows_without_a_time_are_known_by_all_that_their_source_says() -> None:
    """The place in a shuffle moves when a row is added."""
    columns = Columns(
        columns={
            "place": Column(type="timestamp", role="time", source=SHUFFLED),
            "row": Column(type="integer", role="unit", source=ROW),
            "size": Column(type="number"),
            "label": Column(type="integer", role="label"),
        }
    )

    assert known_by(columns) == ["label", "size"]
    assert known_by(COLUMNS) == ["ad_id", "clicked", "request_id", "time", "user_id"]


def test_a_sketch_is_kept_as_text(tmp_path: Path) -> None:
    """Short enough for a tag of MLflow before 2.13 too."""
    found = sketched(tmp_path, TABLE)

    assert len(found.text()) < 5000
    assert RowSketch.read(found.text()).marks.tolist() == found.marks.tolist()


@pytest.mark.parametrize("text", ["no base64!", "AAAA"])
def test_what_is_no_sketch_is_one_clear_line(text: str) -> None:
    """Such as a tag that somebody has edited."""
    with pytest.raises(SlipwayError, match="no sketch of rows: '"):
        RowSketch.read(text)
