"""`slipway data`: what DVC's stages call."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from typer.testing import CliRunner

from slipway.base.errors import Refused, SlipwayError
from slipway.cli.data import app
from slipway.data.check import RESULT
from slipway.data.parts import read_manifest
from slipway.settings import Line
from slipway.settings.root import Project
from tests.slipway.root import REPOSITORY, ROOT

FAILED = pytest.mark.gate(
    "check.failed",
    fed="rows that fail an expectation of critical severity, and the split asked for all the same",
    stops="check",
    exit=3,
    reason="device: to exist: the column is missing (Data Docs: .../docs.html)",
    untouched="no split is made of the rows",
)
ROWS = pytest.mark.gate(
    "check.rows",
    fed="a table without rows, however it came to DVC",
    stops="check",
    exit=3,
    reason="table: table row count to be between",
    untouched="no split is made of the rows",
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A copy of this project with two thousand rows; it is the working directory."""
    root = tmp_path / "a project"
    shutil.copytree(ROOT / "systems", root / "systems")
    shutil.copyfile(ROOT / "project.yaml", root / "project.yaml")
    path = root / "systems/ad_click/system.yaml"
    card = yaml.safe_load(path.read_text(encoding="utf-8"))
    card["data"]["source"]["rows"] = {"small": 2000}
    path.write_text(yaml.safe_dump(card, sort_keys=False), encoding="utf-8")
    monkeypatch.chdir(root)
    return Project(root)


def run(command: str, size: str = "small") -> None:
    """Run a command; its error is raised here as it is in `main`."""
    CliRunner().invoke(app, [command, "--size", size], catch_exceptions=False)


def test_three_stages(project: Project) -> None:
    """Ingest, check and split leave a split of the rows that were asked for."""
    for command in ("ingest", "check", "split"):
        run(command)

    manifest = read_manifest(Line(project, "ad_click", "small").data / "split")
    assert sum(part.rows + (part.left_out or 0) for part in manifest.parts.values()) == 2000


def rewrite(path: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    """Other rows in a Parquet file."""
    pq.write_table(change(pq.read_table(path)), path)


def leak(table: pa.Table) -> pa.Table:
    """The same rows with the label for a price."""
    label = table["clicked"].cast(pa.float64())
    return table.set_column(table.column_names.index("price"), "price", label)


@pytest.mark.parametrize(
    ("change", "column"),
    [
        pytest.param(lambda table: table.drop_columns(["device"]), "device", marks=FAILED, id="column"),
        pytest.param(leak, "price", marks=pytest.mark.gate("check.leak"), id="leak"),
        pytest.param(lambda table: table.slice(0, 0), "table", marks=ROWS, id="no rows"),
    ],
)
def test_rows_that_fail_are_not_split(
    project: Project, change: Callable[[pa.Table], pa.Table], column: str
) -> None:
    """A fault stops `check`, which keeps its result to look at, and stops `split`."""
    run("ingest")
    folder = Line(project, "ad_click", "small").data
    rewrite(folder / "raw/rows.parquet", change)

    with pytest.raises(Refused, match=rf"{column}: .*\(Data Docs: .*docs\.html\)"):
        run("check")
    with pytest.raises(Refused, match=f"{column}: "):
        run("split")

    assert (folder / "checks" / RESULT).is_file()
    assert (folder / "checks" / "docs.html").is_file()
    assert not (folder / "split").exists()


def test_rows_that_were_not_checked_are_not_split(project: Project) -> None:
    """Without a result there is no split."""
    run("ingest")

    with pytest.raises(SlipwayError, match="slipway data check"):
        run("split")

    assert not (Line(project, "ad_click", "small").data / "split").exists()


@pytest.mark.gate(
    "split.unchanged",
    fed="other sound rows in place of those that were checked",
    stops="split",
    exit=3,
    reason="rows.parquet: changed since it was checked",
    untouched="previous split is the same bytes",
)
def test_rows_that_changed_since_they_were_checked_are_not_split(project: Project) -> None:
    """However sound: what passed were others."""
    for command in ("ingest", "check", "split"):
        run(command)
    folder = Line(project, "ad_click", "small").data
    before = {file.name: file.read_bytes() for file in (folder / "split").iterdir()}
    rewrite(folder / "raw/rows.parquet", lambda table: table.slice(0, 1600))

    with pytest.raises(Refused, match=r"rows\.parquet: changed since it was checked"):
        run("split")
    assert {file.name: file.read_bytes() for file in (folder / "split").iterdir()} == before

    run("check")
    run("split")
    assert {file.name: file.read_bytes() for file in (folder / "split").iterdir()} != before


def test_a_size_without_rows(project: Project) -> None:
    """A size that the card does not know is named."""
    with pytest.raises(SlipwayError, match=r"data\.source\.rows has no 'full'"):
        run("ingest", "full")


def test_dvc_watches_what_exists() -> None:
    """Every path of code that a stage depends on is there, and each stage calls its own command."""
    stages = yaml.safe_load((REPOSITORY / "dvc.yaml").read_text(encoding="utf-8"))["stages"]

    assert list(stages) == ["ingest", "check", "split"]
    for stage, content in stages.items():
        assert content["cmd"] == f"slipway data {stage} --system ${{item.system}} --size ${{item.size}}"
        code = [path for path in content["deps"] if path.startswith("slipway/")]
        assert [path for path in code if not (REPOSITORY / path).is_file()] == []
