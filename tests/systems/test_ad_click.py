"""The generator of ad impressions: its bytes, and what its world teaches, in markets of several seeds."""

import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from slipway.settings import Card, load_card
from systems.ad_click import features, system
from systems.ad_click.expectations import expectations
from systems.ad_click.source import generate, log, market, requests
from systems.ad_click.source.clicks import SEEN_BY_SLOT, probability
from tests.root import REPOSITORY

ROWS = 8_002
REQUESTS = 20_000
SHORTEST, LONGEST = timedelta(minutes=10), timedelta(hours=6)


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


@dataclass(frozen=True)
class World:
    """A market, what was shown in it, the true chances of clicks, and what draws on."""

    random: np.random.Generator
    market: market.Market
    shown: requests.Impressions

    def truth(self, **other: object) -> np.ndarray:
        """The chance of each row, had it been shown otherwise, and to somebody who is not worn out."""
        return probability(self.market, replace(self.shown, **other), np.zeros(len(self.shown.ad)))


@pytest.fixture(params=[1, 2, 3])
def world(request: pytest.FixtureRequest) -> World:
    """A market of each seed."""
    random = np.random.default_rng(request.param)
    drawn = market.draw(random, users=4_000, ads=1_000)
    return World(random, drawn, requests.draw(random, drawn, REQUESTS))


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
        "rows.parquet": "6103b5b71e706fa077c5d2ac027b2a62e51636bbe7cf0e61d860791362c2b8bf",
        "truth.parquet": "5459b4e48c635d480f2f7f3cddbde588779e62e4d9dac61398a15c3b278688a8",
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


def test_a_later_slot_is_seen_less(world: World) -> None:
    """The same ad, shown to the same user at the same time, is clicked less there, and by so much."""
    first = world.truth(slot=np.zeros_like(world.shown.slot))
    sound = first > 0.01  # below it the least chance of all begins to count

    for slot, share in enumerate(SEEN_BY_SLOT):
        there = world.truth(slot=np.full_like(world.shown.slot, slot))
        assert there[sound] == pytest.approx(share * first[sound], abs=2e-6)


def test_slots_and_ads_go_together(world: World) -> None:
    """Better ads stand in better slots, so that slots seem to differ more than they do."""
    same_slot, as_shown = world.truth(slot=np.zeros_like(world.shown.slot)), world.truth()
    slots = range(len(SEEN_BY_SLOT))
    worth = [same_slot[world.shown.slot == slot].mean() for slot in slots]
    rates = [as_shown[world.shown.slot == slot].mean() for slot in slots]

    assert worth == sorted(worth, reverse=True)
    assert worth[0] > 1.15 * worth[-1]
    assert rates[-1] / rates[0] < 0.87 * SEEN_BY_SLOT[-1]


def test_a_request_has_one_slot(rows: pa.Table) -> None:
    """The request says it, so a version that ranks the ads knows it, and it prefers none of them."""
    slots = rows["slot"].to_numpy()[: ROWS // market.OFFERED * market.OFFERED].reshape(-1, market.OFFERED)

    assert np.array_equal(slots, np.repeat(slots[:, :1], market.OFFERED, axis=1))
    assert set(slots[:, 0]) == {1, 2, 3, 4}


def test_chances_of_being_chosen_are_those_that_are_logged(world: World) -> None:
    """They sum to 1 in a request, one ad is chosen, and each chance comes true as often as it says."""
    propensity, chosen = log.choices(world.random, world.market, world.shown)

    assert np.array_equal(propensity.reshape(-1, market.OFFERED).sum(axis=1), np.ones(REQUESTS))
    assert np.array_equal(chosen.reshape(-1, market.OFFERED).sum(axis=1), np.ones(REQUESTS))
    for chance in log.CHANCES:
        found = chosen[propensity == chance]
        assert len(found) == REQUESTS
        assert found.mean() == pytest.approx(chance, abs=4 * np.sqrt(chance * (1 - chance) / REQUESTS))


def test_weighted_choices_tell_of_what_was_not_chosen(world: World) -> None:
    """What an ad at random would earn: the chosen ones alone earn more, and by their chances as much."""
    propensity, chosen = log.choices(world.random, world.market, world.shown)
    truth = world.truth()
    weighted = truth * chosen / propensity

    assert truth[chosen == 1].mean() > 1.1 * truth.mean()
    error = weighted.reshape(-1, market.OFFERED).mean(axis=1).std() / np.sqrt(REQUESTS)
    assert weighted.mean() == pytest.approx(truth.mean(), abs=4 * error)


def test_no_model_sees_what_the_log_adds(rows: pa.Table, card: Card) -> None:
    """Requests carry neither the chances, nor the choice, nor when the outcome became known."""
    carried = set(system.examples(card, rows).requests.column_names)

    assert set(rows.column_names) - carried == {"propensity", "chosen", "clicked", "known_at"}
    assert "slot" in card.data.inputs


def test_a_request_has_one_choice(rows: pa.Table, card: Card) -> None:
    """The checks find a request with two, or with chances beyond 1; that the newest is cut is no fault."""
    asked = next(one for one in expectations(card) if "one option is chosen" in (one.description or ""))
    query = asked.unexpected_rows_query.format(batch="batch")
    all_chosen = rows.set_column(rows.column_names.index("chosen"), "chosen", pa.array(np.ones(ROWS, int)))
    sure = rows.set_column(rows.column_names.index("propensity"), "propensity", pa.array(np.ones(ROWS)))

    with duckdb.connect() as connection:
        found = [
            len(connection.register("batch", one).execute(query).fetchall())
            for one in (rows, all_chosen, sure)
        ]
    assert found == [0, -(-ROWS // market.OFFERED), -(-ROWS // market.OFFERED)]


def test_the_delay_is_that_of_the_ad(rows: pa.Table, card: Card) -> None:
    """A video's outcome is known first and an app's last, clicked or not; the card waits for the last."""
    found: dict[str, set[tuple[bool, timedelta]]] = {}
    for one in rows.select(["format", "clicked", "time", "known_at"]).to_pylist():
        found.setdefault(one["format"], set()).add((bool(one["clicked"]), one["known_at"] - one["time"]))
    delays = {"video": SHORTEST, "image": timedelta(hours=1), "install": LONGEST}

    assert found == {name: {(False, delay), (True, delay)} for name, delay in delays.items()}
    assert timedelta(hours=card.rollout.maturity_hours or 0) == LONGEST


def test_an_ad_has_one_format(rows: pa.Table) -> None:
    """So its clicks become known in the order of its impressions."""
    pairs = set(zip(rows["ad_id"].to_pylist(), rows["format"].to_pylist(), strict=True))

    assert len(pairs) == len(set(rows["ad_id"].to_pylist()))


def test_rates_drift(world: World) -> None:
    """Two weeks later some advertisers are clicked more, others less, and none by a jump."""
    first = world.shown.time < requests.START + 7 * requests.DAY
    early, week, later = (
        world.truth(time=world.shown.time + days * requests.DAY)[first] for days in (0, 7, 14)
    )
    trend = world.market.trend[world.market.advertiser[world.shown.ad]][first]

    assert np.all((later - early) * trend >= 0)
    for side in (trend > 0, trend < 0):
        change = later[side].mean() / early[side].mean() - 1
        assert 0.02 < abs(change) < 0.3
        assert week[side].mean() / early[side].mean() - 1 == pytest.approx(change / 2, rel=0.2)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
