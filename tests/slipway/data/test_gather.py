"""Copies have one unit and stand together, where ingestion makes unit and order."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from slipway.data.copies import find_copies
from slipway.data.parts import check_parts
from slipway.data.split import PARTS, split_rows
from slipway.system import load_system
from tests.slipway.data.copied import Rows, copied, few, rich
from tests.slipway.data.small import Table, ingest, of_table
from tests.slipway.root import ROOT

SHUFFLED: Mapping[str, Mapping[str, Any]] = {
    "time": {"type": "timestamp", "role": "time", "source": "#shuffled"},
    "row": {"type": "integer", "role": "unit", "source": "#row"},
    "clicked": {"type": "integer", "role": "label", "source": "y"},
}
TIMED = SHUFFLED | {"time": {"type": "timestamp", "role": "time"}}


def table_of(rows: Rows, folder: Path, columns: Mapping[str, Mapping[str, Any]]) -> Table:
    """A Parquet table of the user's, whose times are minutes in the order of the file."""
    path = folder / "table.parquet"
    minutes = np.datetime64("2026-01-01") + np.arange(len(rows["y"])) * np.timedelta64(60, "s")
    pq.write_table(pa.table(rows | {"time": minutes}), path)
    inputs = {name: {"type": "integer"} for name in rows if name != "y"}
    return of_table(path, columns | inputs, format="parquet")


def some(share: float = 1.0, times: int = 3) -> Rows:
    """A thousand measurements, and copies of that share of them."""
    random = np.random.default_rng(0)
    extra = np.tile(random.choice(1000, int(share * 1000), replace=False), times)
    return copied(random, rich(random, 1000), extra)


def test_copies_follow_each_other_in_a_shuffle_and_have_one_unit(tmp_path: Path) -> None:
    """Every row is still there, at a time of its own; a unit is the row's number of the first copy."""
    rows = some()
    ingest(table_of(rows, tmp_path, SHUFFLED), tmp_path / "raw")
    found = pq.read_table(tmp_path / "raw" / "rows.parquet").to_pydict()

    names = ["a", "b", "c", "d"]
    values = [*zip(*(found[name] for name in names), found["clicked"], strict=True)]
    assert sorted(values) == sorted(zip(*(rows[name].tolist() for name in [*names, "y"]), strict=True))
    assert len(set(found["time"])) == 4000
    assert found["time"] == sorted(found["time"])
    units = np.array(found["row"])
    assert np.flatnonzero(np.diff(units)).tolist() == [*range(3, 3999, 4)]
    first = {value: row for row, value in reversed([*enumerate(zip(*rows.values(), strict=True), 1)])}
    assert units.tolist() == [first[value] for value in values]
    # The groups lie in no order of theirs.
    assert abs(np.corrcoef(units, np.arange(4000))[0, 1]) < 0.1


def test_no_part_of_a_shuffled_split_holds_copies_of_another(tmp_path: Path) -> None:
    """At most the rest of one group is left out where a part begins."""
    made = table_of(some(), tmp_path, SHUFFLED)
    ingest(made, tmp_path / "raw")
    system = load_system("ad_click", ROOT)
    manifest = split_rows(made.card, system, "full", tmp_path / "raw", tmp_path / "split")
    parts = [pq.read_table(tmp_path / "split" / f"{part}.parquet") for part in PARTS]
    units = [set(part["row"].to_pylist()) for part in parts]

    assert sum(map(len, units)) == len(set.union(*units)) == 1000
    assert all((part.copies or 0) <= 3 for part in manifest.parts.values())
    assert [manifest.parts[part].units for part in PARTS] == [len(one) for one in units]
    checks = check_parts(made.card, system, tmp_path / "split")
    assert [check.code for check in checks if not check.passed] == []


def test_copies_with_times_keep_them(tmp_path: Path) -> None:
    """Only the unit is shared."""
    ingest(table_of(some(0.2, 1), tmp_path, TIMED), tmp_path / "raw")
    found = pq.read_table(tmp_path / "raw" / "rows.parquet")

    assert found["time"].to_pylist() == sorted(found["time"].to_pylist())
    units = np.array(found["row"].to_pylist())
    assert len(np.unique(units)) == 1000
    assert (units == np.arange(1, 1201)).sum() == 1000


def test_rows_without_copies_stay_as_they_are(tmp_path: Path) -> None:
    """Also where many are equal by chance: each keeps its number and its place."""
    ingest(table_of(few(np.random.default_rng(0), 2000), tmp_path, SHUFFLED), tmp_path / "raw")
    file = tmp_path / "raw" / "rows.parquet"

    assert sorted(pq.read_table(file)["row"].to_pylist()) == [*range(1, 2001)]
    assert sorted(path.name for path in file.parent.iterdir()) == ["rows.parquet"]


def test_the_same_bytes_twice(tmp_path: Path) -> None:
    """Whatever the order in which DuckDB's threads come to an end."""
    made = table_of(some(), tmp_path, SHUFFLED)
    for name in ("one", "two"):
        ingest(made, tmp_path / name)

    first, second = ((tmp_path / name / "rows.parquet").read_bytes() for name in ("one", "two"))
    assert first == second


def test_the_newest_rows_of_a_table_are_gathered_alone(tmp_path: Path) -> None:
    """A small size has copies of its own."""
    rows = some()
    made = table_of(rows, tmp_path, SHUFFLED)
    small = of_table(
        made.path,
        made.card.model_dump(mode="json")["data"]["columns"],
        format="parquet",
        rows={"small": 1500},
    )
    ingest(small, tmp_path / "raw", "small")
    result = find_copies([tmp_path / "raw" / "rows.parquet"], small.card.data)
    units = pq.read_table(tmp_path / "raw" / "rows.parquet")["row"].to_numpy()

    assert result.requests == 1500
    assert len(np.unique(units)) == result.different == 1500 - result.copies
