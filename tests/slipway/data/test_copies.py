"""Copies are told apart from rows that are equal by chance."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from slipway.data.copies import NONE, find_copies
from tests.slipway.data.copied import (
    Rows,
    columns_of,
    copied,
    dependent,
    few,
    found,
    nested,
    rich,
    ruled,
    things,
)

HONEST: list[Callable[[np.random.Generator, int], Rows]] = [few, ruled, dependent, nested, things, rich]
SEEDS = 20


@pytest.mark.parametrize("kind", HONEST)
@pytest.mark.parametrize("count", [1000, 4000])
def test_chance_makes_no_copies(
    tmp_path: Path, kind: Callable[[np.random.Generator, int], Rows], count: int
) -> None:
    """Of honest tables, hardly a row in two hundred is taken for a copy by any seed."""
    shares = [
        found(kind(np.random.default_rng(seed), count), tmp_path).copies / count for seed in range(SEEDS)
    ]

    assert max(shares) <= 0.005


@pytest.mark.parametrize("kind", [nested, rich])
@pytest.mark.parametrize(("share", "times"), [(0.3, 1), (1.0, 1), (0.5, 3), (1.0, 9)])
def test_planted_copies_are_found(
    tmp_path: Path, kind: Callable[[np.random.Generator, int], Rows], share: float, times: int
) -> None:
    """By every seed, and nearly all of them; of `nested`, chance makes one row in twelve equal to another."""
    for seed in range(SEEDS):
        random = np.random.default_rng(seed)
        rows = kind(random, 2000) | {"y": random.integers(0, 2, 2000)}
        extra = np.tile(random.choice(2000, int(share * 2000), replace=False), times)

        assert found(copied(random, rows, extra), tmp_path).copies >= 0.8 * len(extra)


def test_the_copies_of_measurements_are_exactly_found(tmp_path: Path) -> None:
    """Down to a single one, with its group."""
    random = np.random.default_rng(0)
    rows = rich(random, 2000)
    result = found({name: np.r_[values, values[7]] for name, values in rows.items()}, tmp_path)

    assert (result.requests, result.different, result.copies) == (2001, 2000, 1)
    assert np.flatnonzero(result.group != NONE).tolist() == [7, 2000]


def test_rare_labels_that_were_copied_to_balance_them(tmp_path: Path) -> None:
    """All copies have one label, so none could differ."""
    random = np.random.default_rng(0)
    rows = rich(random, 3000)
    rows["y"] = (random.random(3000) < 0.05).astype(np.int64)
    positives = np.flatnonzero(rows["y"])
    result = found(copied(random, rows, np.tile(positives, 10)), tmp_path)

    assert result.copies == 10 * len(positives)


def test_few_different_rows_hide_their_copies(tmp_path: Path) -> None:
    """What nobody can see is said not to be seen: chance makes as many of sixty different rows."""
    random = np.random.default_rng(0)
    result = found(copied(random, few(random, 2000), np.arange(2000)), tmp_path)

    assert (result.copies, result.different) == (0, 60)


def test_labels_that_are_numbers(tmp_path: Path) -> None:
    """Drawn for each row they are no copies, however often the rows recur."""
    random = np.random.default_rng(0)
    rows = things(random, 2000) | {"y": np.round(random.normal(size=2000), 6)}
    assert found(rows, tmp_path).copies == 0

    rows = rich(random, 2000) | {"y": np.round(random.normal(size=2000), 6)}
    assert found(copied(random, rows, np.arange(500)), tmp_path).copies == 500


@pytest.mark.parametrize("column", [{"type": "string"}, {"type": "integer", "role": "unit"}])
def test_an_id_that_was_made_anew_hides_no_copy(tmp_path: Path, column: dict[str, str]) -> None:
    """A text or a unit that differs in every row names it; one that repeats is part of what is compared."""
    random = np.random.default_rng(0)
    rows = copied(random, rich(random, 1000), np.arange(300))
    name = "u" if "role" in column else "name"
    made = np.arange(1300)
    for ids, copies in ((made, 300), (made % 650, 0)):
        values = ids if "role" in column else np.array([f"id {one}" for one in ids])
        assert found(rows | {name: values}, tmp_path, **{name: column}).copies == copies


def test_a_request_is_compared_with_all_its_options(tmp_path: Path) -> None:
    """In any order, under another number; not where two options have changed a value with each other."""
    random = np.random.default_rng(0)
    rows = rich(random, 900) | {"r": np.arange(900) // 3}
    swapped, turned = (
        {name: values[:3].copy() for name, values in rows.items()} | {"r": np.full(3, number)}
        for number in (901, 902)
    )
    swapped["a"][:2] = swapped["a"][1::-1]
    turned = {name: values[::-1] for name, values in turned.items()}
    for other, copies in ((swapped, 0), (turned, 1)):
        joined = {name: np.r_[values, other[name]] for name, values in rows.items()}
        result = found(joined, tmp_path, r={"type": "integer", "role": "request"})
        assert (result.requests, result.copies) == (301, copies)
        assert np.flatnonzero(result.group != NONE).tolist() == [0, 1, 2, 900, 901, 902][: 6 * copies]


def test_files_are_one_table(tmp_path: Path) -> None:
    """Wherever they are cut."""
    random = np.random.default_rng(0)
    rows = copied(random, rich(random, 500), np.arange(100))
    table, columns = pa.table(rows), columns_of(rows)
    whole, *parts = (tmp_path / name for name in "abc")
    pq.write_table(table, whole)
    for path, piece in zip(parts, (table.slice(0, 77), table.slice(77)), strict=True):
        pq.write_table(piece, path)

    one, two = find_copies([whole], columns), find_copies(parts, columns)
    assert (one.copies, two.copies) == (100, 100)
    assert np.array_equal(one.group, two.group)


@pytest.mark.parametrize("count", [0, 1])
def test_hardly_any_rows(tmp_path: Path, count: int) -> None:
    """Nothing to compare with."""
    result = found({"a": np.zeros(count), "y": np.zeros(count)}, tmp_path)
    assert (result.requests, result.different, result.copies) == (count, count, 0)


@pytest.mark.parametrize("inputs", [[], ["a"]])
def test_hardly_any_columns(tmp_path: Path, inputs: list[str]) -> None:
    """Rows of which nothing is known, or always the same, are equal by chance."""
    rows = {"y": np.arange(100) % 2, **{name: np.ones(100) for name in inputs}}
    assert found(rows, tmp_path).copies == 0
