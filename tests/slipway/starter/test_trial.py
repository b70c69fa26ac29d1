"""A card tried on its table before it is written."""

from collections.abc import Callable
from pathlib import Path

import pytest

from slipway.base.errors import Refused, SlipwayError
from slipway.settings import Card
from slipway.starter.choices import Choices
from slipway.starter.design import design
from slipway.starter.profile import profile
from slipway.starter.render import Plan, card_text
from slipway.starter.sizes import PROVISIONAL, split_shares
from slipway.starter.source import describe
from slipway.starter.trial import FOLLOWS, LEAK, Trial, attempt, ingested
from slipway.tasks.binary import Binary
from tests.slipway.starter.reading import card_of
from tests.slipway.starter.tables import churn, write


def tried(path: Path, choices: Choices, limit: int | None = None) -> Trial:
    """What becomes of the table at a path."""
    folder = path.with_suffix(".work")
    folder.mkdir()
    found = profile(describe(path, None), path, folder, choices.time)
    shares = split_shares(found.rows)
    plan = Plan("t", found.source, found, design(found, choices), shares, PROVISIONAL, choices.delay)
    card: Card = card_of(card_text(plan))
    return attempt(card, path, ingested(card, found.source, path, limit, folder))


def test_parts_and_leaks_are_found(tmp_path: Path) -> None:
    """The end of a contract is known only once it has ended; ids and honest columns tell less."""
    found = tried(write(tmp_path / "t.csv", churn()), Choices("churned", time="signed up"))

    assert [part.rows for part in found.parts.values()] == pytest.approx([675, 150, 300, 375], abs=20)
    assert found.unfit == {"ended": LEAK}


def test_parts_have_only_what_was_known(tmp_path: Path) -> None:
    """Nine months of customers, five or six a day, whose answer takes five days."""
    found = tried(write(tmp_path / "t.csv", churn()), Choices("churned", time="signed up", delay=120))

    assert [part.rows for part in found.parts.values()] == pytest.approx([645, 120, 270, 375], abs=15)


@pytest.mark.gate("split.span")
def test_rows_that_span_too_little_time_are_refused(tmp_path: Path) -> None:
    """With the name of the file, the delay and what to do."""
    path = write(tmp_path / "t.csv", churn())
    with pytest.raises(Refused, match=r"the validation part spans 2\d days, .* up to 25 days, ") as caught:
        tried(path, Choices("churned", time="signed up", delay=600))
    assert str(caught.value).startswith(f"{path}: the ")


@pytest.mark.parametrize(
    ("time", "unfit"), [("signed up", {"invoice": FOLLOWS, "year": FOLLOWS}), (None, {})]
)
def test_numbers_that_follow_the_time_are_found(
    tmp_path: Path, time: str | None, unfit: dict[str, str]
) -> None:
    """A counter with gaps, a date as a number; where rows are shuffled nothing follows."""
    header, *rows = churn()
    lines = []
    for number, row in enumerate(sorted(rows, key=lambda row: row.split(",")[1])):
        facts, _, label = row.rsplit(",", 2)
        lines.append(f"{facts},{number // 5 * 3},{2026 + number / 1500:.2f},{label}")
    header = f"{header.rsplit(',', 2)[0]},invoice,year,churned"
    assert tried(write(tmp_path / "t.csv", [header, *lines]), Choices("churned", time=time)).unfit == unfit


@pytest.mark.parametrize("name", ["y", "middle", "V", "file_row_number", "place"])
@pytest.mark.parametrize("word", ["", "no number "])
def test_a_column_may_be_called_as_a_query_calls_its_own(tmp_path: Path, name: str, word: str) -> None:
    """Neither is the leak beside it overseen, nor a counter."""
    label = [row * 7919 % 3 // 2 for row in range(1200)]
    rows = [
        f"2026-01-{1 + row // 45:02d},{word}{row * 7 % 11},{row * 3},{label[row] + 5},{label[row]}"
        for row in range(1200)
    ]
    found = tried(
        write(tmp_path / "t.csv", [f"day,{name},count,leak,gone", *rows]), Choices("gone", time="day")
    )
    assert found.unfit == {"count": FOLLOWS, "leak": LEAK}


def test_what_duckdb_cannot_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the name of the file."""
    monkeypatch.setattr(Binary, "leak_query", lambda *_: "SELECT\nnothing FROM {batch}")
    path = write(tmp_path / "t.csv", churn())
    with pytest.raises(SlipwayError) as caught:
        tried(path, Choices("churned", time="signed up"))
    assert str(caught.value).startswith(f"{path}: Binder Error: Referenced column")
    assert "\n" not in str(caught.value)


def test_the_newest_rows_alone_are_tried_where_they_are_asked_for(tmp_path: Path) -> None:
    """As the small size has them."""
    found = tried(write(tmp_path / "t.csv", churn()), Choices("churned"), limit=1100)
    assert sum(part.rows for part in found.parts.values()) == 1100


def test_a_table_that_is_sorted_by_its_label_does_without_a_time(tmp_path: Path) -> None:
    """Shuffled, both labels are in every part; the number of a row, which tells the label, is no input."""
    header, *rows = churn()
    by_label = sorted(rows, key=lambda row: row.endswith("yes"))
    found = tried(write(tmp_path / "t.csv", [header, *by_label]), Choices("churned"))

    assert min(part.positives for part in found.parts.values()) > 10
    assert found.unfit == {"ended": LEAK}


@pytest.mark.parametrize(
    ("day", "who", "label", "said"),
    [
        (
            45,
            1,
            lambda row: row < 400,
            ": the validation part would have 135 rows, base rate 0; expected at least 100 rows, and of",
        ),
        (600, 1, lambda row: row % 3 == 0, ": column 'day': 1200 rows at 2 times cannot be cut into 4 parts"),
        (
            45,
            29,
            lambda row: row % 3 == 0,
            ": column 'who': the holdout part would have 29 units, expected at",
        ),
    ],
    ids=["one label in a part", "two times", "few units"],
)
def test_parts_that_decide_nothing_are_told(
    tmp_path: Path, day: int, who: int, label: Callable[[int], bool], said: str
) -> None:
    """Before anything is written, with the names of file and column.

    Args:
        day: rows of one.
        who: units; 1 stands for no such column.
    """
    lines = [
        f"2026-01-{1 + row // day:02d},{row % who},{'yes' if label(row) else 'no'}" for row in range(1200)
    ]
    path = write(tmp_path / "t.csv", ["day,who,y", *lines])
    with pytest.raises(SlipwayError) as caught:
        tried(path, Choices("y", time="day", unit=None if who == 1 else "who"))
    assert str(caught.value).startswith(f"{path}{said}")
