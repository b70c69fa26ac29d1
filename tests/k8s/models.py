"""What the `kserve` package's typed models say of a manifest."""

import re
from typing import Any

NATIVE = {"str": str, "int": int, "bool": bool, "float": (int, float)}


def faults(data: Any, kind: str, where: str = "") -> list[str]:
    """Walk the manifest and the models together: unknown keys and wrong types, one line each."""
    if item := re.fullmatch(r"list\[(.+)\]", kind):
        return [line for n, one in enumerate(data) for line in faults(one, item[1], f"{where}[{n}]")]
    if item := re.fullmatch(r"dict\((?:[^,]+), (.+)\)", kind):
        return [line for key, one in data.items() for line in faults(one, item[1], f"{where}.{key}")]
    if kind in NATIVE:
        fits = isinstance(data, NATIVE[kind]) and (kind == "bool" or not isinstance(data, bool))
        return [] if fits else [f"{where}: {data!r} is not {kind}"]
    if kind == "object" or not (types := _model(kind).openapi_types):
        return []
    names = {name: types[attribute] for attribute, name in _model(kind).attribute_map.items()}
    lines = [f"{where}.{key}: not a field of {kind}" for key in data if key not in names]
    return lines + [
        line
        for key, value in data.items()
        if key in names
        for line in faults(value, names[key], f"{where}.{key}")
    ]


def _model(kind: str) -> Any:
    import kserve.models
    import kubernetes.client

    return getattr(kserve.models, kind, None) or getattr(kubernetes.client, kind)
