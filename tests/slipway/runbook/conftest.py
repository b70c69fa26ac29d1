"""One project for all drills: three versions are packaged, 2 is live, 1 was before it, 3 is staged."""

import shutil
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.slipway.root import ROOT
from tests.slipway.runbook.drills import Shell
from tests.slipway.stages.packaged import Packaged, packaged
from tests.slipway.tiny import tiny_version


def _written(number: int, folder: Path) -> None:
    tiny_version(ROOT, folder, "logistic", skew=number * 1e-9)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Packaged:
    """The project as every drill finds it."""
    root = tmp_path_factory.mktemp("runbook") / "a project"
    made = packaged(root, {number: partial(_written, number) for number in (1, 2, 3)})
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        made.went_live(1, 2)
        made.registry.point("staging", 3)
    made.send_traffic(2)
    (root / ".gitignore").write_text("/.slipway/\n/data/\n")
    who = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    for words in (["init", "-q"], ["add", "-A"], [*who, "commit", "-q", "-m", "start"]):
        subprocess.run(["git", "-C", str(root), *words], check=True)
    return made


@pytest.fixture
def place(kept: Packaged, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Packaged:
    """A copy that a drill may spoil."""
    root = Path(shutil.copytree(kept.root, tmp_path / "a project", symlinks=True))
    monkeypatch.chdir(root)
    return Packaged(root, kept.data, kept.bentos)


@pytest.fixture
def shell(place: Packaged) -> Iterator[Shell]:
    """Runs commands in it."""
    found = Shell(place.root)
    yield found
    found.close()
