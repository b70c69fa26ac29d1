"""The replay part as traffic."""

from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from slipway.base.errors import SlipwayError, UsageError
from slipway.data.requests import request_bounds, request_codes
from slipway.rollout.traffic import Answer, Traffic, bodies, decision
from slipway.settings import Card, load_card
from slipway.system import load_system
from tests.slipway.patient import LONGEST, Patient
from tests.slipway.rollout.live import traffic, write_replay, write_truth
from tests.slipway.root import ROOT
from tests.slipway.tiny import impressions

TRUTH_ROW = pytest.mark.gate(
    "replay.truth",
    fed="true probabilities of other rows than the replay's, or that are no probabilities",
    stops="canary",
    exit=1,
    reason="replay.truth.parquet",
    untouched="no traffic is made, so none is offered",
)


@pytest.fixture
def card() -> Card:
    """The card of ad clicks."""
    return load_card(ROOT, "ad_click")


def judged_by(card: Card, metric: str) -> Card:
    """The card with another decision metric."""
    decision = card.rollout.decision.model_copy(update={"metric": metric})
    return card.model_copy(update={"rollout": card.rollout.model_copy(update={"decision": decision})})


def best_at(place: int) -> Answer:
    """An answer to four options that ranks one of them first."""
    ranks = np.roll(np.arange(1, 5), place)
    return Answer(scores=1.0 / ranks, ranks=ranks)


def test_requests_come_in_time_order_and_whole(card: Card, tmp_path: Path) -> None:
    """Also where the file does not keep them so."""
    table = impressions(400, seed=5)
    pq.write_table(table.take(np.random.default_rng(1).permutation(400)), tmp_path / "replay.parquet")
    loaded = Traffic.load(card, load_system("ad_click", ROOT), tmp_path, seed=0)

    assert len(loaded) == 100
    assert loaded.requests["request_id"].to_pylist() == table["request_id"].to_pylist()
    assert loaded.bounds.tolist() == list(range(0, 401, 4))


def test_an_offer_carries_its_request_unit_and_rows(card: Card, tmp_path: Path) -> None:
    """The rows of an offer are those of one request, and have its unit."""
    loaded = traffic(card, tmp_path, 50)
    for offer in loaded.offers(20, 23):
        rows = loaded.requests.slice(offer.rows.start, offer.rows.stop - offer.rows.start)

        assert len(rows["request_id"].unique()) == 1
        assert rows["user_id"].cast(pa.string()).unique().to_pylist() == [offer.unit]


def test_a_unit_keeps_its_code(card: Card, tmp_path: Path) -> None:
    """Codes stand for units one to one."""
    loaded = traffic(card, tmp_path, 200)

    assert len(set(zip(loaded.units, loaded.unit_codes, strict=True))) == len(set(loaded.units)) < 200
    assert len(set(loaded.unit_codes)) == len(set(loaded.units))


def test_a_body_is_one_tensor_per_column(card: Card, tmp_path: Path) -> None:
    """The label is not among them; missing values are null, times ISO 8601."""
    loaded = traffic(card, tmp_path, 50)
    tensors = {tensor["name"]: tensor for tensor in orjson.loads(loaded.offers(3, 4)[0].body)["inputs"]}
    rows = loaded.requests.slice(12, 4)

    assert list(tensors) == card.data.inputs
    assert {tensor["datatype"] for tensor in tensors.values()} == {"INT64", "FP64", "BYTES"}
    assert all(tensor["shape"] == [4] for tensor in tensors.values())
    assert tensors["price"]["data"] == rows["price"].to_pylist()
    assert tensors["time"]["data"] == ["2026-01-01T00:03:00"] * 4


def test_a_body_tells_times_in_utc(card: Card) -> None:
    """A column with a time zone is sent as the same instant."""
    columns = {"time": card.data.columns["time"]}
    table = pa.table({"time": pa.array([0], pa.timestamp("us", "+02:00"))})

    assert b'"1970-01-01T00:00:00"' in bodies(columns, table, np.array([0, 1]))[0]


