"""Great Expectations on DuckDB, which it does not know: one private name is extended, nothing else.

GX closes its connection before it fetches, except for the dialects in `_PERSISTED_CONNECTION_DIALECTS`, and
DuckDB's cursors are empty once their connection is closed. The tests fail when GX changes that name.
"""

import atexit
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Any

from slipway.base.errors import SlipwayError
from slipway.data.values import shown

VIEW = "rows"
_SAID = 300
"""Characters of an error of DuckDB."""


class _Dialect(str, Enum):  # noqa: UP042 - GX compares it with plain strings and asks for `.value`
    DUCKDB = "duckdb"


@contextmanager
def connect(folder: Path) -> Iterator[Any]:
    """A DuckDB in memory that spills into `folder` what does not fit, and keeps UTC on every machine."""
    import duckdb

    with duckdb.connect() as connection:
        connection.execute(f"SET temp_directory = {quoted(str(folder / 'spill'))}")
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


def teach_gx_duckdb() -> None:
    """Let GX keep its connection open on DuckDB; a second call changes nothing."""
    from great_expectations.execution_engine import sqlalchemy_execution_engine

    known = sqlalchemy_execution_engine._PERSISTED_CONNECTION_DIALECTS
    # Once: GX keeps the tuple for the whole process.
    if _Dialect.DUCKDB not in known:
        sqlalchemy_execution_engine._PERSISTED_CONNECTION_DIALECTS = (*known, _Dialect.DUCKDB)
        atexit.register(_end_quietly)


def parquet_batch(context: Any, rows: list[Path], database: Path) -> Any:
    """A GX batch definition over Parquet files; nothing is copied, the new file `database` holds one view."""
    import duckdb
    from sqlalchemy import event

    teach_gx_duckdb()
    # A file, as GX opens a connection of its own, and a database in memory is seen by one alone.
    with duckdb.connect(str(database)) as connection:
        connection.execute(f"CREATE VIEW {VIEW} AS SELECT * FROM {parquet(*rows)}")  # noqa: S608 - paths are quoted
        words = connection.execute("SELECT keyword_name FROM duckdb_keywords()").fetchall()
    source = context.data_sources.add_sql(
        "parquet", connection_string=f"duckdb:///{database}", create_temp_table=False
    )
    engine = source.get_execution_engine().engine
    # SQLAlchemy quotes the words of PostgreSQL alone: `by` and `at` would be no columns
    engine.dialect.identifier_preparer.reserved_words = {word for (word,) in words}
    event.listen(engine, "handle_error", _roll_back)
    return source.add_table_asset(VIEW, table_name=VIEW).add_batch_definition_whole_table("all")


def _roll_back(error: Any) -> None:
    """End the transaction of a query that failed; every query after it would fail for that alone."""
    error.connection.rollback()


def column_types(rows: list[Path], needed: list[str] | None = None) -> dict[str, str]:
    """DuckDB's type of every column of the first of Parquet files that are taken together.

    Args:
        needed: columns that every file must have as the first has them, or not at all; None is all.

    Raises:
        SlipwayError: one is no Parquet file, or differs from the first: DuckDB would convert its values to
            the first's types without a word.
    """
    import duckdb

    with duckdb.connect() as connection:
        first = _types(connection, rows[0])
        for path in rows[1:]:
            other = _types(connection, path)
            for name in needed or sorted(first.keys() | other.keys()):
                # guard ingest.schemas
                _require_same(name, (rows[0], first.get(name)), (path, other.get(name)))
    return first


def _require_same(name: str, first: tuple[Path, str | None], other: tuple[Path, str | None]) -> None:
    if first[1] == other[1]:
        return
    (here, found), (there, expected) = (other, first) if first[1] else (first, other)
    if found is None:
        raise SlipwayError(f"{here}: no column '{shown(name)}', which {there.name} has")
    raise SlipwayError(
        f"{here}: column '{shown(name)}' is of type {shown(found)}, in {there.name} of type {shown(expected)}"
    )


def require_readable(rows: list[Path]) -> None:
    """Read every value once, for the types stand at the end of a Parquet file and say nothing of the rest.

    Raises:
        SlipwayError: a file is damaged.
    """
    import duckdb

    with duckdb.connect() as connection:
        for path in rows:
            try:
                # A count would be answered from the footer; a hash needs every value.
                connection.execute(f"SELECT bit_xor(hash(one)) FROM {parquet(path)} AS one")  # noqa: S608 - quoted
            except duckdb.Error as error:
                raise SlipwayError(f"{path}: not a readable Parquet file: {said(error)}") from error


def _types(connection: Any, path: Path) -> dict[str, str]:
    import duckdb

    try:
        found = connection.execute(f"DESCRIBE SELECT * FROM {parquet(path)}").fetchall()  # noqa: S608 - quoted
    except duckdb.Error as error:
        raise SlipwayError(f"{path}: not a readable Parquet file: {said(error)}") from error
    return {str(name): str(kind) for name, kind, *_ in found}


def said(error: Exception) -> str:
    """What DuckDB says of a file on one line, without the options of DuckDB that it proposes."""
    text = re.split(r"\n *(?:Possible |file = |LINE \d)|If you are trying", str(error))[0]
    place = re.search(r"CSV Error on Line: (\d+)", text)
    lines = [line for line in text.splitlines() if line.strip()]
    if place:  # what follows is the line itself, then what is wrong with it
        return f"line {place[1]}: {shown(lines[-1].strip(), _SAID)}"
    return shown(" ".join(" ".join(lines).split()), _SAID)


def parquet(*files: Path, **options: str) -> str:
    """SQL: the rows of Parquet files, one file after the other; `options` are DuckDB's, with values in SQL.

    DuckDB would make columns of folders that are called `key=value`, wherever they stand in a path.
    """
    given = "".join(f", {name} = {value}" for name, value in options.items())
    return f"read_parquet({quoted_list(files)}, hive_partitioning = false{given})"


def quoted_list(paths: Sequence[Path]) -> str:
    """Paths as a DuckDB list of strings, each of which is the name of one file and no pattern."""
    return "[" + ", ".join(quoted(re.sub(r"([*?[])", r"[\1]", str(path))) for path in paths) + "]"


def quoted(text: str) -> str:
    """Text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def quoted_name(name: str) -> str:
    """The name of a column as SQL."""
    return '"' + name.replace('"', '""') + '"'


def _end_quietly() -> None:
    """Send standard error nowhere as Python ends.

    GX keeps objects of DuckDB to the end, and DuckDB's bindings print a page about that.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
