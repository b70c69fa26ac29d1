"""Tables as people have them, given to the command line: what values are taken for, and what is said."""

import os
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from slipway.base.errors import SlipwayError
from slipway.cli import app
from slipway.data.check import check_rows
from slipway.data.ingest import ingest_rows
from slipway.settings import Card
from slipway.settings.root import Project
from tests.slipway.starter.tables import blank, write

ROWS = 1200
START = datetime(2024, 1, 1)
HOUR = timedelta(hours=5)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project of the module, in which commands are run."""
    found, before = blank(tmp_path_factory.mktemp("values") / "a project"), Path.cwd()
    os.chdir(found)
    yield found
    os.chdir(before)


class Made:
    """A new system: what was printed, its card and its rows."""

    def __init__(self, root: Path, table: Path, *options: str) -> None:
        name = f"s{len(list((root / 'systems').glob('*')))}"
        ran = CliRunner().invoke(
            app, ["new-system", name, "--from", str(table), *options], catch_exceptions=False
        )
        self.said = ran.stdout
        self.project = Project(root)
        self.card: Card = self.project.card(name)

    def rows(self, folder: Path) -> pa.Table:
        """What ingestion makes of the table."""
        ingest_rows(self.project, self.card, "full", folder / "raw")
        return pq.read_table(folder / "raw" / "rows.parquet")


def table(path: Path, header: str, *columns: Sequence[object]) -> Path:
    """A CSV of these columns, with a label that nothing tells."""
    random = Random(0)  # noqa: S311
    rows = zip(*columns, [random.randrange(2) for _ in range(ROWS)], strict=True)
    return write(path, [f"{header},left", *(",".join(map(str, row)) for row in rows)])


def times() -> list[datetime]:
    """One for each row."""
    return [START + row * HOUR for row in range(ROWS)]


CODES = ["1_20", "12_0", "1_22", "12_2", "0x1F", "31"]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_codes_with_an_underscore_stay_apart(root: Path, tmp_path: Path, ending: str) -> None:
    """As an input, a unit and a label, each of them with all of its values after ingestion."""
    slots = [CODES[row % 6] for row in range(ROWS)]
    who = [f"{row % 120 // 10}_{row % 10}" for row in range(ROWS)]
    left = [("1_0", "10")[Random(row).random() < 0.4] for row in range(ROWS)]  # noqa: S311
    path = tmp_path / f"t.{ending}"
    if ending == "parquet":
        pq.write_table(pa.table({"at": times(), "slot": slots, "who": who, "left": left}), path)
    else:
        rows = zip(times(), slots, who, left, strict=True)
        write(path, ["at,slot,who,left", *(",".join(map(str, row)) for row in rows)])
    made = Made(root, path, "--label", "left", "--time", "at", "--unit", "who")

    rows = made.rows(tmp_path)
    assert made.card.data.columns["slot"].values == sorted(CODES)
    assert set(rows["slot"].to_pylist()) == set(CODES)
    assert len(set(rows["who"].to_pylist())) == 120
    assert made.card.data.columns["left"].positive in ("1_0", "10")
    assert sum(rows["left"].to_pylist()) == left.count(str(made.card.data.columns["left"].positive))


def test_versions_stay_apart_and_it_is_said(root: Path, tmp_path: Path) -> None:
    """As 1.1 and 1.10 are two."""
    versions = [f"1.{row % 25}" for row in range(ROWS)]
    made = Made(
        root, table(tmp_path / "t.csv", "at,release", times(), versions), "--label", "left", "--time", "at"
    )

    assert "review: release: '1.1' and '1.10' would be one number, so the values stay texts" in made.said
    assert len(set(made.rows(tmp_path)["release"].to_pylist())) == 25


@pytest.mark.parametrize("first", [2, 1100])
def test_blanks_are_missing_wherever_the_first_stands(root: Path, tmp_path: Path, first: int) -> None:
    """Among numbers and among words."""
    long = "a long text that fills the file so that its end lies far behind the beginning of it " * 2
    plans = [
        " " if row >= first and (row - first) % 50 == 0 else ("basic", "pro")[row % 2] for row in range(ROWS)
    ]
    total = [" " if row >= first and (row - first) % 40 == 0 else row * 7 % 997 / 4 for row in range(ROWS)]
    words = [f"{long}{row % 3}".replace(",", "") for row in range(ROWS)]
    made = Made(root, table(tmp_path / "t.csv", "plan,total,words", plans, total, words), "--label", "left")

    plan, sums = made.card.data.columns["plan"], made.card.data.columns["total"]
    assert plan.values == ["basic", "pro"]
    assert (sums.type, made.card.data.source.missing) == ("number", [])  # type: ignore[union-attr]
    assert plan.null_share > 0
    assert made.rows(tmp_path)["total"].null_count == total.count(" ")


def test_numbers_with_a_unit_are_said_and_left_out(root: Path, tmp_path: Path) -> None:
    """And how to write them; few of them may be a category."""
    volume = [f"{row * 7 % 997 / 10}K" for row in range(1, ROWS + 1)]
    term = [f"{(36, 60)[row % 2]} months" for row in range(ROWS)]
    made = Made(root, table(tmp_path / "t.csv", "volume,term", volume, term), "--label", "left")

    assert "left out: volume holds numbers with a unit, such as '0.7K'; write them as 700" in made.said
    assert made.card.features.categorical == ["term"]


def test_what_makes_text_of_numbers_is_said(root: Path, tmp_path: Path) -> None:
    """Where one value in five is another one, and where one is beyond 64 bits."""
    income = [("missing", "—")[row % 2] if row % 5 == 2 else row * 7 % 997 / 4 for row in range(ROWS)]
    points = [2**63 + 7 if row == 900 else row % 90 for row in range(ROWS)]
    made = Made(root, table(tmp_path / "t.csv", "income,points", income, points), "--label", "left")

    assert "review: income: 960 of 1,200 are numbers; 'missing' (row 3) is not: a mark of" in made.said
    assert "review: points: '9223372036854775815' has more than 64 bits, so the values stay te" in made.said


@pytest.mark.parametrize(
    ("name", "write_time"),
    [
        ("epoch_us", lambda time: (time - datetime(1970, 1, 1)) // timedelta(microseconds=1)),
        ("excel", lambda time: (time - datetime(1899, 12, 30)) / timedelta(days=1)),
    ],
)
def test_numbers_that_are_times_are_read_and_it_is_said(
    root: Path, tmp_path: Path, name: str, write_time: Callable[[datetime], object]
) -> None:
    """With the first and the last, for a number may be something else."""
    written = [write_time(time) for time in times()]
    calls = [row % 9 for row in range(ROWS)]
    made = Made(
        root, table(tmp_path / "t.csv", "at,calls", written, calls), "--label", "left", "--time", "at"
    )

    last = START + (ROWS - 1) * HOUR
    assert f"times: at is read as {name}, from 2024-01-01 00:00:00 to {last}" in made.said
    assert made.rows(tmp_path)["at"].to_pylist()[-1] == last


TAKES = (
    "a strptime format, such as %d/%m/%Y, or one of epoch, epoch_ms, epoch_us, epoch_ns, excel; "
    "ISO 8601 needs none"
)


@pytest.mark.parametrize(
    ("column", "options", "said"),
    [
        (
            [f"{time}{'Z' if row > 5 else ''}" for row, time in enumerate(times())],
            (),
            "'2024-01-01 00:00:00' (row 1) has no offset from UTC and '2024-01-02 06:00:00Z' (row 7) has one",
        ),
        (
            [f"day {row}" for row in range(ROWS)],
            (),
            f"--time: column 'at' holds text, expected times; name their format with --time-format ({TAKES})",
        ),
        (times(), ("--time-format", "YYYY-MM-DD"), f"--time-format: found 'YYYY-MM-DD', expected {TAKES}"),
        (times(), ("--time-format", "%Q"), f"--time-format: found '%Q', expected {TAKES}"),
    ],
)
def test_times_that_nobody_can_read_are_refused(
    root: Path, tmp_path: Path, column: Sequence[object], options: tuple[str, ...], said: str
) -> None:
    """With a row of each kind, or with what is taken."""
    path = table(tmp_path / "t.csv", "at,calls", column, [row % 9 for row in range(ROWS)])
    with pytest.raises(SlipwayError) as caught:
        Made(root, path, "--label", "left", "--time", "at", *options)
    assert said in str(caught.value)


BLANK = "if a blank means that it is not so, write that as a value of its own"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["Yes", ""], f"the others all 'Yes': {BLANK}, such as 'No'; rows of which it is not known"),
        (["1", " "], f"the others all '1': {BLANK}, such as '0'"),
        (["churned", ""], f"the others all 'churned': {BLANK}, such as 'no'"),
        (
            ["Yes", "No", ""],
            "rows have no 'gone'; leave them out if nobody knows it, else write what a blank",
        ),
        (
            [f"{row} kg" for row in range(70)],
            "--label: 'gone' holds numbers with a unit, such as '1 kg'; write them as 1",
        ),
    ],
)
def test_labels_that_are_blank_are_asked_about(
    root: Path, tmp_path: Path, values: list[str], said: str
) -> None:
    """Where there is one value beside them, left out they would leave no other."""
    gone = [values[row % len(values)] for row in range(ROWS)]
    path = table(tmp_path / "t.csv", "calls,gone", [row % 9 for row in range(ROWS)], gone)
    with pytest.raises(SlipwayError) as caught:
        Made(root, path, "--label", "gone")
    assert said in str(caught.value)


def test_an_id_that_looks_like_an_amount_is_a_category_too(root: Path, tmp_path: Path) -> None:
    """By the label, where its name does not say so; an amount beside it stays one."""
    random = Random(1)  # noqa: S311
    effects = [random.gauss(0, 2) for _ in range(150)]
    film = [random.randrange(150) for _ in range(2000)]
    cents = [int(random.gammavariate(2, 400)) for _ in film]
    liked = [
        int(random.random() < 1 / (1 + 2 ** -(effects[one] + paid / 800 - 1)))
        for one, paid in zip(film, cents, strict=True)
    ]
    rows = zip((7000 + 13 * one for one in film), cents, liked, strict=True)
    path = write(tmp_path / "t.csv", ["title,cents,liked", *(",".join(map(str, row)) for row in rows)])
    made = Made(root, path, "--label", "liked")

    assert "review: title: an id? " in made.said
    assert (made.card.features.categorical, made.card.features.numeric) == (["title"], ["title", "cents"])


def test_a_column_in_another_script_is_mentioned_by_its_own_name_too(root: Path, tmp_path: Path) -> None:
    """In what is printed, the review, the card and its README, and what a check refuses."""
    codes, calls = [f"码{row % 3}" for row in range(ROWS)], [row % 9 for row in range(ROWS)]
    fixed = ["x"] * ROWS
    made = Made(
        root,
        table(tmp_path / "t.csv", "时间,套餐,月数,常", times(), codes, calls, fixed),
        "--label",
        "left",
        "--time",
        "时间",
    )
    folder = root / "systems" / made.card.name

    assert "1 as both, being amounts or codes: column_3 (月数)" in made.said
    assert "left out: column_4 (常) is the same in every row" in made.said
    assert "# column_3 (月数)" in (folder / "system.yaml").read_text(encoding="utf-8")
    assert "| `column_2 (套餐)` |" in (folder / "README.md").read_text(encoding="utf-8")

    rows = made.rows(tmp_path)
    place = rows.column_names.index("column_2")
    pq.write_table(rows.set_column(place, "column_2", pa.array(["x"] * ROWS)), tmp_path / "rows.parquet")
    found = check_rows("t", made.card.task, [], [tmp_path / "rows.parquet"], tmp_path / "checks")
    assert [line.split(":")[0] for line in found.failed_critical] == ["column_2 (套餐)"]
