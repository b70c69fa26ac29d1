"""The one change that lets Great Expectations work on DuckDB."""

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from slipway.base.errors import SlipwayError
from slipway.data.duckdb_engine import column_types, parquet_batch, teach_gx_duckdb


def test_gx_still_has_the_private_name() -> None:
    """GX keeps its persisted dialects in a tuple of enum members; if this fails, read the new GX."""
    from great_expectations.execution_engine import sqlalchemy_execution_engine as engine
    from great_expectations.execution_engine.sqlalchemy_dialect import GXSqlDialect

    assert isinstance(engine._PERSISTED_CONNECTION_DIALECTS, tuple)
    assert GXSqlDialect.SQLITE in engine._PERSISTED_CONNECTION_DIALECTS


@pytest.mark.parametrize(("low", "held"), [(1, True), (2, False)])
def test_gx_reads_values(tmp_path: Path, low: int, held: bool) -> None:
    """An expectation on a Parquet file is evaluated, with the unexpected values counted."""
    import great_expectations as gx

    path = tmp_path / "it's a file.parquet"
    pq.write_table(pa.table({"value": [1, 2, 3]}), path)

    batch = parquet_batch(gx.get_context(mode="ephemeral"), [path], tmp_path / "view.duckdb").get_batch()
    result = batch.validate(gx.expectations.ExpectColumnValuesToBeBetween(column="value", min_value=low))

    assert result.success is held
    assert result.result["unexpected_count"] == (0 if held else 1)


def test_teaching_twice_is_teaching_once() -> None:
    """The tuple grows by one member, once."""
    from great_expectations.execution_engine import sqlalchemy_execution_engine as engine

    teach_gx_duckdb()
    known = engine._PERSISTED_CONNECTION_DIALECTS
    teach_gx_duckdb()

    assert known is engine._PERSISTED_CONNECTION_DIALECTS
    assert [dialect.value for dialect in known].count("duckdb") == 1


def test_types(tmp_path: Path) -> None:
    """Types are DuckDB's names."""
    pq.write_table(pa.table({"a": [1], "b": ["x"]}), tmp_path / "rows.parquet")

    assert column_types([tmp_path / "rows.parquet"]) == {"a": "BIGINT", "b": "VARCHAR"}


def test_no_parquet(tmp_path: Path) -> None:
    """A file that is not there, or is no Parquet, is an error."""
    (tmp_path / "text.parquet").write_text("nothing")
    for name in ("text.parquet", "gone.parquet"):
        with pytest.raises(SlipwayError, match=name):
            column_types([tmp_path / name])


@pytest.mark.long  # it imports Great Expectations anew, for four seconds
def test_the_process_ends_quietly(tmp_path: Path) -> None:
    """Nothing is printed after the last line of ours."""
    code = "import duckdb_engine; from slipway.data.duckdb_engine import teach_gx_duckdb as teach; teach()"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert (done.stdout, done.stderr) == ("", "")
