"""Rows that a card allows."""

import pyarrow.parquet as pq
import pytest

from slipway.data.check import check_rows, require
from slipway.settings import Card, load_card
from slipway.starter.rows import rows_of
from tests.slipway.root import ROOT


@pytest.fixture(scope="module")
def card() -> Card:
    """The card of ad_click, whose rows have every role."""
    return load_card(ROOT, "ad_click")


def test_the_card_s_own_checks_pass(card: Card, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Types, bounds, allowed values and missing ones."""
    folder = tmp_path_factory.mktemp("rows")
    rows = rows_of(card, rows=400, seed=3, missing=0.05)
    pq.write_table(rows, folder / "rows.parquet")
    require(check_rows("rows", card.task, [], [folder / "rows.parquet"], folder / "checks"))


def test_a_seed_stands_for_its_rows(card: Card) -> None:
    """The same again, and others of another."""
    assert rows_of(card, 50, seed=1).equals(rows_of(card, 50, seed=1))
    assert not rows_of(card, 50, seed=1).equals(rows_of(card, 50, seed=2))


def test_missing_values_are_where_the_card_allows_them(card: Card) -> None:
    """And nowhere else."""
    rows = rows_of(card, 50, seed=1, missing=1.0)
    assert {name for name in rows.column_names if rows[name].null_count} == {"price"}
