"""`slipway data`: what DVC's stages call."""

import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml
from typer.testing import CliRunner

from slipway.cli.data import app
from slipway.data.check import RESULT
from slipway.data.parts import read_manifest
from slipway.errors import Refused, SlipwayError
from slipway.project import Project
from tests.data.small import ROOT


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

    manifest = read_manifest(project.data("ad_click", "small") / "split")
    assert sum(part.rows for part in manifest.parts.values()) == 2000


def test_rows_that_fail_are_not_split(project: Project) -> None:
    """A broken column stops `check`, keeps its result to look at, and stops `split`."""
    run("ingest")
    folder = project.data("ad_click", "small")
    table = pq.read_table(folder / "raw/rows.parquet")
    pq.write_table(table.drop_columns(["device"]), folder / "raw/rows.parquet")

    with pytest.raises(Refused, match=r"device.*\(Data Docs: .*docs\.html\)"):
        run("check")
    with pytest.raises(Refused, match="device"):
        run("split")

    assert (folder / "checks" / RESULT).is_file()
    assert (folder / "checks" / "docs.html").is_file()
    assert not (folder / "split").exists()


def test_rows_that_were_not_checked_are_not_split(project: Project) -> None:
    """Without a result there is no split."""
    run("ingest")

    with pytest.raises(SlipwayError, match="slipway data check"):
        run("split")

    assert not (project.data("ad_click", "small") / "split").exists()


def test_a_size_without_rows(project: Project) -> None:
    """A size that the card does not know is named."""
    with pytest.raises(SlipwayError, match=r"data\.source\.rows has no 'full'"):
        run("ingest", "full")


def test_dvc_watches_what_exists() -> None:
    """Every path of code that a stage depends on is there, and each stage calls its own command."""
    for name in yaml.safe_load((ROOT / "project.yaml").read_text(encoding="utf-8"))["systems"]:
        stages = yaml.safe_load((ROOT / f"systems/{name}/dvc.yaml").read_text(encoding="utf-8"))["stages"]

        assert list(stages) == ["ingest", "check", "split"]
        for stage, content in stages.items():
            assert content["cmd"] == f"slipway data {stage} --system {name} --size ${{item.size}}"
            code = [path for path in content["deps"] if path.endswith(".py")]
            assert [path for path in code if not (ROOT / path).is_file()] == []
