"""Whole numbers that are ids, told from amounts and counts by the label alone."""

import csv
import gzip
import io

import numpy as np
import pytest
from numpy.typing import NDArray

from slipway.starter import order
from tests.slipway.reference import reference

ROWS = 30_000
SEEDS = range(5)


def disorder(
    numbers: NDArray[np.int64], labels: NDArray[np.float64], units: NDArray[np.int64] | None = None
) -> float | None:
    """By default each row is a unit."""
    return order.disorder(numbers, labels, np.arange(len(numbers)) if units is None else units)


def drawn(random: np.random.Generator, score: NDArray[np.float64]) -> NDArray[np.float64]:
    """Labels of 0 and 1 by their log odds."""
    return (random.random(len(score)) < 1 / (1 + np.exp(-score))).astype(np.float64)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("values", [200, 1682, 5000])
@pytest.mark.parametrize("spread", [1, 137])
def test_an_id_with_effects_has_no_order(seed: int, values: int, spread: int) -> None:
    """However its numbers are given; six rows to a value suffice where the effects are large."""
    random = np.random.default_rng(seed)
    which, effects = random.integers(0, values, ROWS), random.normal(size=values)
    found = disorder(which * spread + 10**6, drawn(random, effects[which]))
    assert found is not None
    assert found > 0.8


@pytest.mark.parametrize("seed", SEEDS)
def test_an_amount_or_a_count_has_one(seed: int) -> None:
    """Straight, with a step, with waves, heaped at round numbers, rarely positive, or of no effect."""
    random = np.random.default_rng(seed)
    paid, calls = random.gamma(2, 2000, ROWS).astype(np.int64), random.poisson(200, ROWS)
    heaped = np.where(random.random(ROWS) < 0.5, paid // 100 * 100, paid)
    tried = {
        "straight": (paid, drawn(random, (paid - 4000) / 1000)),
        "step": (paid, drawn(random, np.where(paid > 3000, 1.5, -1.5))),
        "waves": (paid, drawn(random, 2 * np.sin(paid / 300))),
        "heaped": (heaped, drawn(random, (paid - 4000) / 1000)),
        "count": (calls, random.normal(calls, 10)),
        "rare": (calls, drawn(random, np.full(ROWS, -6.0))),
        "nothing": (paid, random.normal(size=ROWS)),
        "heavy": (paid, random.pareto(1.5, ROWS)),
    }
    assert {name: disorder(*one) for name, one in tried.items()} == dict.fromkeys(tried)


def test_what_a_unit_has_of_its_own_is_no_id_by_the_unit_s_labels() -> None:
    """The income of each customer, or rows that are copies; the same rows as units of their own would be."""
    random = np.random.default_rng(0)
    who = random.integers(0, 600, ROWS)
    income, effects = random.permutation(9000)[:600], random.normal(size=600)
    labels = drawn(random, effects[who])
    assert disorder(income[who], labels) is not None
    assert disorder(income[who], labels, who) is None


def test_an_id_that_units_have_in_common_is_one() -> None:
    """Films that many people rate, some of them twice."""
    random = np.random.default_rng(0)
    who, film = random.integers(0, 300, ROWS), random.integers(0, 200, ROWS)
    labels = drawn(random, random.normal(size=200)[film] + random.normal(size=300)[who])
    assert disorder(film, labels, who) == pytest.approx(1, abs=0.3)


def test_an_id_that_is_given_in_the_label_s_order_is_as_good_as_an_amount() -> None:
    """Its order tells all that it tells."""
    random = np.random.default_rng(0)
    which, effects = random.integers(0, 1682, ROWS), np.sort(random.normal(size=1682))
    assert disorder(which, drawn(random, effects[which])) is None


@pytest.mark.parametrize("values", [1, 2, 3, 20_000])
def test_few_values_or_few_rows_of_each_show_nothing(values: int) -> None:
    """Three values, or less than two rows to one."""
    random = np.random.default_rng(0)
    which = random.integers(0, values, ROWS)
    assert disorder(which, random.normal(size=values)[which]) is None


def test_a_label_that_the_value_tells_whole_has_no_noise() -> None:
    """And neighbours that differ all the same."""
    which = np.arange(ROWS) % 500
    assert disorder(which, (which * 7919 % 500).astype(np.float64)) == pytest.approx(1, abs=0.2)
    assert disorder(which, np.zeros(ROWS)) is None


@pytest.mark.long
def test_films_and_their_viewers_are_ids() -> None:
    """100,000 ratings of MovieLens."""
    with gzip.open(reference("movielens-latest-small/ratings.csv.gz")) as file:
        rows = list(csv.DictReader(io.TextIOWrapper(file)))
    rating = np.array([float(row["rating"]) for row in rows])
    found = [disorder(np.array([int(row[name]) for row in rows]), rating) for name in ("userId", "movieId")]
    assert None not in found
