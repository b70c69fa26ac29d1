"""Whether a user is in a file: what cannot be looked at never counts as without them."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from slipway.base.errors import SlipwayError
from slipway.data.unit_rows import in_parquet, unit_value
from tests.slipway.data import small

COLUMNS = dict(small.COLUMNS) | {"user": {"type": "string", "role": "unit"}}
CARD = small.card({"kind": "table", "format": "csv"}, COLUMNS)
ADA = unit_value(CARD, "ada")


def written(path: Path, values: pa.Array, name: str = "user") -> Path:
    """A file with one column."""
    pq.write_table(pa.table({name: values}), path)
    return path


@pytest.mark.parametrize(
    ("values", "rows"),
    [
        (pa.array(["ada", "bob", None, "ada"]), 2),
        (pa.array(["ada", "bob", "ada"]).dictionary_encode(), 2),  # as pandas writes a categorical
        (pa.array([1, 2]), 0),
        (pa.array([[1], [2]]), 0),
    ],
)
def test_rows_are_counted_by_value(tmp_path: Path, values: pa.Array, rows: int) -> None:
    """Whatever type the column has there; one that cannot hold the unit has no row of it."""
    assert in_parquet(written(tmp_path / "rows.parquet", values), CARD, ADA) == rows


def test_a_file_without_the_column_has_none(tmp_path: Path) -> None:
    """It holds something else."""
    assert in_parquet(written(tmp_path / "rows.parquet", pa.array(["ada"]), "other"), CARD, ADA) == 0


@pytest.mark.parametrize("place", [4, -12])
def test_a_file_that_cannot_be_read_is_not_without_the_user(tmp_path: Path, place: int) -> None:
    """Damaged in its rows or in what tells where they are."""
    path = written(tmp_path / "rows.parquet", pa.array(["ada"] * 1000))
    content = bytearray(path.read_bytes())
    content[place : place + 8] = b"\xff" * 8
    path.write_bytes(content)

    with pytest.raises(SlipwayError, match=f"{path}: not a readable Parquet file"):
        in_parquet(path, CARD, ADA)
