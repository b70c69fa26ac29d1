"""Parquet files whose bytes depend on nothing but the rows and the library's version."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from slipway.base.errors import SlipwayError

ROWS = "rows.parquet"
TRUTH = "truth.parquet"
"""What a generator adds to the rows, row by row."""
ROW_GROUP = 131_072


def open_parquet(path: Path) -> pq.ParquetFile:
    """Open a Parquet file.

    Raises:
        SlipwayError: it is absent, or no Parquet.
    """
    try:
        return pq.ParquetFile(path)
    except FileNotFoundError as error:
        raise SlipwayError(f"{path}: no such file") from error
    except (pa.ArrowException, OSError) as error:
        raise SlipwayError(f"{path}: not a readable Parquet file: {str(error).splitlines()[0]}") from error


def write_batches(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> int:
    """Write batches as they come, in row groups of one size whatever theirs; returns the rows written.

    Zstandard because Snappy's bytes differ between processors.
    """
    # The writer starts a row group with each table, so batches are held until they fill whole groups.
    held: list[pa.RecordBatch] = []
    rows = 0
    # Libraries add metadata of their own to a schema, such as pandas, and it would change the bytes.
    with pq.ParquetWriter(path, schema.remove_metadata(), compression="zstd") as writer:
        for batch in batches:
            held.append(batch)
            if sum(one.num_rows for one in held) >= ROW_GROUP:
                table = pa.Table.from_batches(held).replace_schema_metadata(None)
                whole = table.num_rows // ROW_GROUP * ROW_GROUP
                writer.write_table(table.slice(0, whole), row_group_size=ROW_GROUP)
                rows += whole
                held = table.slice(whole).to_batches()
        rest = pa.Table.from_batches(held, schema).replace_schema_metadata(None)
        if rest.num_rows:
            writer.write_table(rest, row_group_size=ROW_GROUP)
    return rows + int(rest.num_rows)


def batches_between(path: Path, start: int, stop: int) -> Iterator[pa.RecordBatch]:
    """The rows `start` to `stop`, reading only the row groups that hold them."""
    file = open_parquet(path)
    first = 0
    for group in range(file.num_row_groups):
        rows = file.metadata.row_group(group).num_rows
        low, high = max(start - first, 0), min(stop - first, rows)
        if low < high:
            yield from file.read_row_group(group).slice(low, high - low).to_batches()
        first += rows
