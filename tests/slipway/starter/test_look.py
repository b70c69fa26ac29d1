"""A first look at a table: types and words as `new-system` has them, values only of many, one page."""

import random
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from slipway.base.errors import SlipwayError, UsageError
from slipway.cli import look as command
from slipway.starter.look import FEWEST, Asked, Look, look
from slipway.starter.look_page import page
from tests.slipway.report.reading import Reading
from tests.slipway.starter.tables import write

ROWS = 1200


def lines() -> list[str]:
    """People who signed up in a year, of whom ever more leave."""
    drawn = random.Random(3)  # noqa: S311 - a table, not a secret
    made = ["id,when,plan,spend,mail,phone,<b>x,left"]
    for row in range(ROWS):
        day = datetime(2024, 1, 1, tzinfo=UTC).timestamp() + row * 7 * 3600
        plan = drawn.choice(["basic", "plus", "", "<script>1</script>"])
        left = "Yes" if drawn.random() < row / ROWS else "No"
        made.append(
            f"{10**6 + 7 * row},{datetime.fromtimestamp(day, UTC):%Y-%m-%d %H:%M},{plan},"
            f"{drawn.gammavariate(2, 20):.2f},u{row}@example.org,+49 30 {row:07d},rare {row % 400},{left}"
        )
    return made


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CSV."""
    return write(tmp_path_factory.mktemp("look") / "people.csv", lines())


@pytest.fixture(scope="module")
def found(table: Path, tmp_path_factory: pytest.TempPathFactory) -> Look:
    """With label and time."""
    return look(Asked(table, "left", "when"), tmp_path_factory.mktemp("copy"))


def test_kinds_and_words_are_those_of_new_system(found: Look) -> None:
    """By the same reader and the same rules."""
    assert [(one.found.source, one.found.kind) for one in found.columns] == [
        ("id", "integer"),
        ("when", "timestamp"),
        ("plan", "string"),
        ("spend", "number"),
        ("mail", "string"),
        ("phone", "string"),
        ("<b>x", "string"),
        ("left", "string"),
    ]
    said = {one.found.source: one.remark for one in found.columns}
    assert said["id"] == "left out: differs in almost every row, as an id or free text does"
    assert said["plan"] == ""


def test_distributions_are_of_all_rows(found: Look) -> None:
    """Each value is in one span; what lies beyond the ends counts there."""
    shapes = {one.found.source: one.shape for one in found.columns}
    assert [sum(shapes[name].counts) for name in ("id", "when", "spend")] == [ROWS] * 3
    assert shapes["when"].ends == ("2024-01-01 00:00", "2024-12-15 17:00")
    quantiles = dict(shapes["spend"].quantiles)
    assert quantiles["least"] < quantiles["5 %"] < quantiles["median"] < quantiles["greatest"]
    assert sum(count for _, count in shapes["plan"].values) == ROWS - found.columns[2].found.nulls


def test_a_label_is_shown_over_time(found: Look) -> None:
    """As the share of the value that counts as 1, and how many rows that is of."""
    over = found.over_time
    assert over is not None
    assert over.what == "share of 'Yes'"
    assert sum(over.counts) == ROWS
    first, last = over.means[0], over.means[-1]
    assert first is not None
    assert last is not None
    assert first < 0.2
    assert last > 0.8


def test_what_tells_who_somebody_is_is_told_and_not_shown(found: Look) -> None:
    """Nor is any text that only a few rows have."""
    told = {one.found.source: one.personal for one in found.columns if one.personal}
    assert told == {"mail": "e-mail addresses", "phone": "telephone numbers"}
    shown = page(found, "left", "when")
    assert "example.org" not in shown
    assert "+49" not in shown
    assert "rare 1" not in shown
    assert FEWEST > ROWS // 400


def test_the_page_is_text_without_scripts(found: Look) -> None:
    """Names and values that look like markup are text; nothing is loaded."""
    shown = Reading(page(found, "left", "when"))
    assert not {"script", "img", "link"} & set(shown.tags)
    assert "<script>1</script>" in shown.text
    assert "<b>x" in shown.text
    assert {address for address in shown.addresses if not address.startswith("#")} == set()
    assert "nothing was sampled" in shown.text
    assert [value for name, value in shown.attributes if name == "aria-label" and "rows in equal" in value]


def test_other_labels_and_tables(tmp_path: Path) -> None:
    """A number has a mean, classes none; without a time nothing is over time; what is refused is told."""
    plain = look(
        Asked(write(tmp_path / "a.csv", ["a,b", *(f"{n},{n % 7}.5" for n in range(99))]), "b"), tmp_path
    )
    assert plain.over_time is None
    assert "99 rows, expected at least 1,000" in plain.faults[-1]
    assert "expected at least 1,000" in Reading(page(plain, "b", None)).text
    times = pa.array([datetime(2024, 1, 1 + n % 20) for n in range(60)])
    rows = pa.table({"at": times, "y": [float(n) for n in range(60)], "l": [[n] for n in range(60)]})
    pq.write_table(rows, tmp_path / "b.parquet")
    found = look(Asked(tmp_path / "b.parquet", "y", "at"), tmp_path)
    assert found.over_time is not None
    assert found.over_time.what == "mean"
    assert found.over_time.means[0] == 20.0
    assert found.columns[2].remark == "left out: holds lists or structures"
    (tmp_path / "c").mkdir()
    one = look(Asked(write(tmp_path / "c.csv", ["a,b", *["1,"] * 30])), tmp_path / "c")
    assert [one.shape.counts for one in one.columns] == [(30,), ()]
    assert "It has no values" in Reading(page(one, None, None)).text


@pytest.mark.gate(
    "look.column",
    fed="`slipway look` with the name of a column that the table does not have",
    stops="ingest",
    exit=2,
    reason="--label: no column 'Left'; found the table's columns",
    untouched="nothing written",
)
@pytest.mark.parametrize("option", ["label", "time"])
def test_an_unknown_column_is_refused(table: Path, tmp_path: Path, option: str) -> None:
    """Before a page is written."""
    with pytest.raises(UsageError, match=rf"--{option}: no column 'Left'; found \['id', "):
        command.look(table, to=tmp_path / "x.html", **{option: "Left"})
    assert not (tmp_path / "x.html").exists()


@pytest.mark.gate(
    "look.file",
    fed="`slipway look` of a file that is not there, or with a delimiter or a time format that is none",
    stops="ingest",
    exit=2,
    reason="no such file or folder",
    untouched="nothing written",
)
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "no such file or folder: "),
        ({"delimiter": ";;"}, "--delimiter: "),
        ({"time_format": "soon"}, "--time-format: found 'soon'"),
    ],
)
def test_what_cannot_be_looked_at_is_said(
    table: Path, tmp_path: Path, changes: dict[str, str], said: str
) -> None:
    """In one line, with the option."""
    with pytest.raises(UsageError, match=said):
        command.look(table if changes else tmp_path / "none.csv", to=tmp_path / "x.html", **changes)  # type: ignore[arg-type]
    assert not (tmp_path / "x.html").exists()


@pytest.mark.gate(
    "look.to",
    fed="`slipway look --to` the table itself, or any other file that is no page of it",
    stops="ingest",
    exit=2,
    reason="is there and no page of `slipway look`; name another: --to",
    untouched="the file",
)
def test_a_table_is_not_written_over(table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page is, by a later one."""
    monkeypatch.chdir(tmp_path)
    kept = table.read_bytes()
    for path in (table, tmp_path):
        with pytest.raises(UsageError, match="is there and no page of `slipway look`"):
            command.look(table, to=path)
    assert table.read_bytes() == kept
    command.look(table)
    first = (tmp_path / "people.csv.look.html").read_bytes()
    command.look(table)
    assert (tmp_path / "people.csv.look.html").read_bytes() == first
    assert [path.name for path in tmp_path.iterdir()] == ["people.csv.look.html"]


def test_a_table_that_cannot_be_read_is_refused_as_ever(tmp_path: Path) -> None:
    """By the line that `new-system` says."""
    with pytest.raises(SlipwayError, match="line 1 is separated by ';': say --delimiter ';'"):
        command.look(write(tmp_path / "t.csv", ["a;b", "1;2"]), to=tmp_path / "x.html")
