"""The generator of ad impressions."""

import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from slipway.settings import Card, load_card
from systems.ad_click import features
from systems.ad_click.source import generate
from tests.root import REPOSITORY

ROWS = 8_002


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small market; the last request is incomplete."""
    out = tmp_path_factory.mktemp("market")
    generate(ROWS, 17, out)
    return out


@pytest.fixture(scope="module")
def rows(made: Path) -> pa.Table:
    """Its rows."""
    return pq.read_table(made / "rows.parquet")


@pytest.fixture(scope="module")
def card() -> Card:
    """The card of ad_click."""
    return load_card(REPOSITORY, "ad_click")


def test_same_seed_same_bytes(made: Path, tmp_path: Path) -> None:
    """A seed stands for one data set, another seed for another."""
    (tmp_path / "again").mkdir()
    (tmp_path / "other").mkdir()
    generate(ROWS, 17, tmp_path / "again")
    generate(ROWS, 18, tmp_path / "other")

    for name in ("rows.parquet", "truth.parquet"):
        assert _digest(made / name) == _digest(tmp_path / "again" / name)
        assert _digest(made / name) != _digest(tmp_path / "other" / name)


def test_the_bytes_are_the_same_everywhere(tmp_path: Path) -> None:
    """On every Python and NumPy that is supported; a change of the generator changes these digests."""
    generate(4_000, 17, tmp_path)

    assert {path.name: _digest(path) for path in tmp_path.iterdir()} == {
        "rows.parquet": "9335736f34d4e8757eaebee09056f3ebb33bf7f5721eeb0a1c7f0f01721ebc0a",
        "truth.parquet": "d7253de49ca4249846429b809f774446d452f9b1db74ee58629b0867e2a04bab",
    }


def test_columns_are_the_cards(rows: pa.Table, card: Card) -> None:
    """Rows have the columns of the design card, in its order, and as many as were asked for."""
    assert rows.column_names == list(card.data.columns)
    assert rows.num_rows == ROWS


def test_order_of_time(rows: pa.Table) -> None:
    """Rows are sorted by time, and a request is one moment."""
    time, request = rows["time"].cast(pa.int64()).to_numpy(), rows["request_id"].to_numpy()

    assert np.all(np.diff(time) >= 0)
    assert np.all(np.diff(time)[np.diff(request) == 0] == 0)


def test_no_ad_twice(rows: pa.Table) -> None:
    """A request offers an ad once."""
    keys = rows["request_id"].to_numpy() * 1_000_000 + rows["ad_id"].to_numpy()

    assert len(np.unique(keys)) == ROWS


@pytest.mark.parametrize(("column", "key"), [("ad_views", "ad_id"), ("seen_before", "pair")])
def test_counts_are_of_the_past(rows: pa.Table, column: str, key: str) -> None:
    """Counts are what a loop over earlier requests gives."""
    request = rows["request_id"].to_numpy()
    pair = rows["user_id"].to_numpy() * 10_000 + rows["advertiser_id"].to_numpy()
    keys = pair if key == "pair" else rows[key].to_numpy()

    found = rows[column].to_numpy()

    for row in range(0, ROWS, 37):
        assert found[row] == np.sum((keys == keys[row]) & (request < request[row]))


def test_counted_clicks_are_known(rows: pa.Table) -> None:
    """`ad_clicks` counts the clicks that were known at the row's time, and no other."""
    time, known_at = (rows[name].cast(pa.int64()).to_numpy() for name in ("time", "known_at"))
    ad, clicked, found = (rows[name].to_numpy() for name in ("ad_id", "clicked", "ad_clicks"))

    for row in range(0, ROWS, 37):
        known = (ad == ad[row]) & (known_at <= time[row])
        assert found[row] == clicked[known].sum()


def test_truth(made: Path, rows: pa.Table) -> None:
    """True probabilities stand row by row beside the clicks that they drew, rounded to six digits."""
    truth = pq.read_table(made / "truth.parquet")["probability"].to_numpy()
    clicked = rows["clicked"].to_numpy()

    assert len(truth) == ROWS
    assert truth.min() >= 0.001
    assert truth.max() <= 0.9
    assert np.array_equal(truth, np.round(truth, 6))
    assert abs(clicked.mean() - truth.mean()) < 4 * np.sqrt(truth.mean() / ROWS)
    assert clicked[truth > np.median(truth)].mean() > 3 * clicked[truth <= np.median(truth)].mean()


def test_what_was_not_seen_in_training_is_told(rows: pa.Table, card: Card) -> None:
    """Each value of each category exactly, though there are far fewer buckets than values."""
    few = card.model_copy(update={"features": card.features.model_copy(update={"hash_bits": 4})})
    half = ROWS // 2
    train, later = rows.slice(0, half), rows.slice(half)
    state = features.fit(few, train)
    new = np.zeros(later.num_rows, bool)
    for name in card.features.categorical:
        new |= ~pc.is_in(later[name], train[name].combine_chunks()).to_numpy()

    assert np.array_equal(features.transform(few, later, state).unseen, new)
    assert not features.transform(few, train, state).unseen.any()
    assert 0 < new.mean() < 1


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
