"""What the world of the ad clicks teaches: position, logged chances, delays and drift, by seeds."""

from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from slipway.settings import load_card
from systems.ad_click import system
from systems.ad_click.source import generate, log, market, requests
from systems.ad_click.source.clicks import SEEN_BY_SLOT, probability
from tests.root import REPOSITORY

REQUESTS = 20_000
SHORTEST, LONGEST = timedelta(minutes=10), timedelta(hours=6)


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


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    """Rows as they are written."""
    out = tmp_path_factory.mktemp("world")
    generate(REQUESTS, 17, out)
    return pq.read_table(out / "rows.parquet")


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
    slots = rows["slot"].to_numpy().reshape(-1, market.OFFERED)

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


def test_no_model_sees_what_the_log_adds(rows: pa.Table) -> None:
    """Requests carry neither the chances, nor the choice, nor when the outcome became known."""
    card = load_card(REPOSITORY, "ad_click")
    carried = set(system.examples(card, rows).requests.column_names)

    assert set(rows.column_names) - carried == {"propensity", "chosen", "clicked", "known_at"}
    assert "slot" in card.data.inputs


def test_the_delay_is_that_of_the_ad(rows: pa.Table) -> None:
    """A video's outcome is known first and an app's last, clicked or not; the card waits for the last."""
    found: dict[str, set[tuple[bool, timedelta]]] = {}
    for one in rows.select(["format", "clicked", "time", "known_at"]).to_pylist():
        found.setdefault(one["format"], set()).add((bool(one["clicked"]), one["known_at"] - one["time"]))
    delays = {"video": SHORTEST, "image": timedelta(hours=1), "install": LONGEST}

    assert found == {name: {(False, delay), (True, delay)} for name, delay in delays.items()}
    assert timedelta(hours=load_card(REPOSITORY, "ad_click").rollout.maturity_hours or 0) == LONGEST


def test_an_ad_has_one_format(rows: pa.Table) -> None:
    """So its clicks become known in the order of its impressions."""
    pairs = set(zip(rows["ad_id"].to_pylist(), rows["format"].to_pylist(), strict=True))

    assert len(pairs) == len(set(rows["ad_id"].to_pylist()))


def test_rates_drift(world: World) -> None:
    """Two weeks later the same requests are clicked less, some advertisers' more, and none by a jump."""
    first = world.shown.time < requests.START + 7 * requests.DAY
    early, week, later = (
        world.truth(time=world.shown.time + days * requests.DAY)[first] for days in (0, 7, 14)
    )
    trend = world.market.trend[world.market.advertiser[world.shown.ad]][first]

    assert 0.85 < later.mean() / early.mean() < 0.99
    assert np.all((later - early) * trend >= 0)
    assert later[trend > 0].mean() > 1.01 * early[trend > 0].mean()
    assert (week - early).mean() == pytest.approx((later - week).mean(), rel=0.15)