def test_without_a_request_column_each_row_is_a_request() -> None:
    """As in a table of plain clicks."""
    codes = request_codes(impressions(8), None)

    assert request_bounds(codes).tolist() == list(range(9))


def test_no_rows_are_no_requests() -> None:
    """The bounds are then the end alone."""
    assert request_bounds(np.zeros(0, np.int64)).tolist() == [0]


def test_reward_is_a_click_on_the_option_ranked_first(card: Card, tmp_path: Path) -> None:
    """Certain and impossible clicks, by the option that the answer puts first; nothing shown is no click."""
    write_replay(tmp_path, 5)
    write_truth(tmp_path, np.tile([1.0, 0.0, 0.0, 0.0], 5))
    loaded = Traffic.load(card, load_system("ad_click", ROOT), tmp_path, seed=0)

    assert loaded.metric.name == "reward"
    found = loaded.gains(1, [best_at(0), None, best_at(2)])
    assert found.tolist() == [1.0, 0.0, 0.0]
    assert loaded.gains(1, [None, None]).tolist() == [0.0, 0.0]


def test_the_same_option_has_the_same_luck_in_either_arm(card: Card, tmp_path: Path) -> None:
    """Whoever shows it, in whichever batch; and clicks come as often as the truth says."""
    write_replay(tmp_path, 4000)
    write_truth(tmp_path, np.full(16000, 0.3))
    loaded = Traffic.load(card, load_system("ad_click", ROOT), tmp_path, seed=0)
    whole = loaded.gains(0, [best_at(1)] * 4000)

    np.testing.assert_array_equal(loaded.gains(1000, [best_at(1)] * 10), whole[1000:1010])
    assert whole.mean() == pytest.approx(0.3, abs=0.03)


def test_another_seed_is_other_luck(card: Card, tmp_path: Path) -> None:
    """The same seed is the same luck."""
    write_replay(tmp_path, 100)
    write_truth(tmp_path, np.full(400, 0.5))
    drawn = [
        Traffic.load(card, load_system("ad_click", ROOT), tmp_path, seed).gains(0, [best_at(0)] * 100)
        for seed in (0, 0, 1)
    ]

    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert (drawn[0] != drawn[2]).any()


def test_log_loss_is_that_of_the_logged_labels(card: Card, tmp_path: Path) -> None:
    """Minus its mean over the options, in place of an answer that of the base rate; it stays finite."""
    loaded = traffic(card, tmp_path, 20)
    scores = np.array([0.1, 0.2, 0.9, 0.0])
    labels = loaded.outcomes[28:32]
    likelihood = np.where(labels == 1, scores, 1 - scores)

    assert loaded.metric.name == "log_loss"
    found = loaded.gains(6, [None, Answer(scores, np.array([3, 2, 1, 4]))])
    rate, before = loaded.outcomes.mean(), loaded.outcomes[24:28]
    assert found[0] == pytest.approx(np.log(np.where(before == 1, rate, 1 - rate)).mean())
    assert found[1] == pytest.approx(np.log(np.clip(likelihood, 1e-15, 1)).mean())


def test_the_card_may_ask_for_log_loss_where_the_truth_is_known(card: Card, tmp_path: Path) -> None:
    """Then labels are used and the truth is not."""
    write_replay(tmp_path, 5)
    write_truth(tmp_path, np.ones(20))
    loaded = Traffic.load(judged_by(card, "log_loss"), load_system("ad_click", ROOT), tmp_path, seed=0)

    assert loaded.metric.name == "log_loss"
    assert loaded.gains(0, [best_at(0)])[0] < 0


