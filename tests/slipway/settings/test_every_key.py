"""Every key of both settings files, wrong in every way that its schema knows."""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from slipway.settings import Card, ProjectSettings
from tests.slipway.cli.conftest import only_line, settings_only, slipway
from tests.slipway.root import ROOT
from tests.slipway.settings.conftest import complaint

Place = tuple[str | int, ...]
Schema = dict[str, Any]
Model = type[Card] | type[ProjectSettings]
CLUSTER = {
    "namespace": "models",
    "host": "models.example.com",
    "gateway": {"name": "gateway", "namespace": "gateways", "url": "http://gateway.gateways"},
    "context": "team",
    "image_pull_secrets": ["registry"],
}
TABLE = {"kind": "table", "format": "csv", "header": ["a"], "time_format": "%s"}
VALUES = {"null": None, "boolean": True, "string": "text", "number": 2.5, "object": {"x": 1}}
"""What is wrong wherever its type is not allowed; null is a forgotten value, `true` a 1 to Python."""


KEY = pytest.mark.gate(
    "settings.key",
    fed="every key of both settings files, one at a time: of a wrong type, out of its bounds, absent, or "
    "with an unknown one beside it",
    stops="settings",
    exit=2,
    reason="file, key path, what was found and what is allowed",
    untouched="nothing written, no state folder made",
)


class Mutant(NamedTuple):
    """An edit of one key, and how the line about it goes on after the key's path."""

    place: Place
    edit: Callable[[Any], object]
    says: str
    what: str


def dotted(place: Place) -> str:
    """A key's path as the line has it."""
    return ".".join(map(str, place)) or "(top level)"


def at(content: Any, place: Place) -> Any:
    """What stands at a place."""
    for part in place:
        content = content[part]
    return content


def resolved(schema: Schema, node: Schema, value: Any) -> list[Schema]:
    """The schemas that a place allows: references followed, of marked alternatives the one in use."""
    if "$ref" in node:
        return resolved(schema, schema["$defs"][node["$ref"].rsplit("/", 1)[-1]], value)
    if "discriminator" in node:
        mark = node["discriminator"]
        return resolved(schema, {"$ref": mark["mapping"][value[mark["propertyName"]]]}, value)
    several = node.get("anyOf") or node.get("allOf")
    return [found for one in several for found in resolved(schema, one, value)] if several else [node]


def types(allowed: list[Schema]) -> set[str]:
    """The types of JSON that they allow."""
    found = set()
    for one in allowed:
        known = [one["const"]] if "const" in one else one.get("enum", [])
        found |= {_type(value) for value in known} or {one["type"]}
    found |= {"boolean"} if any(one.get("const") == 1 for one in allowed) else set()  # True is 1 to Python
    return found | ({"integer"} if "number" in found else set())


def _type(value: Any) -> str:
    kinds = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}
    return kinds.get(type(value)) or ("array" if isinstance(value, list) else "object")


def mutants(schema: Schema, node: Schema, content: Any, place: Place = ()) -> Iterator[Mutant]:
    """Every fault of a place and of those below it; of equal places, such as columns, only the first."""
    value = at(content, place)
    allowed = resolved(schema, node, value)
    yield from _of_type(types(allowed), place)
    bounded = [one for one in allowed if one.get("type") != "null"]
    if len(bounded) == 1 and "prefixItems" not in bounded[0]:
        yield from _of_bounds(bounded[0], place)
    (own,) = [one for one in allowed if one.get("type") == _type(value)] or [{}]
    if isinstance(value, dict):
        yield from _of_keys(own, place)
        known = own.get("properties")
        for key in value if known else list(value)[:1]:
            below = known[key] if known else _any_key(own)
            yield from mutants(schema, below, content, (*place, key))
    elif isinstance(value, list) and value:
        below = own.get("items") or own["prefixItems"][0]
        yield from mutants(schema, below, content, (*place, 0))


def _of_type(allowed: set[str], place: Place) -> Iterator[Mutant]:
    for name in [name for name in VALUES if name not in allowed][:2]:
        yield Mutant(place, put(place, VALUES[name]), "", f"{name} in place of {'|'.join(sorted(allowed))}")


def _of_bounds(own: Schema, place: Place) -> Iterator[Mutant]:
    limits: dict[str, tuple[Any, str]] = {
        "minimum": (own.get("minimum", 0) - 1, "should be greater than or equal to"),
        "exclusiveMinimum": (own.get("exclusiveMinimum"), "should be greater than"),
        "maximum": (own.get("maximum", 0) + 1, "should be less than or equal to"),
        "exclusiveMaximum": (own.get("exclusiveMaximum"), "should be less than"),
        "minLength": ("", "should have at least"),
        "minItems": ([], ""),
        "pattern": ("No Name!", "should match pattern"),
        "enum": ("none of these", "should be"),
        "const": (f"{own.get('const')} not", "should be"),
    }
    for key in sorted(own.keys() & limits.keys()):
        value, says = limits[key]
        yield Mutant(place, put(place, value), says, key)


