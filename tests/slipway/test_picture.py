"""The picture of the architecture names what there is, all of it, and in its order."""

import importlib.util
from types import ModuleType

import pytest
import yaml

from tests.repo.root import files, text
from tests.root import REPOSITORY

PACKAGES = {
    "DVC": "dvc",
    "Great Expectations": "great-expectations",
    "Kubeflow": "kfp",
    "MLflow": "mlflow",
    "BentoML": "bentoml",
    "KServe": "kserve",
}
ARMS = {"stable", "canary"}


@pytest.fixture(scope="module")
def picture() -> ModuleType:
    """`docs/architecture.py`, which draws it."""
    spec = importlib.util.spec_from_file_location("picture", REPOSITORY / "docs" / "architecture.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def stages(picture: ModuleType, lane: str) -> set[str]:
    """What stands in one lane."""
    return {box.stage for box in picture.BOXES if box.lane == lane}


def test_it_is_up_to_date(picture: ModuleType) -> None:
    """`python docs/architecture.py` draws it again."""
    assert text("docs/architecture.svg") == picture.page()


@pytest.mark.parametrize("pipeline", ["training", "rollout"])
def test_a_pipeline_has_the_stages_that_it_compiles_to(picture: ModuleType, pipeline: str) -> None:
    """No more and no fewer, each with a component."""
    components = yaml.safe_load(text(f"tests/pipelines/golden/{pipeline}.yaml"))["components"]
    compiled = {
        name.removeprefix("comp-") for name, component in components.items() if "executorLabel" in component
    }
    assert stages(picture, pipeline) == compiled
    assert {f"components/{stage}.py" for stage in compiled} <= {*files()}


def test_the_data_has_the_stages_that_dvc_calls(picture: ModuleType) -> None:
    """By commands of those names."""
    from typer.main import get_command

    from slipway.cli import app

    commands = get_command(app).commands["data"].commands  # type: ignore[attr-defined]
    assert stages(picture, "data") <= set(commands)


def test_the_traffic_is_made_of_what_there_is(picture: ModuleType) -> None:
    """Two arms, and modules of those names."""
    parts = {f"slipway/rollout/{part}.py" for part in stages(picture, "traffic") - ARMS}
    assert parts <= {*files()}


def test_a_box_names_a_room(picture: ModuleType) -> None:
    """The rooms themselves are held against the folders by the tests of the architecture."""
    assert {box.room for box in picture.BOXES} <= set(picture.ROOMS)


def test_every_tool_is_used(picture: ModuleType) -> None:
    """Each is a dependency, and each is in the picture."""
    assert set(picture.TOOLS) == set(PACKAGES)
    drawn = {box.tool for box in picture.BOXES} | {tool for _, _, tool in picture.TITLES.values()}
    assert drawn - {""} == set(PACKAGES)
    asked = text("slipway/pyproject.toml") + text("pyproject.toml")
    assert [tool for tool, package in PACKAGES.items() if f'"{package}>=' not in asked] == []
