"""Great Expectations on DuckDB, which it does not know: one private name is extended, nothing else.

GX closes its connection before it fetches, except for the dialects in `_PERSISTED_CONNECTION_DIALECTS`, and
DuckDB's cursors are empty once their connection is closed. The tests fail when GX changes that name.
"""

import atexit
import os
from enum import Enum
from pathlib import Path
from typing import Any

from slipway.errors import SlipwayError

VIEW = "rows"


class _Dialect(str, Enum):  # noqa: UP042 - GX compares it with plain strings and asks for `.value`
    DUCKDB = "duckdb"


def teach_gx_duckdb() -> None:
    """Let GX keep its connection open on DuckDB; a second call changes nothing."""
    from great_expectations.execution_engine import sqlalchemy_execution_engine as engine

    known = engine._PERSISTED_CONNECTION_DIALECTS
    if _Dialect.DUCKDB not in known:
        engine._PERSISTED_CONNECTION_DIALECTS = (*known, _Dialect.DUCKDB)
        atexit.register(_end_quietly)


def parquet_batch(context: Any, rows: list[Path], database: Path) -> Any:
    """A GX batch definition over Parquet files; nothing is copied, the new file `database` holds one view."""
    import duckdb

    teach_gx_duckdb()
    with duckdb.connect(str(database)) as connection:
        table = f"read_parquet({quoted_list(rows)})"
        connection.execute(f"CREATE VIEW {VIEW} AS SELECT * FROM {table}")  # noqa: S608 - paths are quoted
    source = context.data_sources.add_sql(
        "parquet", connection_string=f"duckdb:///{database}", create_temp_table=False
    )
    return source.add_table_asset(VIEW, table_name=VIEW).add_batch_definition_whole_table("all")


def column_types(rows: list[Path]) -> dict[str, str]:
    """DuckDB's type of every column of Parquet files that are taken together.

    Raises:
        SlipwayError: one is no Parquet file, or lacks a column of the first.
    """
    import duckdb

    try:
        with duckdb.connect() as connection:
            found = connection.execute(
                "DESCRIBE SELECT * FROM read_parquet(?)", [[str(path) for path in rows]]
            ).fetchall()
    except duckdb.Error as error:
        raise SlipwayError(f"{rows[0].parent}: {str(error).splitlines()[0]}") from error
    return {str(name): str(kind) for name, kind, *_ in found}


def quoted_list(paths: list[Path]) -> str:
    """Paths as a DuckDB list of strings."""
    return "[" + ", ".join(quoted(str(path)) for path in paths) + "]"


def quoted(text: str) -> str:
    """Text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def _end_quietly() -> None:
    """GX keeps parts of DuckDB alive to the end; DuckDB's bindings would complain of it for a page."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
