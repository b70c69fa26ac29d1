"""A line that has lived, put back for each test as it was."""

import shutil
from pathlib import Path

import pytest

from slipway.registry.versions import Registry
from slipway.settings import Line
from slipway.settings.root import Project
from tests.slipway.registry.attacks import live, put_back
from tests.slipway.root import ROOT


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a line that has lived, and beside it a copy of its state."""
    root = tmp_path_factory.mktemp("forged") / "a project"
    (root / "systems" / "ad_click").mkdir(parents=True)
    for name in ("project.yaml", "systems/ad_click/system.yaml"):
        shutil.copyfile(ROOT / name, root / name)
    live(Registry(Line(Project(root), "ad_click", "small")), root.parent)
    shutil.copytree(root / ".slipway", root.parent / "before")
    return root


@pytest.fixture
def registry(lived: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """The registry of the line as it was before anybody touched it; the project is the working directory."""
    put_back(lived)
    monkeypatch.chdir(lived)
    return Registry(Line(Project(lived), "ad_click", "small"))
