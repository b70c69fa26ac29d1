"""Tables as people have them, by the command that makes a system of one."""

from pathlib import Path

import pytest

from slipway.base.errors import SlipwayError
from slipway.settings.root import Project
from slipway.starter.choices import Choices
from slipway.starter.design import design
from slipway.starter.profile import profile
from slipway.starter.source import describe
from slipway.starter.start import Asked, new_system
from tests.slipway.cli.conftest import slipway
from tests.slipway.starter.reading import look
from tests.slipway.starter.tables import blank, churn, listing, write

CHURN = Choices("churned", time="signed up")
NOTHING = "no file written, project.yaml as it was"


def said(tmp_path: Path, table: Path, delimiter: str | None = None) -> str:
    """The line by which it is refused; nothing is written."""
    root = blank(tmp_path / "a project")
    before = listing(root)
    with pytest.raises(SlipwayError) as caught:
        new_system(Project(root), Asked("churn", table, CHURN, delimiter=delimiter), print)
    assert listing(root) == before
    return str(caught.value)


def test_a_table_of_another_country_and_two_editors(tmp_path: Path) -> None:
    """Semicolons, a byte order mark, two kinds of line ending; and folders above it that look like keys."""
    plain = churn(1500)
    semicolons = [line.replace(",", ";") for line in plain]
    table = tmp_path / "from" / "plan=none" / "Customers [2024]*.csv"
    table.parent.mkdir(parents=True)
    ends = ("\n".join(semicolons[:700]) + "\n", "\r\n".join(semicolons[700:]) + "\r\n")
    table.write_bytes("\ufeff".encode() + "".join(ends).encode())
    root = blank(tmp_path / "churned=1" / "plan=none")
    asked = ("--from", str(table), "--label", "churned", "--time", "signed up", "--delimiter", ";")
    done = slipway(root, "new-system", "churn", *asked)
    assert done.returncode == 0, done.stderr

    data = Project(root).card("churn").data
    assert data.source.delimiter == ";"  # type: ignore[union-attr]
    assert data.columns["plan"].values == ["basic", "plus", "pro"]
    assert "1,500 rows, label churned; 'yes' counts as 1" in done.stdout


@pytest.mark.gate(
    "new_system.delimiter",
    fed="a table that semicolons separate",
    stops="new-system",
    exit=1,
    reason="line 1 is separated by ';': say --delimiter ';'",
    untouched=NOTHING,
)
def test_another_separator_is_proposed(tmp_path: Path) -> None:
    """It is not taken without a word: commas may then stand in numbers, which are refused."""
    lines = [line.replace(",", ";") for line in churn(20)]
    header = lines[0].replace("Plan", "Plan, in words")
    line = said(tmp_path, write(tmp_path / "t.csv", [header, *lines[1:]]))

    assert (
        "t.csv: line 1 is separated by ';': say --delimiter ';', or --delimiter ',' if that is meant" in line
    )
    assert line.endswith("; numbers are read as 1234.56 only")


@pytest.mark.gate("new_system.delimiter")
def test_a_separator_of_two_characters_is_named(tmp_path: Path) -> None:
    """As older tables have it; nothing here reads one."""
    table = write(tmp_path / "t.dat", ["user::item::churned", *(f"{row}::7::{row % 2}" for row in range(20))])

    assert "t.dat: line 1 is separated by '::', expected one character; write a tab" in said(tmp_path, table)


@pytest.mark.gate(
    "new_system.header",
    fed="a title above the header, as spreadsheets write it",
    stops="new-system",
    exit=1,
    reason="line 1 names 1 of 9 columns",
    untouched=NOTHING,
)
def test_a_title_is_no_header(tmp_path: Path) -> None:
    """With the commas of its empty cells."""
    table = write(tmp_path / "t.csv", ["Customers of 2026,,,,,,,,", *churn(20)])
    assert "line 1 names 1 of 9 columns; where it is a title, take away what" in said(tmp_path, table)


@pytest.mark.parametrize(
    ("above", "below", "line"),
    [
        (
            ["Customers of 2026", ""],
            [],
            "line 3: 9 cells, expected 1 as in line 1, 'Customers of 2026'; where",
        ),
        (["sep=,"], [], "line 1 tells Excel that ',' separates; take the line away and say --delimiter ','"),
        (
            [],
            ["Total: 20"],
            "line 22: 1 cell, expected 9: nothing for 'signed up'; write the row whole, or take",
        ),
    ],
)
def test_what_stands_about_a_table_is_told(
    tmp_path: Path, above: list[str], below: list[str], line: str
) -> None:
    """With its line."""
    assert f"t.csv: {line}" in said(tmp_path, write(tmp_path / "t.csv", [*above, *churn(20), *below]))


def test_a_parquet_file_has_no_delimiter(tmp_path: Path) -> None:
    """Whatever it is called."""
    (tmp_path / "t.csv").write_bytes(b"PAR1")
    assert "t.csv: a Parquet file, which has no --delimiter" in said(tmp_path, tmp_path / "t.csv", ";")


def test_a_decimal_comma_is_told(tmp_path: Path) -> None:
    """Such a column is no category of a thousand words."""
    rows = [f"{row % 2};{row % 97},{row % 10};{row % 7}" for row in range(400)]
    table = write(tmp_path / "t.csv", ["left;Spend in EUR;calls", *rows])
    (tmp_path / "work").mkdir()
    found = profile(describe(table, None, ";"), table, tmp_path / "work", None, "left")

    assert {one.name: one.why for one in design(found, Choices("left")).left} == {
        "spend_in_eur": "holds numbers as text, such as '1,1'; write them as 1234.56"
    }


@pytest.mark.parametrize("row", [1, 3000])
@pytest.mark.parametrize("header", ["a,b", '\ufeff"a",b'], ids=["by DuckDB", "here"])
def test_spaces_are_seen_wherever_they_stand(tmp_path: Path, row: int, header: str) -> None:
    """In the first row or far beyond what a first look would show."""
    cells = [
        "some words that make a row of eighty characters, of which 3000 are no first look"
        for _ in range(3001)
    ]
    cells[row] = " padded"
    table = write(
        tmp_path / "t.csv", [header, *(f'{place % 2},"{cell}"' for place, cell in enumerate(cells))]
    )

    assert describe(table, None).trim
    assert look(table).column("b").distinct == 2


def test_a_key_that_the_files_have_too_is_told(tmp_path: Path) -> None:
    """Which of the two is read."""
    for label in ("0", "1"):
        write(tmp_path / "t" / f"label={label}" / "p.csv", ["x,label", "1,0"])
    told: list[str] = []
    describe(tmp_path / "t", None, tell=told.append)

    assert told == [
        "'label' is a column of the files, which is read, and in the names of folders, which is not"
    ]


def test_endings_are_of_either_case(tmp_path: Path) -> None:
    """As cameras and older systems write them."""
    write(tmp_path / "t" / "A.CSV", ["x,y", "1,2"])
    assert describe(tmp_path / "t", None).format == "csv"
