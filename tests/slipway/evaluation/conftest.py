"""A holdout and a version to measure on it."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.slipway.root import ROOT
from tests.slipway.tiny import impressions, tiny_version


@pytest.fixture(scope="package")
def split(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A holdout of later rows than the tiny versions were trained on."""
    folder = tmp_path_factory.mktemp("split")
    table = impressions(1200, seed=1)
    place = table.column_names.index("time")
    day = pa.scalar(86_400_000_000 * 30, pa.duration("us"))
    table = table.set_column(place, "time", pa.compute.add(table["time"], day))
    pq.write_table(table, folder / "holdout.parquet")
    return folder


@pytest.fixture(scope="package")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny logistic regression."""
    out = tmp_path_factory.mktemp("versions") / "logistic"
    tiny_version(ROOT, out, "logistic")
    return out