def _of_keys(own: Schema, place: Place) -> Iterator[Mutant]:
    if own.get("additionalProperties") is False:
        says = f"unknown key; allowed are {', '.join(own['properties'])}"
        yield Mutant((*place, "unknown_key"), put((*place, "unknown_key"), 1), says, "unknown key")
    for key in own.get("required", []):
        yield Mutant((*place, key), drop(place, key), "required, but absent", "missing")


def _any_key(own: Schema) -> Schema:
    """The schema of the values where the keys are free."""
    found: Schema = own.get("additionalProperties") or next(iter(own["patternProperties"].values()))
    return found


def put(place: Place, value: Any) -> Callable[[Any], object]:
    """An edit that sets a value; the whole file's is for the caller."""

    def edit(content: Any) -> Any:
        if not place:
            return value
        at(content, place[:-1])[place[-1]] = value
        return content

    return edit


def drop(place: Place, key: str) -> Callable[[Any], object]:
    """An edit that takes a key out."""

    def edit(content: Any) -> Any:
        at(content, place).pop(key)
        return content

    return edit


def written(model: Model, file: str, **changes: Any) -> Any:
    """A shipped file with every default written out."""
    content = yaml.safe_load((ROOT / file).read_text())
    if changes and model is Card:
        content["data"] |= changes
    else:
        content |= changes
    return model.model_validate(content).model_dump(mode="json")


CONTENTS: list[tuple[Model, str, Any]] = [
    (ProjectSettings, "project.yaml", written(ProjectSettings, "project.yaml")),
    (Card, "system.yaml", written(Card, "systems/ad_click/system.yaml")),
    (Card, "system.yaml", written(Card, "systems/ad_click/system.yaml", source=TABLE)),
    (
        ProjectSettings,
        "project.yaml",
        written(ProjectSettings, "project.yaml", targets={"cluster": "https://team"}, cluster=CLUSTER),
    ),
]
BELOW = {2: ("data", "source"), 3: ("cluster",)}
"""Of contents that were there before, in part: where the new part is."""
CASES = [
    pytest.param(model, file, content, mutant, id=f"{dotted(mutant.place)}: {mutant.what}")
    for number, (model, file, content) in enumerate(CONTENTS)
    for mutant in mutants(model.model_json_schema(), model.model_json_schema(), content)
    if mutant.place[: len(BELOW.get(number, ()))] == BELOW.get(number, ())
]


@KEY
@pytest.mark.parametrize(("model", "file", "content", "mutant"), CASES)
def test_every_fault_is_one_line(
    tmp_path: Path, model: Model, file: str, content: Any, mutant: Mutant
) -> None:
    """File, key path, what was found and what is allowed."""
    (tmp_path / file).write_text(json.dumps(mutant.edit(deepcopy(content))))
    said = complaint(tmp_path / file, model)
    assert said.startswith(f"{dotted(mutant.place)}: {mutant.says}"), said


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A project with settings and nothing else."""
    return settings_only(tmp_path / "a project")


@KEY
@pytest.mark.parametrize(
    ("file", "place", "value", "said"),
    [
        ("project.yaml", ("name",), "No Name!", "name: should match pattern"),
        ("project.yaml", ("unknown_key",), 1, "unknown_key: unknown key; allowed are schema_version, name"),
        (
            "systems/ad_click/system.yaml",
            ("rollout", "steps", 0, "weight"),
            101,
            "rollout.steps.0.weight: should",
        ),
        ("systems/ad_click/system.yaml", ("data", "source"), None, "data.source: "),
    ],
)
def test_a_command_says_the_same_and_writes_nothing(
    own: Path, file: str, place: Place, value: Any, said: str
) -> None:
    """One line on standard error, exit code 2, and every file as it was."""
    content = put(place, value)(yaml.safe_load((own / file).read_text()))
    (own / file).write_text(yaml.safe_dump(content))
    before = {path: path.read_bytes() for path in own.rglob("*") if path.is_file()}
    line = only_line(slipway(own, "train", "--size", "small"), 2)

    assert line.startswith(f"UsageError: {own / file}: {said}")
    assert {path: path.read_bytes() for path in own.rglob("*") if path.is_file()} == before
