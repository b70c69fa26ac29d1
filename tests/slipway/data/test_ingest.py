"""The user's own tables and the generator, as canonical Parquet."""

import gzip
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from slipway.base.errors import SlipwayError
from slipway.settings import Size
from tests.slipway.data.small import HEADER, Table, ingest, lines, of_table


def ingested(found: Table, out: Path, size: Size = "full") -> pa.Table:
    """The rows that an ingestion writes."""
    ingest(found, out, size)
    return pq.read_table(out / "rows.parquet")


def write(path: Path, *rows: str) -> Path:
    """A text file of these lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def users(table: pa.Table) -> list[str]:
    """The users in the order of the rows."""
    return [str(user) for user in table["user"].to_pylist()]


def expect_error(found: Table, out: Path, *words: str) -> None:
    """Ingestion fails with one line that has these words and writes nothing."""
    with pytest.raises(SlipwayError) as caught:
        ingest(found, out)
    message = str(caught.value)
    assert "\n" not in message
    assert not [word for word in words if word not in message], message
    assert not out.exists()


def test_csv_becomes_canonical(tmp_path: Path) -> None:
    """A CSV gets the card's names and types and the order of time; ties keep their order."""
    path = write(tmp_path / "a table.csv", ",".join(HEADER), *lines(4))

    table = ingested(of_table(path), tmp_path / "raw")

    assert table.column_names == ["time", "user", "score", "clicked"]
    assert [str(kind) for kind in table.schema.types] == ["timestamp[us]", "string", "double", "int64"]
    assert users(table) == ["user 1", "user 0", "user 3", "user 2"]
    assert table["time"][0].as_py() == datetime(2026, 1, 1)
    assert not (tmp_path / "raw" / "truth.parquet").exists()


def test_gzipped_tsv(tmp_path: Path) -> None:
    """Tabs and gzip are read."""
    path = tmp_path / "rows.tsv.gz"
    path.write_bytes(gzip.compress("\n".join(["\t".join(HEADER), *lines(4, "\t")]).encode()))

    assert ingested(of_table(path, format="tsv"), tmp_path / "raw").num_rows == 4


@pytest.mark.parametrize("header", [HEADER, False])
def test_no_header(tmp_path: Path, header: Any) -> None:
    """Without a header the card names the columns, or they are numbered."""
    path = write(tmp_path / "rows.csv", *lines(4))
    found = of_table(path, header=header)
    if header is False:
        columns = {
            name: column.model_dump(exclude_none=True) | {"source": f"column{place}"}
            for place, (name, column) in enumerate(found.card.data.columns.items())
        }
        found = of_table(path, columns, header=False)

    assert ingested(found, tmp_path / "raw").num_rows == 4


def test_parquet_file_and_folder(tmp_path: Path) -> None:
    """A Parquet file and a folder of them give the same rows."""
    time = pa.array([datetime(2026, 1, 1, hour) for hour in range(4)], pa.timestamp("ns"))
    table = pa.table(
        {"when": time, "who": list("abcd"), "score": [1.0, float("nan"), 3, 4], "clicked": [0, 1, 0, 1]}
    )
    (tmp_path / "folder" / "deep").mkdir(parents=True)
    pq.write_table(table, tmp_path / "all.parquet")
    pq.write_table(table.slice(0, 1), tmp_path / "folder" / "deep" / "1.parquet")
    pq.write_table(table.slice(1), tmp_path / "folder" / "2.parquet")

    one = ingested(of_table(tmp_path / "all.parquet", format="parquet"), tmp_path / "one")
    two = ingested(of_table(tmp_path / "folder", format="parquet"), tmp_path / "two")

    assert one.equals(two)
    assert one["score"].null_count == 1


def test_folder_of_csv(tmp_path: Path) -> None:
    """The files of a folder are one table, whatever lies beside them."""
    write(tmp_path / "in" / "1.csv", ",".join(HEADER), *lines(2))
    write(tmp_path / "in" / "2.csv", ",".join(HEADER), *lines(4)[:2])
    write(tmp_path / "in" / "notes.txt", "nothing")

    assert ingested(of_table(tmp_path / "in"), tmp_path / "raw").num_rows == 4


def test_newest_rows(tmp_path: Path) -> None:
    """The small size has the newest rows."""
    path = write(tmp_path / "rows.csv", ",".join(HEADER), *lines(20))

    table = ingested(of_table(path, rows={"full": None, "small": 4}), tmp_path / "raw", "small")

    assert users(table) == ["user 17", "user 16", "user 19", "user 18"]


