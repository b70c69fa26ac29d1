"""What the pipelines compile to changes only on purpose."""

from pathlib import Path

import pytest
import yaml

from tests.pipelines.golden import GOLDEN, NAMES, compiled


@pytest.mark.parametrize("name", NAMES)
def test_compiles_to_the_golden_file(name: str, tmp_path: Path) -> None:
    """A change is renewed by `python -m tests.pipelines.golden` and reviewed."""
    assert (GOLDEN / f"{name}.yaml").read_text() == compiled(name, tmp_path).read_text()


def tasks(dag: dict, components: dict) -> dict[str, dict]:
    """Every task of a pipeline, those inside conditions included."""
    found = {}
    for name, task in dag["tasks"].items():
        inner = components[task["componentRef"]["name"]].get("dag")
        found |= tasks(inner, components) if inner else {name: task}
    return found


def spec(name: str) -> dict:
    """A golden file."""
    return yaml.safe_load((GOLDEN / f"{name}.yaml").read_text())


@pytest.mark.parametrize("name", NAMES)
def test_every_task_has_a_display_name(name: str) -> None:
    """The Kubeflow UI reads like the table of contents."""
    found = tasks(spec(name)["root"]["dag"], spec(name)["components"])

    assert found
    assert all(task["taskInfo"]["name"][0].isupper() for task in found.values())


@pytest.mark.parametrize(
    ("name", "task"),
    [("training", "register"), ("training", "refuse")]
    + [("rollout", task) for task in ("package", "smoke", "canary", "first", "promote", "abort")],
)
def test_side_effects_are_never_cached(name: str, task: str) -> None:
    """A cached promotion would be none."""
    found = tasks(spec(name)["root"]["dag"], spec(name)["components"])[task]

    assert not found["cachingOptions"].get("enableCache", False)


@pytest.mark.parametrize(("name", "gate"), [("training", "gate"), ("rollout", "verdict")])
def test_gates_have_a_single_output(name: str, gate: str) -> None:
    """The local runner silently skips conditions on named outputs."""
    outputs = spec(name)["components"][f"comp-{gate}"]["outputDefinitions"]

    assert {"parameters": {"Output": {"parameterType": "STRING"}}} == outputs


@pytest.mark.parametrize("name", NAMES)
def test_components_install_nothing(name: str) -> None:
    """Code and libraries are in the image; a run asks no index for anything."""
    text = (GOLDEN / f"{name}.yaml").read_text()

    assert "pip install" not in text
