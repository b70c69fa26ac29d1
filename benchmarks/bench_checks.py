"""The same Great Expectations suite on pandas and on DuckDB: seconds, and the ratio.

python benchmarks/bench_checks.py [rows]
"""

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from slipway.settings import Card
from slipway.settings.root import Project
from slipway.system import load_system


def main(rows: int = 1_000_000) -> None:
    """Print one line per engine."""
    import great_expectations as gx

    project = Project.find(Path(__file__).parent)
    card = project.card("ad_click")
    system = load_system(card.name, project.root)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        system.generate(rows, 17, folder)
        suite = _common(card, system.expectations(card), folder / "rows.parquet")
        duckdb = _seconds(suite, _duckdb_batch(gx.get_context(mode="ephemeral"), folder))
        pandas = _seconds(suite, lambda: _pandas_batch(gx.get_context(mode="ephemeral"), folder))
    print(f"{rows} rows, {len(suite.expectations)} expectations")
    print(f"duckdb {duckdb:6.2f} s")
    print(f"pandas {pandas:6.2f} s, {pandas / duckdb:.1f} times as long")


def _common(card: Card, extra: list[Any], rows: Path) -> Any:
    """The suite without the queries for types, which pandas cannot answer."""
    from slipway.data.duckdb_engine import column_types
    from slipway.data.suite import build_suite

    suite = build_suite(card.name, card.task, extra, column_types([rows]))
    suite.expectations = [one for one in suite.expectations if not hasattr(one, "unexpected_rows_query")]
    return suite


def _seconds(suite: Any, batch: Any) -> float:
    """Open the rows and evaluate the suite; the best of two."""
    taken = []
    for _ in range(2):
        begun = time.perf_counter()
        result = batch().validate(suite)
        taken.append(time.perf_counter() - begun)
        if not result.success:
            raise SystemExit("the generated rows fail their suite; the comparison would mean nothing")
    return min(taken)


def _duckdb_batch(context: Any, folder: Path) -> Any:
    from slipway.data.duckdb_engine import parquet_batch

    definition = parquet_batch(context, [folder / "rows.parquet"], folder / "view.duckdb")
    return definition.get_batch


def _pandas_batch(context: Any, folder: Path) -> Any:
    import pandas as pd

    asset = context.data_sources.add_pandas("pandas").add_dataframe_asset("rows")
    batch = asset.add_batch_definition_whole_dataframe("all")
    return batch.get_batch({"dataframe": pd.read_parquet(folder / "rows.parquet")})


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
