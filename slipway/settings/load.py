"""Read the settings files; any fault is one line that names the file, the key and what is allowed."""

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from slipway.errors import UsageError
from slipway.settings.card import Card
from slipway.settings.faults import explain
from slipway.settings.project import ProjectSettings

Settings = TypeVar("Settings", bound=BaseModel)


class _UniqueKeys(yaml.SafeLoader):
    """YAML keeps the last of two equal keys without a word; settings must not."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.MarkedYAMLError(
                    problem=f"the key {key!r} stands twice", problem_mark=node.start_mark
                )
        return super().construct_mapping(node, deep)


def read(path: Path, model: type[Settings]) -> Settings:
    """Read one YAML file into its model.

    Raises:
        UsageError: the file is absent, not YAML, or does not fit the model.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeys)  # noqa: S506 - a SafeLoader
    except FileNotFoundError as error:
        raise UsageError(f"{path}: no such file") from error
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 text (byte {error.start})") from error
    except yaml.YAMLError as error:
        raise UsageError(f"{path}: not valid YAML: {_yaml_fault(error)}") from error
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise UsageError(f"{path}: {explain(error, content, model)}") from error


def _yaml_fault(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    return " ".join(str(error).split())


def load_project(root: Path) -> ProjectSettings:
    """Read `project.yaml`."""
    return read(root / "project.yaml", ProjectSettings)


def load_card(root: Path, name: str) -> Card:
    """Read the design card of one system."""
    path = root / "systems" / name / "system.yaml"
    card = read(path, Card)
    if card.name != name:
        raise UsageError(f"{path}: name: found {card.name!r}, the folder says {name!r}")
    return card
