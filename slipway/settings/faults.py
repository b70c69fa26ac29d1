"""What is wrong with a settings file, in words: each fault with its key path and what is allowed there."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

MOST = 5
"""Faults told at once; a file that fits nothing would fill the screen."""


def explain(error: ValidationError, content: Any, model: type[BaseModel]) -> str:
    """One line: `key.path: what is allowed, found this; next.path: ...`."""
    schema = model.model_json_schema()
    told: dict[str, list[str]] = {}
    for fault in error.errors():
        text = _message(fault, schema)
        told.setdefault(_path(fault["loc"], content), []).append(text)
    lines = [f"{place}: {_merged(texts)}" for place, texts in told.items()]
    rest = f"; and {len(lines) - MOST} more" if len(lines) > MOST else ""
    return "; ".join(lines[:MOST]) + rest


def _message(fault: Any, schema: dict[str, Any]) -> str:
    kind, place = fault["type"], fault["loc"]
    if kind == "missing":
        return "required, but absent"
    if kind == "extra_forbidden":
        return f"unknown key; allowed are {', '.join(_keys(schema, place[:-1]))}"
    if kind == "model_type":
        return f"should have the keys {', '.join(_keys(schema, place))}, found {_shown(fault['input'])}"
    if kind == "union_tag_not_found":
        return f"the key {fault['ctx']['discriminator']} is required, but absent"
    if kind == "union_tag_invalid":
        context = fault["ctx"]
        allowed = context["expected_tags"].replace(", ", " or ")
        return f"{context['discriminator']} should be {allowed}, found {_shown(context['tag'])}"
    if kind == "value_error":  # our own validators name what they found
        return str(fault["msg"]).removeprefix("Value error, ")
    subject = "the key " if "[key]" in place else ""
    said = re.sub(r"^(Input|String|List|Tuple|Dictionary) ", "", str(fault["msg"]))
    return f"{subject}{said}, found {_shown(fault['input'])}"


def _merged(texts: Sequence[str]) -> str:
    """Where a value may be of several types, pydantic complains once for each."""
    heads = dict.fromkeys(text.split(", found ")[0] for text in texts)
    return texts[0] if len(heads) == 1 else " or ".join([*list(heads)[:-1], texts[-1]])


def _shown(value: Any) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:60]}…"


def _path(place: Sequence[str | int], content: Any) -> str:
    """The keys as they stand in the file, without the names of alternatives that pydantic puts between."""
    kept: list[str] = []
    here = content
    for number, part in enumerate(place):
        in_file = part in here if isinstance(here, Mapping) else _has(here, part)
        if in_file:
            here = here[part]
        absent = number == len(place) - 1 and _could_hold(here, part)
        if in_file or absent:
            kept.append(str(part))
    return ".".join(kept) or "(top level)"


def _could_hold(content: Any, part: str | int) -> bool:
    if isinstance(content, Mapping):
        return part != "[key]"
    return isinstance(content, list) and isinstance(part, int)


def _has(content: Any, index: str | int) -> bool:
    return isinstance(content, list) and isinstance(index, int) and index < len(content)


def _keys(schema: dict[str, Any], place: Sequence[str | int]) -> list[str]:
    """The keys that the schema allows at a place."""
    here = schema
    for part in place:
        alternatives = here.get("discriminator", {}).get("mapping", {})
        properties = here.get("properties", {})
        if part in alternatives:
            here = {"$ref": alternatives[part]}
        elif isinstance(part, int):
            here = here.get("items", {})
        else:
            here = properties.get(part) or here.get("additionalProperties") or {}
        if "$ref" in here:
            here = schema["$defs"][here["$ref"].rsplit("/", 1)[-1]]
    return list(here.get("properties", {}))
