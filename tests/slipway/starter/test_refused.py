"""What new-system refuses: one line, and every file as it was."""

from pathlib import Path

import pytest

from slipway.base.errors import SlipwayError, UsageError
from slipway.settings.root import Project
from slipway.starter.choices import Choices
from slipway.starter.start import Asked, new_system
from tests.slipway.cli.conftest import only_line, slipway
from tests.slipway.starter.tables import blank, churn, listing, write

CHURN = Choices("churned", time="signed up")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Customers, outside of every project."""
    return write(tmp_path_factory.mktemp("from") / "Customers.csv", churn())


def refused(root: Path, table: Path, choices: Choices = CHURN) -> str:
    """The line that names what is wrong; the project at `root` stays as it was."""
    before = listing(root)
    with pytest.raises(SlipwayError) as caught:
        new_system(Project(root), Asked("churn", table, choices), print)
    assert listing(root) == before
    assert "\n" not in str(caught.value)
    return str(caught.value)


FIT = {
    "fed": "a name that is taken or none, a file that is not there, a column that the table does not have, a "
    "label with one value, a word that is no format of times, fewer rows than can decide",
    "stops": "new-system",
    "exit": 2,
    "reason": "what was found and what is expected, in one line",
    "untouched": "no file written, project.yaml as it was",
}


@pytest.mark.gate("new_system.fits", **FIT)
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("Churn", "churned"), "'Churn' is no name: expected lower-case letters, digits and _"),
        (("class", "churned"), "'class' is no name"),
        (("none", "churned"), "'none' is no name: expected lower-case letters, digits and _, and no word of"),
        (("on", "churned"), "'on' is no name"),
        (("churn_", "churned"), "'my-project-churn-' names a Bento of 'churn_': it must end in no _"),
        (("dist", "churned"), "'dist' would be lost: a .gitignore leaves systems/dist out of Git"),
        (("taken", "churned"), "'taken' is taken: systems/taken exists"),
        (("tested", "churned"), "'tested' is taken: tests/systems/test_tested.py exists"),
        (
            ("churn", "left"),
            "Customers.csv: --label: no column 'left'; found ['Customer-ID', 'signed up', 'Plan',",
        ),
        (
            ("churn", "Plan", "--task", "binary"),
            "--label: 'Plan' has 3 values, such as ['basic', 'plus', 'pro'], expected two, or --positive",
        ),
        (("churn", "country"), "--label: 'country' has the one value ['NL'], expected two, classes or"),
        (("churn", "churned", "--time", "Plan"), "--time: column 'Plan' holds text, expected times"),
        (("churn", "churned", "--delay", "-1"), "--delay: found -1, expected hours from 0"),
        (("churn", "churned", "--delay", "nan"), "--delay: found nan, expected hours from 0"),
        (("churn", "churned", "--delay", "24"), "--delay: found 24 without --time; rows without a time are"),
        (("churn", "churned", "--positive", "x"), "--positive: found 'x', 'churned' has ['no', 'yes']"),
        (("churn", "churned", "--from", "gone.csv"), "--from: no such file or folder: gone.csv"),
        (
            ("churn", "churned", "--time-format", "epoch_s"),
            "--time-format: found 'epoch_s', expected a strptime format, such as %d/%m/%Y, or one of epoch,",
        ),
        (
            ("churn", "churned", "--delimiter", "||"),
            "--delimiter: found '||', expected one character that no value begins with, such as ; or |",
        ),
        (("a_name_that_is_much_too_long_for_the_tag_of_a_bento_of_ours", "churned"), "at most 63 characters"),
    ],
)
def test_what_does_not_fit_is_refused(
    tmp_path: Path, table: Path, arguments: tuple[str, ...], said: str
) -> None:
    """One line, exit code 2, and every file as it was."""
    root = blank(tmp_path / "a project")
    (root / ".gitignore").write_text("dist/\n.slipway/\n")
    (root / "systems" / "taken").mkdir(parents=True)
    write(root / "systems" / "taken" / "notes.md", ["mine"])
    write(root / "tests/systems/test_tested.py", ["# mine"])
    before = listing(root)
    name, label, *more = arguments
    asked = [
        "new-system",
        name,
        "--label",
        label,
        *(more if "--from" in more else ["--from", str(table), *more]),
    ]
    line = only_line(slipway(root, *asked), 2)

    assert line.startswith("UsageError: new-system: ")
    assert said in line
    assert listing(root) == before


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty, expected rows"),
        (b"a,b\n", "no rows"),
        (b"<html><body>Please sign in</body></html>", "an HTML or XML page, expected delimited text"),
        (b"\x1f\x8b\x08cut off", "not a whole gzip file"),
        (b"PK\x03\x04\x14\x00\x06\x00\xff\xfe", "a zip archive"),
        (b"a,b\n1,2\n3,4,5\n", "line 3"),
        (b"PAR1 and nothing more", "not a readable Parquet file"),
    ],
)
def test_a_file_that_is_no_table_is_told(tmp_path: Path, content: bytes, said: str) -> None:
    """With its path."""
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    line = refused(blank(tmp_path / "a project"), path)
    assert str(path) in line
    assert said in line


@pytest.mark.parametrize(("row", "value"), [(101, "2026-02-30"), (3, "soon")])
def test_a_value_that_is_no_time_is_told(tmp_path: Path, row: int, value: str) -> None:
    """With its row, where most are times."""
    rows = churn()
    cells = rows[row].split(",")
    rows[row] = ",".join([cells[0], value, *cells[2:]])
    path = write(tmp_path / "t.csv", rows)
    line = refused(blank(tmp_path / "a project"), path)
    assert line.startswith(f"{path}: column 'signed up', row {row}: found '{value}', expected a timestamp")


def test_a_table_with_nothing_to_learn_from_is_told(tmp_path: Path) -> None:
    """With what became of each column."""
    rows = [f"id{row},{'yes' if row % 3 else 'no'}" for row in range(1200)]
    line = refused(blank(tmp_path / "a project"), write(tmp_path / "t.csv", ["key,y", *rows]), Choices("y"))
    assert "no column is left to learn from: key differs in almost every row" in line


def test_a_unit_that_tells_the_label_is_told(tmp_path: Path) -> None:
    """It cannot be left out, and no check would let it pass."""
    rows = [f"{row % 7},{row % 100},{'yes' if row % 2 else 'no'}" for row in range(1200)]
    path = write(tmp_path / "t.csv", ["x,who,y", *rows])
    line = refused(blank(tmp_path / "a project"), path, Choices("y", unit="who"))
    assert line == f"{path}: column 'who' alone tells the label; it can have no role"


@pytest.mark.parametrize(
    ("gone", "said"), [(".git", "run `git init` there"), (".dvc", "run `dvc init` there")]
)
def test_a_project_that_keeps_no_versions_is_told(tmp_path: Path, table: Path, gone: str, said: str) -> None:
    """Before the table is read."""
    root = blank(tmp_path / "a project")
    (root / gone).rename(tmp_path / "away")
    with pytest.raises(UsageError, match=said):
        new_system(Project(root), Asked("churn", table, CHURN), print)
    assert not (root / "systems").exists()
