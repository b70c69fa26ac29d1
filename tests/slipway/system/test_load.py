"""A system is the code of the project that asks for it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.settings import Card, load_card
from slipway.system import load_system
from tests.slipway.root import ROOT

SYSTEM = """from slipway.system import System
from .place import PLACE

class Here(System):
    def generate(self, rows, seed, out): ...
    def expectations(self, card): return [PLACE]
    def fit_features(self, card, train): ...
    def transform(self, card, requests, state): ...

system = Here()
"""


@pytest.fixture
def card() -> Iterator[Card]:
    """Any card; what the test imports is forgotten afterwards."""
    path, before = (
        [*sys.path],
        {name: one for name, one in sys.modules.items() if name.startswith("systems.")},
    )
    yield load_card(ROOT, "ad_click")
    for name in [name for name in sys.modules if name.startswith("systems.")]:
        del sys.modules[name]
    sys.modules.update(before)
    sys.path[:] = path


def project(folder: Path) -> Path:
    """A folder with a system that says where it lies."""
    place = folder / "systems" / "ad_click"
    place.mkdir(parents=True)
    (place / "__init__.py").write_text(SYSTEM)
    (place / "place.py").write_text(f"PLACE = {folder.name!r}\n")
    return folder


def test_two_projects_of_one_process_are_kept_apart(card: Card, tmp_path: Path) -> None:
    """Although Python has one package `systems`, and both have the same name in it."""
    one, two = project(tmp_path / "one"), project(tmp_path / "two")

    found = [load_system("ad_click", root).expectations(card) for root in (one, two, one, two)]

    assert found == [["one"], ["two"], ["one"], ["two"]]


def test_a_project_s_code_is_loaded_once(card: Card, tmp_path: Path) -> None:
    """A second call gives the same object."""
    root = project(tmp_path / "one")
    assert load_system("ad_click", root) is load_system("ad_click", root)
