"""`slipway ui` on a real registry: what it builds, what it leaves alone, what it tells of an edit."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from slipway.base.errors import UsageError
from slipway.cli import app
from slipway.cli.ui import ui
from slipway.report import overview
from slipway.report.site import MARK
from tests.slipway.cli.test_crowd import Crowd, project
from tests.slipway.report import sample
from tests.slipway.report.reading import Reading

FEW = Crowd(records=40, versions=4)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with four versions, whose last decisions have reports."""
    from slipway.report import render

    root = project(tmp_path_factory.mktemp("ui") / "a project", FEW)
    page = render(sample.bare(), sample.card(), None)
    for run in sorted((root / ".slipway/registry/artifacts").glob("*/artifacts"))[-3:]:
        (run / "report.html").write_text(page)
    return root


@pytest.fixture
def here(lived: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """It is the working directory."""
    monkeypatch.chdir(lived)
    return lived


def files(folder: Path) -> set[str]:
    """All below it."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_holds_all_that_its_page_leads_to(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Three reports, which are there; nothing is loaded from elsewhere."""
    ui(last=5, as_json=True)
    built = Path(json.loads(capsys.readouterr().out)["page"])
    shown = Reading(built.read_text())

    assert built == here / ".slipway/ui/index.html"
    assert shown.addresses == {name for name in files(built.parent) if name.startswith("reports/")}
    assert len(shown.addresses) == 3
    assert "The newest 5 of 40 that hold" in shown.text
    assert "version 4" in shown.text
    assert "the alias production is 4, production traffic goes to None" in shown.text
    assert not {"script", "link", "img"} & set(shown.tags)


def test_it_is_built_anew_as_a_whole(here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A report that is not among the newest any more goes; where building fails, all stays."""
    out = tmp_path / "out"
    ui(to=out, last=5)
    before = files(out)
    ui(to=out, last=1)
    assert files(out) < before
    one = files(out)
    monkeypatch.setattr(overview, "pages", lambda *_: {"index.html": "new", "reports/half.html": "\udc00"})
    with pytest.raises(UnicodeEncodeError):
        ui(to=out)
    assert files(out) == one
    assert "The newest 1 of 40" in (out / "index.html").read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.gate(
    "ui.folder",
    fed="`slipway ui --to` a folder in which somebody keeps files, a file, or a link",
    stops="record",
    exit=2,
    reason="holds notes.txt, which `slipway ui` did not write",
    untouched="the folder and all in it",
)
@pytest.mark.parametrize("built", [False, True])
def test_a_folder_of_somebody_else_is_left_alone(here: Path, tmp_path: Path, built: bool) -> None:
    """Also one that was built here, where somebody put a file since."""
    out = tmp_path / "out"
    if built:
        ui(to=out)
    (out / "reports").mkdir(parents=True, exist_ok=True)
    for name in ("notes.txt", "reports/own.html"):
        (out / name).write_text("mine")
        with pytest.raises(UsageError, match=f"holds {name}, which `slipway ui` did not write"):
            ui(to=out)
        assert (out / name).read_text() == "mine"
        (out / name).unlink()


@pytest.mark.gate("ui.folder")
def test_no_file_and_no_link_is_replaced(here: Path, tmp_path: Path) -> None:
    """What a link leads to is somebody's."""
    (tmp_path / "file").write_text("mine")
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    for name in ("file", "link"):
        with pytest.raises(UsageError, match="found a file or a link, expected a folder"):
            ui(to=tmp_path / name)
    assert (tmp_path / "file").read_text() == "mine"
    assert list((tmp_path / "real").iterdir()) == []


def test_an_edited_record_is_told_and_shows_nothing(here: Path, tmp_path: Path) -> None:
    """It is not among the decisions, and what is wrong stands above them."""
    run = sorted((here / ".slipway/registry/artifacts").glob("*/artifacts"))[-1]
    [path] = (run / "records").iterdir()
    kept = path.read_bytes()
    path.write_bytes(kept.replace(b'"decision": "refused"', b'"decision": "promote"'))
    try:
        ui(to=tmp_path / "out", last=3)
    finally:
        path.write_bytes(kept)
    shown = Reading((tmp_path / "out" / "index.html").read_text()).text

    assert f"not as it was kept changed: {path.stem}" in shown
    assert "The newest 3 of 39 that hold" in shown
    assert shown.count("slipway history --verify --system ad_click --size small") == 1


def test_records_are_read_once(here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Status and decisions are of one look."""
    from slipway.registry.decisions import Decisions

    looks = []
    real = Decisions.chain
    monkeypatch.setattr(Decisions, "chain", lambda self: looks.append(1) or real(self))  # type: ignore[func-returns-value]
    ui(to=tmp_path / "out")
    assert len(looks) == 1


def test_a_project_without_decisions_has_a_page(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a registry is not made by looking."""
    root = tmp_path / "new"
    (root / "systems").mkdir(parents=True)
    shutil.copyfile(here / "project.yaml", root / "project.yaml")
    shutil.copytree(here / "systems", root / "systems", dirs_exist_ok=True)
    monkeypatch.chdir(root)
    assert CliRunner().invoke(app, ["ui"]).exit_code == 0
    assert files(root / ".slipway") == {"ui/index.html", f"ui/{MARK}"}
