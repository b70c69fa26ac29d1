"""Every size of a new system passes the card's own checks: what a run would stop at is known before."""

from pathlib import Path
from random import Random

import pytest

from slipway.data.check import check_rows, require
from slipway.data.ingest import ingest_rows
from slipway.data.manifest import PARTS
from slipway.data.parquet import ROWS as ROWS_FILE
from slipway.data.parts import check_parts, require_parts
from slipway.data.split import split_rows
from slipway.settings.root import Project
from slipway.starter import start
from slipway.starter.choices import Choices
from slipway.starter.start import Asked, Started, new_system
from slipway.starter.summary import lines
from slipway.system import load_system
from slipway.training.fit import data_ref, train_models
from tests.slipway.starter.tables import blank, write

ROWS, SMALL = 3000, 1000


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables of three thousand rows have a small size."""
    monkeypatch.setattr(start, "small_rows", lambda rows: SMALL)
    monkeypatch.setattr(
        start, "more_rows", lambda limit, rows: 2 * limit if 3 * limit < rows + SMALL else None
    )


def made(folder: Path, rows: list[str], told: list[str] | None = None) -> tuple[Project, Started]:
    """A system of the lines of a table with a time and the label `left`."""
    project = Project(blank(folder / "a project"))
    table = write(folder / "t.csv", rows)
    asked = Asked("s", table, Choices("left", time="at"))
    done = new_system(project, asked, [].append if told is None else told.append)
    (project.root / "bentofile.yaml").write_text("include: [/systems/*/*.py]\n")
    return Project(project.root), done


def checked(project: Project, folder: Path) -> None:
    """What the chain asks of a table, from ingestion to the parts."""
    card, system = project.card("s"), load_system("s", project.root)
    for size in ("full", "small"):
        out = folder / size
        ingest_rows(project, card, size, out / "raw")
        split_rows(card, system, size, out / "raw", out / "split")
        require_parts(check_parts(card, system, out / "split"))
    # DVC checks the rows of a size, a pipeline those of its parts.
    parts = [out / "split" / f"{part}.parquet" for part in PARTS]
    for rows in ([folder / "full" / "raw" / ROWS_FILE], parts):
        require(check_rows("s", card.task, system.expectations(card), rows, folder / "checks"))


def day(row: int) -> str:
    """The time of a row."""
    return f"2025-{1 + row // 280:02d}-{1 + row // 10 % 28:02d} {row % 10:02d}:{row % 60:02d}:00"


def test_columns_that_one_size_hardly_has_may_lack_there(tmp_path: Path) -> None:
    """One that the newest rows do not have at all, and one that they begin to have; both train."""
    random = Random(0)  # noqa: S311
    rows = [
        f"{day(row)},{random.randrange(900) if row < ROWS - SMALL else ''},"
        f"{random.random() if row > ROWS - SMALL // 2 else ''},"
        f"{random.choice(['a', 'b']) if row < 1500 else ''},{random.randrange(50)},{random.randrange(2)}"
        for row in range(ROWS)
    ]
    project, done = made(tmp_path, ["at,gone,new,word,stays,left", *rows])
    shares = {name: column.null_share for name, column in project.card("s").data.columns.items()}

    assert (shares["gone"], shares["word"], shares["stays"]) == (1, 1, 0)
    said = "100 % missing in some part of the rows, such as the newest; still of use?"
    assert {f"review: gone: {said}", f"review: word: {said}"} <= {*lines(done.plan)}
    checked(project, tmp_path)
    file = project.root / "systems" / "s" / "system.yaml"
    file.write_text(file.read_text().replace("rounds: 600", "rounds: 5"))
    card = Project(project.root).card("s")
    split = tmp_path / "small" / "split"
    train_models(project.root, card, split, data_ref(split, "f", "small"), tmp_path / "models")


def test_a_size_without_both_labels_grows(tmp_path: Path) -> None:
    """And it says why."""
    random, told = Random(0), list[str]()  # noqa: S311
    lacks = range(2441, 2560)
    rows = [
        f"{day(row)},{random.randrange(900)},{int(row % 7 == 0 and row not in lacks)}" for row in range(ROWS)
    ]
    project, _ = made(tmp_path, ["at,calls,left", *rows], told)
    said = "1,000 rows are too few for a small size: the validation part would have 100 rows, base rate 0;"

    assert [line[: len(said)] for line in told if "too few" in line] == [said]
    assert project.card("s").data.source.rows["small"] != SMALL  # type: ignore[union-attr]


def test_copies_that_a_left_out_column_hides_are_told(tmp_path: Path) -> None:
    """A second time makes equal rows differ, until it is left out."""
    random = Random(0)  # noqa: S311
    different = [
        f"{random.random()},{random.randrange(999)},{random.randrange(2)}" for _ in range(ROWS - 150)
    ]
    rows = [*different, *different[:150]]
    table = [f"{day(row)},{day(row // 2 + 1)},{rest}" for row, rest in enumerate(rows)]
    _, done = made(tmp_path, ["at,seen,x,calls,left", *table])

    assert any(
        line.startswith("review: 150 of 3,000 rows are copies of another") for line in lines(done.plan)
    )
