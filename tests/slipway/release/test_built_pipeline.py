"""The image that runs the pipelines, where one can be built: all that a component needs and no more."""

import pytest

from slipway.release.build import Built
from slipway.settings.root import Project
from tests.slipway.release.built import built_pipeline
from tests.slipway.release.inside import TOOLS, inside, lines, listed, packages
from tests.slipway.root import REPOSITORY

STAGES = """
import importlib, kfp, pathlib
for path in [*pathlib.Path("components").glob("*.py"), *pathlib.Path("slipway/stages").glob("*.py")]:
    importlib.import_module(".".join(path.with_suffix("").parts))
from slipway.settings.root import Project
from slipway.system import load_system
print(load_system(Project.find().card().name, Project.find().root))
"""


@pytest.fixture(scope="module")
def image() -> Built:
    """That of this repository."""
    return built_pipeline(Project(REPOSITORY))


@pytest.mark.long
def test_it_runs_every_component_and_installs_nothing(image: Built) -> None:
    """Read-only, without a network and without Git: components, stages and the system are importable."""
    assert "AdClick" in inside(image.name, f"python -c '{STAGES}'")
    assert lines(image.name, f"for name in {TOOLS}; do command -v $name; done; true") == []


@pytest.mark.long
def test_it_holds_the_project_and_nothing_else(image: Built) -> None:
    """Its user is a number, and owns the one folder of state, which a volume may stand in for."""
    assert lines(image.name, "id -u; id -g; pwd") == ["1034", "1034", "/opt/project"]
    found = {"bentofile.yaml", "components", "pipelines", "project.yaml", "slipway", "systems"}
    assert {*lines(image.name, "ls -A")} == found | {
        ".dvc",
        ".slipway",
        "requirements-serving.txt",
        "requirements.txt",
    }
    assert lines(image.name, "find / -xdev -user 1034 2>/dev/null; true") == ["/opt/project/.slipway"]
    assert lines(image.name, "find / -xdev -type f -perm /6000 2>/dev/null; true") == []


@pytest.mark.long
def test_its_list_of_packages_is_true(image: Built) -> None:
    """Beside it and in it."""
    assert inside(image.name, "cat /opt/env/sbom.cdx.json") == image.sbom.read_text()
    assert packages(image.name) == listed(image.sbom)
    assert {one.split()[1] for one in listed(image.sbom)} > {"kfp", "mlflow", "dvc", "libc6"}
