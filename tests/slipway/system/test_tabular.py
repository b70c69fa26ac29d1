"""Columns to model inputs, as a card lists them."""

import hashlib
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from slipway.base.errors import SlipwayError
from slipway.settings import Card, load_card
from slipway.system import System, load_system, tabular
from tests.slipway.root import ROOT
from tests.slipway.tiny import impressions


@pytest.fixture(scope="module")
def card() -> Card:
    """The card of ad_click."""
    return load_card(ROOT, "ad_click")


def changed(card: Card, **features: Any) -> Card:
    """The card with other features."""
    return card.model_copy(update={"features": card.features.model_copy(update=features)})


def counted(rows: int) -> pa.Table:
    """Impressions without chance: each column counts in steps of its own."""
    number = np.arange(rows)
    words = {"placement": ["top", "feed", "footer"], "device": ["phone", "desktop"]}
    columns: dict[str, Any] = {name: np.array(few)[number % len(few)] for name, few in words.items()}
    for step, name in enumerate(impressions(4).column_names, start=3):
        columns.setdefault(name, number * step % (7 * step))
    columns |= {
        "price": pa.array(number / 4, mask=number % 5 == 0),
        "time": pa.array(number, pa.timestamp("us")),
    }
    return pa.table(columns)


def test_the_bytes_are_the_same_everywhere(card: Card) -> None:
    """A version serves as it learned; sines and logarithms are left out, for their last bit may differ."""
    without = changed(card, time_of_day=False)
    state = tabular.fit(without, counted(500))
    inputs = tabular.transform(without, counted(700), state)
    plain = [place for place, name in enumerate(inputs.numeric_names) if not name.endswith(".frequency")]
    fields = np.stack([field.values for field in inputs.fields], axis=1)
    hashed = tabular.transform(changed(without, hash_bits=2), counted(700), state)
    buckets = np.stack([field.values for field in hashed.fields], axis=1)
    parts = (fields, buckets, inputs.numeric[:, plain])
    digests = [hashlib.sha256(np.ascontiguousarray(part).tobytes()).hexdigest()[:16] for part in parts]

    assert digests == ["b62459dcb3253234", "045a821c5d4d4127", "22567e48f5771fc1"]


def test_the_example_has_these_and_no_other(card: Card) -> None:
    """Its own file adds nothing."""
    rows, system = impressions(), load_system("ad_click", ROOT)
    state = system.fit_features(card, rows)
    mine, theirs = tabular.transform(card, rows, state), system.transform(card, rows, state)
    assert mine.numeric_names == theirs.numeric_names
    np.testing.assert_array_equal(mine.numeric, theirs.numeric)
    for one, same in zip(mine.fields, theirs.fields, strict=True):
        np.testing.assert_array_equal(one.values, same.values)


@pytest.mark.parametrize("told", [True, False])
def test_the_time_of_day_can_be_left_out(card: Card, told: bool) -> None:
    """Where rows are shuffled it is no time of any day."""
    one = changed(card, time_of_day=told)
    inputs = tabular.transform(one, impressions(), tabular.fit(one, impressions()))
    assert ({"time.sin", "time.cos"} <= set(inputs.numeric_names)) is told


def test_numbers_of_a_system_s_own_come_last(card: Card) -> None:
    """By their names, so that what was before them stays where it was."""
    rows = impressions(40)
    state = tabular.fit(card, rows)
    own = np.arange(40, dtype=np.float32)
    before, after = (tabular.transform(card, rows, state, more) for more in (None, {"own": own}))
    assert after.numeric_names == (*before.numeric_names, "own")
    np.testing.assert_array_equal(after.numeric[:, -1], own)
    np.testing.assert_array_equal(after.numeric[:, :-1], before.numeric)


def test_a_card_without_categories_has_numbers_alone(card: Card) -> None:
    """And nothing that could be unseen."""
    one = changed(card, categorical=[], crosses=[])
    inputs = tabular.transform(one, impressions(8), tabular.fit(one, impressions(8)))
    assert inputs.fields == ()
    assert not inputs.unseen.any()


def genres(card: Card, texts: list[str | None]) -> tuple[Card, pa.Table]:
    """The card and rows of it, with a text whose parts are values in place of the device."""
    device = card.data.columns["device"].model_copy(update={"values": None, "separator": "|"})
    data = card.data.model_copy(update={"columns": card.data.columns | {"device": device}})
    rows = (
        impressions(len(texts)).drop_columns(["device"]).append_column("device", pa.array(texts, pa.string()))
    )
    return changed(card.model_copy(update={"data": data}), categorical=["device"], crosses=[]), rows


def test_a_text_of_many_values_is_a_field_of_many(card: Card) -> None:
    """A missing text, an empty one and an empty part have none; equal parts are equal wherever they stand."""
    one, rows = genres(card, ["war|drama", "drama", None, "", "drama||war", "Drama"])
    inputs = tabular.transform(one, rows, tabular.fit(one, rows))
    (field,) = inputs.fields
    war, drama = field.of(0)

    assert [field.of(row).tolist() for row in range(5)] == [[war, drama], [drama], [], [], [drama, war]]
    assert field.of(5).tolist() not in ([war], [drama])
    assert field.cardinality == 4
    assert not inputs.unseen.any()
    assert "device.frequency" not in inputs.numeric_names


def test_one_part_that_is_new_is_told(card: Card) -> None:
    """It has the value 0, as every other that training has not seen."""
    one, rows = genres(card, ["war|drama", "drama", None, "war"])
    state = tabular.fit(one, rows)
    _, later = genres(card, ["drama", "war|romance", None, "|"])
    inputs = tabular.transform(one, later, state)

    assert inputs.unseen.tolist() == [False, True, False, False]
    assert inputs.fields[0].of(1)[1] == 0


def test_a_category_is_exact_up_to_the_card_s_buckets_and_hashed_beyond(card: Card) -> None:
    """What is exact keeps one value for all that is new; what is hashed has no room for that."""
    rows = counted(700)
    for bits in (2, 10):
        one = changed(card, categorical=["user_id"], crosses=[["user_id", "user_id"]], hash_bits=bits)
        few = tabular.transform(one, rows, tabular.fit(one, rows)).fields
        distinct = len(np.unique(rows["user_id"]))
        assert distinct > 4
        for field in few:
            assert field.cardinality == (4 if bits == 2 else distinct + 1)
            assert field.values.min() >= (bits == 10)
            assert field.values.max() < field.cardinality


class NoGenerator(System):
    """A system of a user's own table."""

    def expectations(self, card: Card) -> list[Any]:
        """None."""
        return []

    def fit_features(self, card: Card, train: Any) -> Any:
        """As the card says."""
        return tabular.fit(card, train)

    def transform(self, card: Card, requests: Any, state: Any) -> Any:
        """As the card says."""
        return tabular.transform(card, requests, state)


def test_a_system_without_a_generator_says_so(tmp_path: Any) -> None:
    """One line, for a card that asks for one."""
    with pytest.raises(SlipwayError, match=r"no generator, data\.source\.kind should be 'table'"):
        NoGenerator().generate(10, 0, tmp_path)
