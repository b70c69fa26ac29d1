"""What is told of rows that are equal, before anything is written."""

from pathlib import Path

import numpy as np
import pytest

from slipway.base.errors import SlipwayError
from slipway.starter.choices import Choices
from slipway.starter.render import Plan
from slipway.starter.summary import COPIES_ARE_UNITS, ROWS_ARE_UNITS, lines
from slipway.starter.trial import Alike
from tests.slipway.data.copied import Rows, copied, few, rich
from tests.slipway.starter.profiles import column
from tests.slipway.starter.tables import write
from tests.slipway.starter.test_summary import planned
from tests.slipway.starter.test_trial import tried

TIMED, UNTIMED = Choices("y", time="day"), Choices("y")


def lines_of(rows: Rows, choices: Choices = UNTIMED) -> list[str]:
    """A CSV, with a day for each row where rows have a time, forty to a day."""
    if choices.time:
        days = np.datetime64("2026-01-01") + np.arange(len(rows["y"])) // 40
        rows = {choices.time: days.astype(str)} | rows
    body = zip(*(values.tolist() for values in rows.values()), strict=True)
    return [",".join(rows), *(",".join(map(str, row)) for row in body)]


def tenfold(different: int, times: int = 10) -> Rows:
    """Measurements, each so many times, in any order."""
    random = np.random.default_rng(0)
    return copied(random, rich(random, different), np.tile(np.arange(different), times - 1))


def test_copies_without_a_time_are_counted(tmp_path: Path) -> None:
    """One part has all of a row; nothing is refused."""
    found = tried(write(tmp_path / "t.csv", lines_of(tenfold(320))), UNTIMED)
    assert found.alike == Alike(rows=3200, different=320, copies=2880)


def test_few_copies_in_time_are_counted(tmp_path: Path) -> None:
    """They are left out, and the parts are smaller by them."""
    random = np.random.default_rng(0)
    rows = copied(random, rich(random, 2000), np.arange(100))
    found = tried(write(tmp_path / "t.csv", lines_of(rows, TIMED)), TIMED)

    assert (found.alike.copies, found.alike.refused) == (100, None)
    assert 2100 - 100 < sum(part.rows for part in found.parts.values()) < 2100


def test_many_copies_in_time_are_what_a_run_refuses(tmp_path: Path) -> None:
    """By the same check."""
    random = np.random.default_rng(0)
    rows = copied(random, rich(random, 2000), np.arange(600))
    refused = tried(write(tmp_path / "t.csv", lines_of(rows, TIMED)), TIMED).alike.refused

    assert refused is not None
    assert refused.startswith("parts.copies.")
    assert "(allowed: at most 0.1 of the rows (data.max_copies)" in refused


@pytest.mark.gate("split.copies")
def test_parts_of_copies_alone_are_no_parts(tmp_path: Path) -> None:
    """Nothing is left to judge by."""
    path = write(tmp_path / "t.csv", lines_of(tenfold(320), TIMED))
    with pytest.raises(SlipwayError, match=r"rows of the validation part are copies .* 2 are left") as caught:
        tried(path, TIMED)
    assert str(caught.value).startswith(f"{path}: ")


def test_few_units_that_copies_make_are_named_as_such(tmp_path: Path) -> None:
    """There is no column to name in their place."""
    path = write(tmp_path / "t.csv", lines_of(tenfold(100, 20)))
    with pytest.raises(SlipwayError, match=r"the holdout part would have .* rows that are copies of 2[01];"):
        tried(path, UNTIMED)


@pytest.mark.parametrize("choices", [TIMED, UNTIMED])
def test_few_different_rows_are_no_copies(tmp_path: Path, choices: Choices) -> None:
    """Of three categories with labels of their own."""
    found = tried(write(tmp_path / "t.csv", lines_of(few(np.random.default_rng(0), 2000), choices)), choices)

    assert found.alike.different == 60
    assert (found.alike.copies, found.alike.refused) == (0, None)


def told(alike: Alike) -> list[str]:
    """What is printed of a table without a time."""
    plan: Plan = planned(column("x", "number"))
    return [*lines(Plan(**vars(plan) | {"alike": alike}))]


def test_copies_are_told() -> None:
    """With what becomes of them, and that a row has its copies for a unit."""
    said = told(Alike(3200, 320, 2880, "parts.copies.holdout: found (allowed: less)"))
    assert (
        "review: 2,880 of 3,200 rows are copies of another, equal in all but times and made columns, more "
        "than chance makes: they count as one, and one part has them all" in said
    )
    assert "review: a run will be refused: parts.copies.holdout: found (allowed: less)" in said
    assert COPIES_ARE_UNITS in said
    assert ROWS_ARE_UNITS not in said


@pytest.mark.parametrize(("different", "count"), [(60, 1), (999, 1), (1000, 0), (2000, 0)])
def test_few_different_rows_are_told(different: int, count: int) -> None:
    """Where fewer than half differ; each counts all the same."""
    said = told(Alike(2000, different))
    assert (
        len([line for line in said if line.startswith(f"few different rows: {different:,} among 2,000")])
        == count
    )
    assert ROWS_ARE_UNITS in said