def test_time_format(tmp_path: Path) -> None:
    """Times that are not ISO 8601 are read by the card's format."""
    path = write(tmp_path / "rows.csv", ",".join(HEADER), "3/2/2026 9:05,a,1,0")

    table = ingested(of_table(path, time_format="%d/%m/%Y %H:%M"), tmp_path / "raw")

    assert table["time"][0].as_py() == datetime(2026, 2, 3, 9, 5)


def test_offsets_become_utc(tmp_path: Path) -> None:
    """A time with an offset is the same moment in UTC."""
    path = write(tmp_path / "rows.csv", ",".join(HEADER), "2026-01-01T09:00:00+02:00,a,1,0")

    table = ingested(of_table(path), tmp_path / "raw")

    assert table["time"][0].as_py() == datetime(2026, 1, 1, 7)


def test_same_bytes_twice(tmp_path: Path) -> None:
    """Thousands of ties over many threads give the same bytes each time."""
    rows = [line for line in lines(60) for _ in range(500)]
    path = write(tmp_path / "rows.csv", ",".join(HEADER), *rows)

    for out in ("one", "two"):
        ingest(of_table(path), tmp_path / out)

    first, second = ((tmp_path / out / "rows.parquet").read_bytes() for out in ("one", "two"))
    assert first == second


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("2026-01-01 00:09,a,many,0", ["'score'", "row 3", "'many'", "number", "1 of 3 rows"]),
        ("2026-01-01 00:09,a,inf,0", ["'score'", "'inf'"]),
        ("2026-01-01 00:09,a,1,2", ["'clicked'", "'2'", "0 or 1"]),
        ("2026-01-01 00:09,a,1,0.5", ["'clicked'", "'0.5'"]),
        ("2026-01-01 00:09,a,1,", ["'clicked'", "nothing"]),
        ("yesterday,a,1,0", ["'when'", "'yesterday'", "timestamp"]),
        ("2026-01-01 00:09,,1,0", ["'who'", "nothing"]),
        ("2026-01-01 00:09,a,1", ["rows.csv"]),
    ],
)
def test_bad_value(tmp_path: Path, row: str, words: list[str]) -> None:
    """A value that cannot be used is named with its column and row, and nothing is written."""
    path = write(tmp_path / "rows.csv", ",".join(HEADER), *lines(2), row)

    expect_error(of_table(path), tmp_path / "raw", "rows.csv", *words)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"when,who,score,clicked\n", "no rows"),
        (b"when,who,clicked\n2026-01-01,a,0\n", "no column 'score'"),
        (b"when,who,who,clicked\n2026-01-01,a,b,0\n", "same name"),
        (b"<!DOCTYPE html><html><body>Log in</body></html>", "an HTML or XML page"),
        ("when,who,score,clicked\n2026-01-01,J\xf6rg,1,0\n".encode("latin-1"), "UTF-8"),
        (b"\x1f\x8b\x08\x00cut off", "not a whole gzip file"),
    ],
)
def test_bad_file(tmp_path: Path, content: bytes, word: str) -> None:
    """A file that is not what the card says is named, and nothing is written."""
    path = tmp_path / "rows.csv"
    path.write_bytes(content)

    expect_error(of_table(path), tmp_path / "raw", "rows.csv", word)


def test_wrong_encoding_far_down(tmp_path: Path) -> None:
    """Bytes that are not UTF-8 are found wherever they stand."""
    rows = "\n".join([",".join(HEADER), *lines(60) * 50, "2026-01-01,J\xf6rg,1,0", ""])
    path = tmp_path / "rows.csv"
    path.write_bytes(rows.encode("latin-1"))

    expect_error(of_table(path), tmp_path / "raw", "rows.csv")


def test_corrupt_parquet(tmp_path: Path) -> None:
    """A broken Parquet file is named."""
    path = tmp_path / "rows.parquet"
    path.write_bytes(b"PAR1 nothing more")

    expect_error(of_table(path, format="parquet"), tmp_path / "raw", "rows.parquet")


def test_missing_file(tmp_path: Path) -> None:
    """A path that leads nowhere is named."""
    expect_error(of_table(tmp_path / "gone.csv"), tmp_path / "raw", "gone.csv", "no such file")


def test_failure_keeps_the_old_rows(tmp_path: Path) -> None:
    """Rows that were ingested before stay when a later ingestion fails."""
    path = write(tmp_path / "rows.csv", ",".join(HEADER), *lines(4))
    before = ingested(of_table(path), tmp_path / "raw")
    write(path, "nonsense")

    with pytest.raises(SlipwayError):
        ingest(of_table(path), tmp_path / "raw")

    assert before.equals(pq.read_table(tmp_path / "raw" / "rows.parquet"))
    assert [item.name for item in tmp_path.iterdir() if item.name.startswith(".")] == []
