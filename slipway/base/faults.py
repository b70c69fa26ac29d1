"""What is wrong with a settings file, in words: each fault with its key path and what is allowed there."""

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any

from pydantic import BaseModel, ValidationError

from slipway.base.addresses import masked

MOST = 5
"""Faults told at once; a file that fits nothing would fill the screen."""
TOP = "(top level)"
LONGEST = 60
"""Characters of a value or key."""


def explain(error: ValidationError, content: Any, model: type[BaseModel]) -> str:
    """One line: `key.path: what is allowed, found this; next.path: ...`.

    Args:
        content: what was validated, as it was read from the file.
        model: what it was validated against; its schema knows the keys that are allowed.
    """
    schema = _schema(model)
    told: dict[str, list[str]] = {}
    for fault in map(_at_its_key, error.errors()):
        told.setdefault(_path(fault, content), []).append(_message(fault, schema))
    lines = [_line(place, _merged(texts)) for place, texts in told.items() if not _within(place, told)]
    rest = f"; and {len(lines) - MOST} more" if len(lines) > MOST else ""
    return "; ".join(lines[:MOST]) + rest


@cache
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    """Made once: it takes ten times as long as to validate."""
    return model.model_json_schema()


def _line(place: str, text: str) -> str:
    """A fault at the top level may concern several keys; then its own text begins with a key path."""
    return text if place == TOP and re.match(r"[a-z_]+(\.\w+)+: ", text) else f"{place}: {text}"


def _at_its_key(fault: Any) -> Any:
    """Move a fault of the key that chooses between alternatives, which pydantic reports one level above."""
    if fault["type"] not in {"union_tag_not_found", "union_tag_invalid"}:
        return fault
    key = fault["ctx"]["discriminator"].strip("'")
    place = (*fault["loc"], key)
    if key not in fault["input"]:
        return {"type": "missing", "loc": place}
    allowed = fault["ctx"]["expected_tags"].replace(", ", " or ")
    return {"type": "tag", "loc": place, "msg": f"should be {allowed}", "input": fault["input"][key]}


def _within(place: str, told: Mapping[str, Any]) -> bool:
    """Whether a key below has a fault too: then its type was meant, and faults of other types are noise."""
    return any(other.startswith(f"{place}.") for other in told)


def _message(fault: Any, schema: dict[str, Any]) -> str:
    kind, place = fault["type"], fault["loc"]
    if kind == "missing":
        return "required, but absent"
    if kind == "extra_forbidden":
        return f"unknown key; allowed are {', '.join(_keys(schema, place[:-1]))}"
    if kind == "model_type":
        return f"should have the keys {', '.join(_keys(schema, place))}, found {_shown(fault['input'])}"
    if kind == "value_error":  # our own validators name what they found
        return str(fault["msg"]).removeprefix("Value error, ")
    # Pydantic marks a fault of a key itself, and not of its value, by this last part of the place.
    subject = "the key " if "[key]" in place else ""
    said = re.sub(r"^(Input|String|List|Tuple|Dictionary) ", "", str(fault["msg"]))
    return f"{subject}{said}, found {_shown(fault['input'])}"


def _merged(texts: Sequence[str]) -> str:
    """Where a value may be of several types, pydantic complains once for each."""
    heads = dict.fromkeys(text.split(", found ")[0] for text in texts)
    return texts[0] if len(heads) == 1 else " or ".join([*list(heads)[:-1], texts[-1]])


def _shown(value: Any) -> str:
    try:
        text = json.dumps(_pruned(value), default=str)
    except TypeError:  # YAML knows keys that JSON does not
        text = repr(_pruned(value))
    text = masked(text)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _pruned(value: Any, depth: int = 3) -> Any:
    """As much of a value as can be shown; json would write out all of it first."""
    if not depth:
        return "…"
    if isinstance(value, Mapping):
        return {key: _pruned(value[key], depth - 1) for key in islice(value, LONGEST)}
    return [_pruned(one, depth - 1) for one in islice(value, LONGEST)] if isinstance(value, list) else value


def _path(fault: Any, content: Any) -> str:
    """The keys as they stand in the file, without the names of alternatives that pydantic puts between."""
    place: Sequence[str | int] = fault["loc"]
    kept: list[str] = []
    here = content
    for number, part in enumerate(place):
        in_file = part in here if isinstance(here, Mapping) else _has(here, part)
        if in_file:
            here = here[part]
        absent = number == len(place) - 1 and fault["type"] == "missing"
        if in_file or absent:
            kept.append(key_text(part))
    return ".".join(kept) or TOP


def key_text(part: str | int) -> str:
    """A key as it may stand in a line, whatever the file has there."""
    text = str(part)
    return text if text.isprintable() and len(text) <= LONGEST else _shown(text)


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
            # Keys that are free but must match a pattern, such as the names of columns.
            patterns = [*here.get("patternProperties", {}).values()]
            here = properties.get(part) or here.get("additionalProperties") or next(iter(patterns), {})
        # A section that may be absent is it or null.
        here = next((one for one in here.get("anyOf", ()) if "$ref" in one), here)
        if "$ref" in here:
            here = schema["$defs"][here["$ref"].rsplit("/", 1)[-1]]
    return list(here.get("properties", {}))
