"""Nothing outside of a table changes its rows, and what Parquet holds is read as what it is."""

import os
import subprocess
import sys
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from slipway.base.errors import SlipwayError
from slipway.data import __file__ as here
from slipway.data.source_files import Reader, reader
from slipway.settings.data import TableSource
from tests.slipway.data.small import ingest, lines, of_table

HIVE = "__HIVE_DEFAULT_PARTITION__"
INSTANTS = """
import sys
from pathlib import Path
from tests.slipway.data.small import ingest, of_table
ingest(of_table(Path(sys.argv[1])), Path(sys.argv[2]))
"""


def opened(path: Path, kind: str = "parquet", **source: Any) -> Reader:
    """How a table is read."""
    given = TableSource(kind="table", format=kind, **source)
    return reader(given, path, [], path.parent)


def table(found: Reader) -> dict[str, list[Any]]:
    """Its columns, without that of the file."""
    columns = ", ".join(f'"{name}"' for name in found.types)
    with duckdb.connect() as connection:
        read = connection.execute(f"SELECT {columns} FROM {found.sql}").fetchall()  # noqa: S608
    return dict(zip(found.types, map(list, zip(*read, strict=True)), strict=True))


def put(path: Path, kind: str, **columns: list[Any]) -> Path:
    """A table of either format."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "parquet":
        pq.write_table(pa.table(columns), path)
    else:
        rows = [",".join(map(str, row)) for row in zip(*columns.values(), strict=True)]
        path.write_text("\n".join([",".join(columns), *rows]) + "\n")
    return path


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("folder", ["year=2024/label=1", "x=9", "a*", "a?b", "[ab]", "{a,b}", "it's", "%20"])
def test_folders_above_a_table_say_nothing(tmp_path: Path, folder: str, kind: str) -> None:
    """Neither as keys nor as patterns, which would take the table beside it; of a folder too."""
    put(tmp_path / "ab" / "t" / f"t.{kind}", kind, x=["8"])
    path = put(tmp_path / folder / "t" / f"t.{kind}", kind, x=["1"])

    assert table(opened(path, kind)) == {"x": ["1"]}
    assert table(opened(path.parent, kind)) == {"x": ["1"]}


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_keys_below_a_folder_are_columns(tmp_path: Path, kind: str) -> None:
    """As text, unescaped, in the order of the files; what stands for a missing value is missing."""
    at = tmp_path / "year=1999" / "t"
    for place, folder in enumerate(["01/k%20y=a", f"{HIVE}/k%20y=a%2Fb", "é流/k%20y=+"]):
        put(at / f"region={folder}" / f"p.{kind}", kind, x=[place])
    found = table(opened(at, kind))

    rows = sorted(zip(map(int, found["x"]), found["region"], found["k y"], strict=True))
    assert rows == [(0, "01", "a"), (1, None, "a/b"), (2, "é流", "+")]
    assert set(found) == {"x", "region", "k y"}


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_key_never_stands_over_a_column(tmp_path: Path, kind: str) -> None:
    """Case aside; and it can be told."""
    put(tmp_path / "t" / "label=9" / f"p.{kind}", kind, Label=["1"])
    found = opened(tmp_path / "t", kind)

    assert table(found) == {"Label": ["1"]}
    assert found.overruled == ("label",)


def test_a_copy_of_text_knows_its_files(tmp_path: Path) -> None:
    """Text of another encoding is copied; keys and the row in its own file stay."""
    for name in ("eu", "us"):
        path = put(tmp_path / "t" / f"region={name}" / "p.csv", "csv", x=[name, name])
        path.write_text(path.read_text(), encoding="utf-16")

    assert table(opened(tmp_path / "t", "csv")) == {
        "x": ["eu"] * 2 + ["us"] * 2,
        "region": ["eu"] * 2 + ["us"] * 2,
    }


def test_a_card_can_use_a_key(tmp_path: Path) -> None:
    """In the type that it says."""
    for year in ("2024", "2025"):
        path = tmp_path / "t" / f"year={year}" / "p.csv"
        path.parent.mkdir(parents=True)
        path.write_text("\n".join(["when,who,score,clicked", *lines(4)]))
    columns = {
        "time": {"type": "timestamp", "role": "time", "source": "when"},
        "user": {"type": "string", "role": "unit", "source": "who"},
        "score": {"type": "number"},
        "year": {"type": "integer"},
        "clicked": {"type": "integer", "role": "label"},
    }
    ingest(of_table(tmp_path / "t", columns), tmp_path / "raw")

    assert (
        sorted(pq.read_table(tmp_path / "raw" / "rows.parquet")["year"].to_pylist())
        == [2024] * 4 + [2025] * 4
    )


def test_the_zone_and_language_of_a_machine_change_no_row(tmp_path: Path) -> None:
    """Times without a zone are UTC wherever the program runs."""
    rows = ["2026-03-29 02:30:00,a,1,0", "2026-03-29T03:30:00,b,1,1"]
    (tmp_path / "t.csv").write_text("\n".join(["when,who,score,clicked", *rows]))
    elsewhere = os.environ | {
        "TZ": "America/New_York",
        "LC_ALL": "de_DE.UTF-8",
        "PYTHONPATH": str(Path(here).parents[2]),
    }
    command = [sys.executable, "-c", INSTANTS, str(tmp_path / "t.csv"), str(tmp_path / "raw")]
    subprocess.run(command, env=elsewhere, cwd=Path(here).parents[2], check=True)

    times = pq.read_table(tmp_path / "raw" / "rows.parquet")["time"].to_pylist()
    assert times == [datetime(2026, 3, 29, 2, 30), datetime(2026, 3, 29, 3, 30)]


TYPES = {
    "duration": (pa.array([timedelta(seconds=90.5)], pa.duration("us")), 90.5),
    "duration of seconds": (pa.array([90], pa.duration("s")), 90),
    "duration of nanoseconds": (pa.array([90 * 10**9], pa.duration("ns")), 90),
    "time of day": (pa.array([time(1, 0, 0, 500_000)]), 3600.5),
    "time in nanoseconds": (pa.array([10**9], pa.time64("ns")), 1),
    "decimal": (pa.array([Decimal("12.34")]), Decimal("12.34")),
    "dictionary": (pa.array(["a"]).dictionary_encode(), "a"),
    "date": (pa.array([date(2024, 1, 2)]), date(2024, 1, 2)),
    "truth": (pa.array([True]), True),
    "unsigned": (pa.array([2**63], pa.uint64()), 2**63),
    "16 bits": (pa.array([-5], pa.int16()), -5),
    "large text": (pa.array(["a"], pa.large_string()), "a"),
}


@pytest.mark.parametrize("name", TYPES)
def test_parquet_types_are_what_they_are(tmp_path: Path, name: str) -> None:
    """A span of time is its seconds, as a number."""
    values, expected = TYPES[name]
    pq.write_table(pa.table({'it\'s "x"': values}), tmp_path / "t.parquet")
    found = opened(tmp_path / "t.parquet")
    with duckdb.connect() as connection:
        [(value,)] = connection.execute(f'SELECT "it\'s ""x""" FROM {found.sql}').fetchall()  # noqa: S608

    assert value == expected
    assert ("duration" in name or "time" in name) == (found.types['it\'s "x"'] == "DOUBLE")


