"""A line of versions and what is named after it: names on disk are a promise to projects that exist."""

from pathlib import Path

import pytest

from slipway.settings import Line
from slipway.settings.data import Size
from slipway.settings.root import Project
from tests.slipway.root import ROOT


@pytest.mark.parametrize(("size", "name"), [("full", "ad_click"), ("small", "ad_click-small")])
def test_state_of_earlier_versions_is_found(size: Size, name: str) -> None:
    """The full size has no suffix, everywhere."""
    line, state = Line(Project(ROOT), "ad_click", size), ROOT / ".slipway"
    assert line.name == name
    assert line.registered == f"{line.project.settings.name}.{name}"
    assert line.bento == line.registered.replace(".", "-").replace("_", "-")
    assert line.data == ROOT / "data" / "ad_click" / size
    assert {path.relative_to(state).as_posix() for path in kept(line)} == {
        f"locks/{name}.lock",
        f"locks/local-{name}.lock",
        f"locks/stop-{name}.txt",
        f"intents/{name}.json",
        f"local/{name}.json",
        f"last/{name}.json",
    }


def kept(line: Line) -> list[Path]:
    """Everything that it names in the state folder."""
    return [line.lock, line.traffic_lock, line.stop_request, line.intent, line.traffic, line.last]


def test_lines_are_values() -> None:
    """Two of the same project, system and size are one; its card is its system's."""
    line = Line(Project(ROOT), "ad_click", "small")
    assert line.card.name == "ad_click"
    assert {line, Line(Project(ROOT), "ad_click", "small")} == {line}
    assert line != Line(Project(ROOT), "ad_click", "full")
