"""A project gets what is its own: not the tests, the proof and the benchmarks of the library."""

import shutil
from pathlib import Path

import pytest

from slipway.update.edited import edited
from tests.repo.imports import crossings
from tests.repo.root import files
from tests.template.conftest import OTHER, SYSTEMS, Bake, tracked

MOST_BESIDE = 122
"""Files of a project outside slipway/, whose size is its own matter."""


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_project_is_thin(bake: Bake, system: str) -> None:
    """The library's tests, its proof and its benchmarks stay here; nothing that comes along needs them."""
    project = bake(**OTHER, system=system)
    names = tracked(project)
    assert len([name for name in names if not name.startswith("slipway/")]) <= MOST_BESIDE
    assert [
        name for name in names if name.startswith(("tests/slipway/", "tests/template/", "benchmarks/"))
    ] == []
    kept = [name for name in files() if name in names and name.endswith(".py")]
    assert crossings(kept, "tests.slipway", "tests.template", "benchmarks", "hooks") == []


def test_the_library_of_a_project_is_known_to_be_as_released(bake: Bake, tmp_path: Path) -> None:
    """Until somebody edits it, which `slipway doctor` then tells."""
    library = shutil.copytree(bake(**OTHER, system="blank") / "slipway", tmp_path / "slipway")
    assert edited(library) == []
    (library / "runs.py").write_text("# ours\n")
    assert edited(library) == ["runs.py"]
