"""Read the settings files; any fault is one line that names the file, the key and what is allowed."""

import re
from collections.abc import Hashable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from yaml.composer import Composer
from yaml.constructor import SafeConstructor

from slipway.base.errors import UsageError
from slipway.base.faults import explain, key_text
from slipway.settings.card import Card
from slipway.settings.contradictions import require_consistent
from slipway.settings.project import ProjectSettings

Settings = TypeVar("Settings", bound=BaseModel)


MOST_VALUES = 100_000
"""Far more than any settings file has; an alias that contains itself has no end."""
LARGEST = 2**53
"""Numbers up to here are exact wherever they go."""
LONGEST = 200
"""Characters that are told of what is wrong with the YAML."""
OTHERWISE = re.compile(r"[^\n -~]|[?!]")
"""Where it stands, libyaml may read otherwise than Python, such as a tab within a word."""


class _UniqueKeys(SafeConstructor):
    """YAML keeps the last of two equal keys without a word; settings must not."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        if not isinstance(node, yaml.MappingNode):
            return super().construct_mapping(node, deep)  # which says so
        for at, _ in node.value:
            key = self.construct_object(at, deep=True)
            # PyYAML itself refuses a key that cannot be hashed.
            if isinstance(key, Hashable):
                if key in seen:
                    raise yaml.MarkedYAMLError(
                        problem=f"the key {key!r} stands twice", problem_mark=node.start_mark
                    )  # guard settings.yaml
                seen.add(key)
        return super().construct_mapping(node, deep)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """A date that is none, or a text tagged as a number, would end in one of Python's own errors."""
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, AttributeError, TypeError) as error:
            raise yaml.MarkedYAMLError(
                problem=f"no {node.tag.rpartition(':')[2]}: {error}", problem_mark=node.start_mark
            ) from error  # guard settings.yaml


class _Exact(_UniqueKeys, yaml.SafeLoader):
    """In Python throughout; it says best what is wrong."""


if yaml.__with_libyaml__:

    class _Fast(_UniqueKeys, Composer, yaml.CSafeLoader):
        """Read by libyaml and put together in Python: in C too, deep nesting would overflow the stack."""

        def __init__(self, text: str) -> None:
            yaml.CSafeLoader.__init__(self, text)
            Composer.__init__(self)


def _parsed(text: str) -> Any:
    """What the YAML says; libyaml reads it in a fifth of the time, and what it refuses is read again."""
    if yaml.__with_libyaml__ and not OTHERWISE.search(text):
        with suppress(yaml.YAMLError, RecursionError, UnicodeError):
            return yaml.load(text, Loader=_Fast)  # noqa: S506 - safe constructors alone
    return yaml.load(text, Loader=_Exact)  # noqa: S506 - a SafeLoader


def read(path: Path, model: type[Settings]) -> Settings:
    """Read one YAML file into its model.

    Raises:
        UsageError: the file is absent, not YAML, or does not fit the model.
    """
    try:
        content = _parsed(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UsageError(f"{path}: no such file") from error  # guard settings.yaml
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error  # guard settings.yaml
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 text (byte {error.start})") from error  # guard settings.yaml
    except yaml.YAMLError as error:
        raise UsageError(f"{path}: not valid YAML: {_yaml_fault(error)}") from error  # guard settings.yaml
    except RecursionError as error:
        raise UsageError(f"{path}: nested too deeply") from error  # guard settings.yaml
    _require_plain(path, content)
    return _validated(path, content, model)


def _validated(path: Path, content: Any, model: type[Settings]) -> Settings:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise UsageError(f"{path}: {explain(error, content, model)}") from error  # guard settings.key


def _require_plain(path: Path, content: Any) -> None:
    """An alias may repeat what it is a part of, or grow without end; YAML's .inf and .nan suit no setting."""
    waiting = [(content, "(top level)")]
    # Counted, not recursed into: ten nested aliases stand for billions of values.
    for seen in range(MOST_VALUES):
        if not waiting:
            return
        value, place = waiting.pop()
        # Written so that NaN, which is neither larger nor smaller, is refused too.
        if isinstance(value, int | float) and not abs(value) <= LARGEST:
            shown = str(value)[:20] if isinstance(value, int) else f"{value:.6g}"
            # guard settings.yaml
            raise UsageError(f"{path}: {place}: should be a number of at most 2**53, found {shown}")
        inside = (
            value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        )
        waiting += [(one, f"{place}.{key_text(key)}" if seen else key_text(key)) for key, one in inside]
    # guard settings.yaml
    raise UsageError(f"{path}: more than {MOST_VALUES} values; does an alias repeat itself?")


def _yaml_fault(error: yaml.YAMLError) -> str:
    line, said = "", str(error)
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        line, said = f"line {error.problem_mark.line + 1}: ", error.problem or ""
    return line + " ".join(said.split())[:LONGEST]


def load_project(root: Path) -> ProjectSettings:
    """Read `project.yaml`."""
    return read(root / "project.yaml", ProjectSettings)


def load_card(root: Path, name: str) -> Card:
    """Read the design card of one system.

    Raises:
        UsageError: as for `read`; or the card has another name than its folder, or contradicts itself.
    """
    path = root / "systems" / name / "system.yaml"
    card = read(path, Card)
    try:
        require_consistent(card)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error  # guard settings.contradiction
    if card.name != name:
        # guard settings.name
        raise UsageError(f"{path}: name: found {card.name!r}, the folder says {name!r}")
    return card
