"""docs/tables.md, held against what is done with values."""

import re
from pathlib import Path

import pytest

from slipway.starter.choices import Choices
from slipway.starter.codes import CODES, REPEATED, Named, is_category
from slipway.starter.design import design
from slipway.starter.dress import FEW
from slipway.starter.texts import MARKS
from tests.slipway.root import REPOSITORY
from tests.slipway.starter.profiles import column
from tests.slipway.starter.reading import look
from tests.slipway.starter.tables import write

TEXT = (
    (REPOSITORY / "docs" / "tables.md").read_text(encoding="utf-8").split("## Values\n")[1].split("\n## ")[0]
)
KINDS = {"whole numbers": "integer", "numbers": "number", "text": "string", "times": "timestamp"}


def cases(head: str) -> list[tuple[list[str], str]]:
    """The rows of a table: the values of the first cell, and the second."""
    body = TEXT.split(f"| {head} |")[1].split("|---|---|\n")[1].split("\n\n")[0]
    rows = [re.fullmatch(r"\| (.+) \| (.+) \|", line) for line in body.strip().split("\n")]
    return [(re.findall(r"`([^`]+)`", row[1]), row[2]) for row in rows if row]


@pytest.mark.parametrize(("values", "kind"), cases("values | are taken for"))
def test_values_are_taken_for_what_is_said(tmp_path: Path, values: list[str], kind: str) -> None:
    """By the profile."""
    path = write(tmp_path / "t.csv", ["a,b", *(f"{value},x" for value in values)])
    assert look(path).column("a").kind == KINDS[kind]


@pytest.mark.parametrize(("values", "said"), cases("values such as | said"))
def test_what_stands_about_numbers_is_told(tmp_path: Path, values: list[str], said: str) -> None:
    """Of as many as make no category."""
    (value,) = values
    others = [re.sub("[0-9]+", str(row), value, count=1) for row in range(10, 15 + FEW)]
    path = write(
        tmp_path / "t.tsv", ["a\ty", *(f"{one}\t{row % 2}" for row, one in enumerate([value, *others]))]
    )
    assert [(one.name, one.why) for one in design(look(path), Choices("y")).left] == [("a", said)]


@pytest.mark.parametrize(("values", "read"), cases("written | read as"))
def test_times_are_read_as_is_said(tmp_path: Path, values: list[str], read: str) -> None:
    """Without a word of the user."""
    path = write(tmp_path / "t.csv", ["at,b", *(f"{value},x" for value in values)])
    found = look(path, "at")
    assert found.source.time_format == (None if read == "ISO 8601" else read.strip("`"))
    assert found.span is not None


def test_the_numbers_and_names_are_the_program_s() -> None:
    """Of categories and of marks."""
    assert f"up to {FEW} different values with a unit" in TEXT
    assert f"up to {CODES:,} values\nthat come back {REPEATED} times on average" in TEXT
    named = re.search(r"by its name \((.+)\)", TEXT)
    assert named
    for name in re.findall(r"`(\w+)`", named[1]):
        assert is_category(Named(name, column(name, "integer", 5000), 10_000))
    marks = re.search(r"Texts such as (.+)\nare missing", TEXT)
    assert marks
    assert set(re.findall(r"`(.+?)`", marks[1])) <= set(MARKS)