@pytest.mark.gate(
    "rollout.reward",
    fed="a card that asks for rewards of options that nobody showed, of a table without true probabilities",
    stops="canary",
    exit=2,
    reason="rollout.decision.metric",
    untouched="no traffic is made, so none is offered",
)
def test_reward_without_a_truth_is_refused(card: Card) -> None:
    """Nobody knows what would have been clicked."""
    with pytest.raises(UsageError, match=r"rollout\.decision\.metric: found 'reward'"):
        decision(judged_by(card, "reward"), "logged")


def test_a_split_without_a_replay_part_is_named(card: Card, tmp_path: Path) -> None:
    """The error names the file."""
    with pytest.raises(SlipwayError, match=r"replay\.parquet: no such file"):
        Traffic.load(card, load_system("ad_click", ROOT), tmp_path, seed=0)


@TRUTH_ROW
def test_a_truth_of_other_rows_is_refused(card: Card, tmp_path: Path) -> None:
    """It would give each option another's luck."""
    write_replay(tmp_path, 5)
    write_truth(tmp_path, np.ones(19))

    with pytest.raises(SlipwayError, match=r"replay\.truth\.parquet: 19 rows, replay\.parquet has 20"):
        Traffic.load(card, load_system("ad_click", ROOT), tmp_path, seed=0)


@pytest.mark.gate("replay.truth")
@pytest.mark.parametrize("value", [np.nan, np.inf, -0.1, 1.1])
def test_a_truth_that_is_no_probability_is_refused(card: Card, tmp_path: Path, value: float) -> None:
    """Nothing is below a probability that is no number: every click would be counted as none."""
    write_replay(tmp_path, 5)
    write_truth(tmp_path, np.r_[np.full(19, 0.3), value])

    with pytest.raises(SlipwayError, match=rf"replay\.truth\.parquet: found the probability {value:g}"):
        Traffic.load(card, load_system("ad_click", ROOT), tmp_path, seed=0)


def test_an_outcome_is_due_the_label_delay_after_its_request(card: Card, tmp_path: Path) -> None:
    """Requests come a minute apart, outcomes an hour later; who waits as long after the last has all."""
    loaded = traffic(card, tmp_path, 200)

    assert loaded.due(20, 150, waited=False).tolist() == [True] * 70 + [False] * 60
    assert loaded.due(20, 30, waited=False).tolist() == [False] * 10
    assert loaded.due(20, 150, waited=True).all()
    assert loaded.due(20, 20, waited=True).shape == (0,)


def test_a_window_makes_all_outcomes_wait_as_long(card: Card, tmp_path: Path) -> None:
    """Two hours from each request, though its label is known after one."""
    waits = card.rollout.model_copy(update={"maturity_hours": 2.0})
    loaded = traffic(card.model_copy(update={"rollout": waits}), tmp_path, 300)

    assert loaded.due(20, 220, waited=False).tolist() == [True] * 80 + [False] * 120
    assert loaded.due(20, 220, waited=True).all()


def test_outcomes_are_what_the_system_reads_and_due_when_it_says(card: Card, tmp_path: Path) -> None:
    """A request's outcome is known when that of its last option is; whoever waits has all."""
    write_replay(tmp_path, 40)
    loaded, table = Traffic.load(card, Patient(), tmp_path, seed=0), impressions(160, seed=5)
    wait = table["ad_id"].to_numpy() % (LONGEST + 1)
    minutes = np.arange(30) + wait.reshape(40, 4).max(axis=1)[:30]

    assert loaded.outcomes.tolist() == [1 - clicked for clicked in table["clicked"].to_pylist()]
    assert loaded.due(0, 30, waited=False).tolist() == (minutes <= 29).tolist()
    assert 0 < loaded.due(0, 30, waited=False).sum() < 30
    assert loaded.due(0, 30, waited=True).all()


def test_without_a_label_delay_an_outcome_is_due_at_once(card: Card, tmp_path: Path) -> None:
    """As a click is that the user makes on the spot."""
    data = card.data.model_copy(update={"label_delay_hours": 0.0})

    assert traffic(card.model_copy(update={"data": data}), tmp_path, 50).due(0, 50, waited=False).all()
