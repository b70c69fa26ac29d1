"""Parity before the first request."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from slipway.base.errors import SlipwayError
from slipway.serving.served import Served
from slipway.serving.warm import check_parity
from slipway.version.assemble import SCORE


def rewritten(laid_out: Path, out: Path, column: str, values: pa.Array) -> Path:
    """A copy of the parity sample in which one column is another."""
    sample = pq.read_table(laid_out / "version/parity.parquet")
    (out / "version").mkdir()
    sample = sample.set_column(sample.schema.get_field_index(column), column, values)
    pq.write_table(sample, out / "version/parity.parquet")
    return out


def test_serving_gives_the_scores_of_training(served: Served, laid_out: Path) -> None:
    """The sample of training time, answered by the protocol."""
    check_parity(served, laid_out)


PARITY = pytest.mark.gate(
    "serve.parity",
    fed="a Bento whose digests agree and whose answers are not those of training",
    stops="serve",
    exit=1,
    reason="parity.parquet: served scores differ from training",
    untouched="no server process left",
)


@PARITY
@pytest.mark.parametrize("error", [2e-6, float("nan")])
def test_other_scores_are_refused(served: Served, laid_out: Path, tmp_path: Path, error: float) -> None:
    """One score that is off by more than 1e-6 suffices."""
    scores = pq.read_table(laid_out / "version/parity.parquet")[SCORE].to_numpy().copy()
    scores[-1] += error
    root = rewritten(laid_out, tmp_path, SCORE, pa.array(scores))

    with pytest.raises(SlipwayError, match=r"parity\.parquet: served scores differ by"):
        check_parity(served, root)


def test_a_kind_may_allow_more(served: Served, laid_out: Path, tmp_path: Path) -> None:
    """The version's manifest says how much."""
    scores = pq.read_table(laid_out / "version/parity.parquet")[SCORE].to_numpy()
    root = rewritten(laid_out, tmp_path, SCORE, pa.array(scores + 2e-6))
    manifest = served.version.manifest.model_copy(update={"tolerance": 1e-5})

    check_parity(replace(served, version=replace(served.version, manifest=manifest)), root)


@PARITY
def test_a_sample_that_cannot_be_sent_is_refused(served: Served, laid_out: Path, tmp_path: Path) -> None:
    """A column that training took and the service refuses is a skew too."""
    users = pa.array(np.full(64, None), pa.int64())
    root = rewritten(laid_out, tmp_path, "user_id", users)

    with pytest.raises(SlipwayError, match=r"refuses its own sample: user_id\.0"):
        check_parity(served, root)
