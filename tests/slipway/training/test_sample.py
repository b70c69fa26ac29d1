"""The rows that a version carries are nobody's, and ask for all that a request may hold."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from slipway import models
from slipway.data.requests import value_codes
from slipway.models import Labelled, predictor
from slipway.models.inputs import Inputs
from slipway.settings import Card, load_card
from slipway.system import load_system
from slipway.training.sample import FAR, ROWS, SHARED, made_rows
from slipway.version.parity import differences
from tests.slipway.data import small
from tests.slipway.root import ROOT
from tests.slipway.tiny import impressions


def made(card: Card, train: pa.Table) -> pa.Table:
    """From rows with the columns that a request carries."""
    return made_rows(card, train, value_codes(train[card.data.required("unit")]))


@pytest.fixture(scope="module")
def train() -> pa.Table:
    """Impressions of 200 users, four ads to a request."""
    return impressions(8000).drop_columns(["clicked"])


@pytest.fixture(scope="module")
def card() -> Card:
    """The ad click system's."""
    return load_card(ROOT, "ad_click")


@pytest.fixture(scope="module")
def sample(card: Card, train: pa.Table) -> pa.Table:
    """What a version would carry."""
    return made(card, train)


def test_no_unit_and_no_row_of_the_data_is_carried(train: pa.Table, sample: pa.Table) -> None:
    """Not even in part: of the columns that tell rows apart none has a value of the data."""
    assert sample.schema == train.schema
    assert sample.num_rows == ROWS
    assert min(sample["user_id"].to_pylist()) >= FAR
    for column in ("request_id", "time", "price"):
        assert not set(sample[column].drop_null().to_pylist()) & set(train[column].to_pylist()), column


def test_known_unseen_and_missing_values_are_asked_for(card: Card, train: pa.Table, sample: pa.Table) -> None:
    """In each category but the unit, which no version may know."""
    system = load_system("ad_click", ROOT)
    inputs = system.transform(card, sample, system.fit_features(card, train))
    for field in (one for one in inputs.fields if one.name in ("ad_id", "advertiser_id", "category")):
        assert 0 < (field.values == 0).sum() < ROWS / 2, field.name
    assert 0 < sample["price"].null_count < ROWS / 2
    assert len(sample["placement"].unique()) == 4
    assert sample["placement"].null_count == 0


def test_a_request_has_options_and_one_of_all_else(card: Card, sample: pa.Table) -> None:
    """As the service takes it."""
    assert len(sample["request_id"].unique()) == ROWS / 4
    for name, column in card.data.columns.items():
        if name in sample.column_names and column.level == "request":
            each = [set(sample[name].to_pylist()[at : at + 4]) for at in range(0, ROWS, 4)]
            assert max(map(len, each)) == 1, name


def test_the_same_rows_give_the_same_sample(card: Card, train: pa.Table, sample: pa.Table) -> None:
    """Bits that are equal are one version."""
    assert made(card, train).equals(sample)


def tabled(**columns: Any) -> Card:
    """A card of a user's own table with some columns more."""
    return small.card({"kind": "table", "format": "csv"}, dict(small.COLUMNS) | columns)


@pytest.mark.parametrize("users", [SHARED, SHARED - 1])
def test_a_text_that_few_share_is_made_up(users: int) -> None:
    """A name, a place, an address: it may tell who somebody is."""
    card = tabled(place={"type": "string"})
    each = users + 1
    table = pa.table(
        {
            "time": pa.array(np.arange(each) * 10**6, pa.timestamp("us")),
            "user": [f"user {one}" for one in range(each)],
            "score": np.random.default_rng(0).random(each),
            "place": ["here"] * users + ["nowhere else"],
        }
    )
    found = set(made(card, table)["place"].to_pylist())
    assert ("here" in found) == (users >= SHARED)
    assert "nowhere else" not in found
    assert any(str(one).startswith("made-up") for one in found)


def test_bounds_of_the_card_hold_for_what_is_made_up() -> None:
    """Its ids too, where the card leaves no room for one that nobody has."""
    number = {"type": "integer", "min": 0, "max": 9}
    card = tabled(
        user=number | {"role": "unit"}, score={"type": "number", "min": 0, "max": 1, "null_share": 1}
    )
    time = pa.array(np.arange(40) * 10**6, pa.timestamp("us"))
    nothing = pa.nulls(40, pa.float64())
    found = made(card, pa.table({"time": time, "user": np.arange(40) % 10, "score": nothing}))
    assert set(found["user"].to_pylist()) <= set(range(10))
    assert all(one is None or 0 <= one <= 1 for one in found["score"].to_pylist())


@pytest.mark.parametrize("kind", ["logistic", "boosting"])
def test_a_library_that_does_anything_otherwise_is_noticed(card: Card, kind: str) -> None:
    """By the scores of the sample, whichever way of a value to its score it is."""
    rows = impressions(8000)
    system, requests = load_system("ad_click", ROOT), rows.drop_columns(["clicked"])
    state = system.fit_features(card, requests)
    inputs, at = system.transform(card, requests, state), np.arange(len(rows))
    known = Labelled(inputs, rows["clicked"].to_numpy(), at, at)
    model = predictor(kind).fit(known, known, {"rounds": 20} if kind == "boosting" else {"c": 0.3}, seed=0)
    asked = system.transform(card, made(card, requests), state)
    kept, tolerance = model.scores(asked), models.kind(kind).tolerance

    def noticed(changed: Inputs) -> bool:
        return float(differences(model.scores(changed), kept).max()) > tolerance

    def numeric(of: NDArray[np.float32]) -> Inputs:
        return replace(asked, numeric=of.astype(np.float32))

    def codes(name: str, of: Callable[[NDArray[np.int32]], NDArray[np.int32]]) -> Inputs:
        fields = (replace(one, values=of(one.values)) if one.name == name else one for one in asked.fields)
        return replace(asked, fields=tuple(fields))

    assert not noticed(asked)
    assert noticed(numeric(np.nan_to_num(asked.numeric, nan=0.0)))
    assert noticed(numeric(asked.numeric * 1.5))
    assert noticed(codes("ad_id", np.zeros_like))
    assert noticed(codes("ad_id", lambda one: np.where(one == 0, 7, one)))
    assert noticed(codes("ad_id", lambda one: np.where(one > 1, one - 1, one)))
