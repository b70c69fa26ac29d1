"""The texts of a system that moves, as pure functions: its lock, its card, its generator."""

import ast
import hashlib
import json
from collections.abc import Mapping
from typing import Any

import yaml

from slipway.base.errors import SlipwayError


def entries(lock: Mapping[str, Any], name: str, path: str | None, file: str) -> dict[str, Any]:
    """A system's own lock as entries of the root's; what was hashed then is not hashed again.

    Args:
        path: the source as the lock names it.
        file: what the source is called inside `systems/<name>/source`; nothing where it was a folder.
    """
    found = {}
    for key, entry in lock.items():
        stage, _, size = key.partition("@")
        deps = [_dep(one, name, file) if one["path"] == path else one for one in entry.get("deps", [])]
        params = {
            card: {
                section: {key: one for key, one in value.items() if key != "path"}
                if section == "data.source"
                else value
                for section, value in values.items()
            }
            for card, values in entry.get("params", {}).items()
        }
        changed = {"deps": sorted(deps, key=lambda one: str(one["path"])), "params": params}
        found[f"{stage}@{name}-{size}"] = entry | {key: one for key, one in changed.items() if key in entry}
    return found


def _dep(dep: Mapping[str, Any], name: str, file: str) -> dict[str, Any]:
    """A source that was a file, as the folder that it is alone in, by DVC's hash of folders."""
    if not file:
        return {**dep, "path": f"systems/{name}/source"}
    # The very text of which DVC takes the hash of a folder.
    listed = json.dumps([{"md5": dep["md5"], "relpath": file}], sort_keys=True)
    digest = hashlib.md5(listed.encode(), usedforsecurity=False).hexdigest()
    return {
        "path": f"systems/{name}/source",
        "hash": "md5",
        "md5": f"{digest}.dir",
        "size": dep["size"],
        "nfiles": 1,
    }


def without_path(text: str) -> str:
    """A design card without `data.source.path`; every other character stays.

    Raises:
        SlipwayError: it is written in a way that this does not know.
    """
    content = yaml.safe_load(text)
    # Nodes know where they stand; parsed and written again, the card would lose its comments.
    source = _value(_value(yaml.compose(text, Loader=yaml.SafeLoader), "data"), "source")
    place = next(at for at, (key, _) in enumerate(source.value) if key.value == "path")
    key, value = source.value[place]
    if source.flow_style:
        begin, end = key.start_mark.index, value.end_mark.index
        # With the comma behind it; the last one goes with the comma before it.
        if place + 1 < len(source.value):
            end = source.value[place + 1][0].start_mark.index
        elif place:
            begin = source.value[place - 1][1].end_mark.index
    else:
        begin = text.rfind("\n", 0, key.start_mark.index) + 1
        end = text.find("\n", value.end_mark.index) + 1 or len(text)
    changed = text[:begin] + text[end:]
    del content["data"]["source"]["path"]
    try:
        # Text that was cut may have held more, such as an anchor that stands for a value elsewhere.
        same = yaml.safe_load(changed) == content
    except yaml.YAMLError:
        same = False
    if not same:
        raise SlipwayError("data.source.path: take the key out yourself, then run this again")
    return changed


def _value(node: Any, name: str) -> Any:
    return next(value for key, value in node.value if key.value == name)


def one_deeper(text: str) -> str:
    """A module's text for a package of its name: what it imports relatively lies one folder further up."""
    # By the syntax, for a docstring may hold what looks like an import; from the end, so that places hold.
    code, begins = text.encode(), [0]
    for line in code.splitlines(keepends=True):
        begins.append(begins[-1] + len(line))
    relative = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom) and node.level]
    for node in sorted(relative, key=lambda node: (node.lineno, node.col_offset), reverse=True):
        dot = code.index(b".", begins[node.lineno - 1] + node.col_offset)
        code = code[:dot] + b"." + code[dot:]
    return code.decode()
