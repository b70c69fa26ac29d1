"""A card tried on its table before it is written."""

from pathlib import Path

import pytest

from slipway.errors import SlipwayError
from slipway.settings import Card
from slipway.starter.answers import Answers
from slipway.starter.design import design
from slipway.starter.profile import profile
from slipway.starter.render import Plan, card_text
from slipway.starter.sizes import PROVISIONAL, split_shares
from slipway.starter.source import describe
from slipway.starter.trial import FOLLOWS, LEAK, Trial, attempt
from tests.starter.reading import card_of
from tests.starter.tables import churn, write


def tried(path: Path, answers: Answers, limit: int | None = None) -> Trial:
    """What becomes of the table at a path."""
    folder = path.with_suffix(".work")
    folder.mkdir()
    found = profile(describe(path, None), path, folder, answers.time)
    plan = Plan("t", found.source, found, design(found, answers), split_shares(found.rows), PROVISIONAL)
    card: Card = card_of(card_text(plan))
    return attempt(card, found.source, path, limit, folder)


def test_parts_and_leaks_are_found(tmp_path: Path) -> None:
    """The end of a contract is known only once it has ended; ids and honest columns tell less."""
    found = tried(write(tmp_path / "t.csv", churn()), Answers("churned", time="signed up"))

    assert [part.rows for part in found.parts.values()] == pytest.approx([675, 150, 300, 375], abs=20)
    assert found.unfit == {"ended": LEAK}


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
    assert tried(write(tmp_path / "t.csv", [header, *lines]), Answers("churned", time=time)).unfit == unfit


def test_the_newest_rows_alone_are_tried_where_they_are_asked_for(tmp_path: Path) -> None:
    """As the small size has them."""
    found = tried(write(tmp_path / "t.csv", churn()), Answers("churned"), limit=1100)
    assert sum(part.rows for part in found.parts.values()) == 1100


def test_a_table_that_is_sorted_by_its_label_does_without_a_time(tmp_path: Path) -> None:
    """Shuffled, both labels are in every part; the number of a row, which tells the label, is no input."""
    header, *rows = churn()
    by_label = sorted(rows, key=lambda row: row.endswith("yes"))
    found = tried(write(tmp_path / "t.csv", [header, *by_label]), Answers("churned"))

    assert min(part.positives for part in found.parts.values()) > 10
    assert found.unfit == {"ended": LEAK}


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            lambda lines: sorted(lines, key=lambda row: row.endswith("yes")),
            "of them with the label 1; expected",
        ),
        (lambda lines: lines, "cannot be cut into 4 parts at distinct times"),
    ],
    ids=["one label in a part", "two times"],
)
def test_parts_that_decide_nothing_are_told(tmp_path: Path, rows: object, said: str) -> None:
    """Before anything is written, with the file's name."""
    lines = [f"{row},{'yes' if row % 3 == 0 else 'no'}" for row in range(1200)]
    ordered = rows(lines)  # type: ignore[operator]
    slow = "cannot" in said
    days = [
        f"2026-01-{1 + (row // 600 if slow else row // 45):02d},{line}" for row, line in enumerate(ordered)
    ]
    with pytest.raises(SlipwayError, match=said):
        tried(write(tmp_path / "t.csv", ["day,x,y", *days]), Answers("y", time="day"))
