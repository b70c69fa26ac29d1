"""Where `slipway serve` answers is known of this project's own only."""

import shutil
from pathlib import Path

from slipway.rollout.targets.local_addresses import serving, written_down
from slipway.settings import Line
from slipway.settings.root import Project
from tests.slipway.cli.conftest import settings_only


def test_what_came_with_a_copy_serves_somebody_else(tmp_path: Path) -> None:
    """Its process lives, and `slipway status` of the copy would tell what the original answers."""
    original = Line(Project(settings_only(tmp_path / "original")), "ad_click", "small")
    with written_down(original, "http://127.0.0.1:1"):
        copy = Path(shutil.copytree(original.project.root, tmp_path / "copy"))
        line = Line(Project(copy), "ad_click", "small")

        assert [one.url for one in serving(original)] == ["http://127.0.0.1:1"]
        assert serving(line) == []
        assert list(line.fronts.iterdir()) == []
