"""A good design card and a good project file to spoil."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from slipway.base.errors import UsageError
from slipway.settings import Card, ProjectSettings, read
from tests.slipway.root import ROOT

Spoil = Callable[[dict[str, Any]], object]


def complaint(path: Path, model: type[Card] | type[ProjectSettings]) -> str:
    """What reading the file says; always one line that begins with the file."""
    with pytest.raises(UsageError) as caught:
        read(path, model)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert caught.value.exit_code == 2
    return message.removeprefix(f"{path}: ")


@pytest.fixture
def card_fault(tmp_path: Path) -> Callable[[Spoil], str]:
    """The complaint about the shipped card after an edit."""
    return lambda spoil: _spoilt(ROOT / "systems/ad_click/system.yaml", tmp_path, spoil, Card)


@pytest.fixture
def project_fault(tmp_path: Path) -> Callable[[Spoil], str]:
    """The complaint about the shipped project file after an edit."""
    return lambda spoil: _spoilt(ROOT / "project.yaml", tmp_path, spoil, ProjectSettings)


def _spoilt(source: Path, folder: Path, spoil: Spoil, model: type[Card] | type[ProjectSettings]) -> str:
    content = yaml.safe_load(source.read_text())
    spoil(content)
    path = folder / source.name
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return complaint(path, model)