def test_an_interval_of_duckdb_is_its_seconds(tmp_path: Path) -> None:
    """Which Arrow does not know."""
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT INTERVAL '1 day 2 seconds' AS x) TO '{tmp_path}/t.parquet'")

    assert table(opened(tmp_path / "t.parquet")) == {"x": [86402.0]}


def test_only_one_place_reads_parquet_by_duckdb() -> None:
    """Elsewhere a folder that is called `key=value` would make a column of the rows again."""
    sources = Path(here).parents[1].rglob("*.py")
    assert [one.name for one in sources if "read_parquet(" in one.read_text(encoding="utf-8")] == [
        "duckdb_engine.py"
    ]


@pytest.mark.gate(
    "ingest.file_twice",
    fed="a folder with a file and a copy of it",
    stops="ingest",
    exit=1,
    reason="t.csv has the same bytes as t copy.csv; take one of them away",
    untouched="no rows written",
)
def test_a_copy_of_a_file_is_no_second_file(tmp_path: Path) -> None:
    """Every row of it would count twice; below another key its rows are others."""
    rows = ["x" * 50] * 100
    for name in ("k=1/t.csv", "k=2/t.csv", "t.csv", "t copy.csv", "few.csv", "few copy.csv"):
        put(tmp_path / ("t" if "=" in name else "u") / name, "csv", x=rows if "few" not in name else ["1"])

    assert len(table(opened(tmp_path / "t", "csv"))["x"]) == 200
    with pytest.raises(SlipwayError, match=r"/u: t\.csv has the same bytes as t copy\.csv; take one"):
        opened(tmp_path / "u", "csv")
    (tmp_path / "u" / "t copy.csv").unlink()
    assert len(table(opened(tmp_path / "u", "csv"))["x"]) == 102
