"""What a cluster would say of a manifest: the structural schema of its CRD, with unknown fields refused."""

import gzip
from pathlib import Path
from typing import Any

import jsonschema
import yaml


def load_schema(path: Path) -> dict[str, Any]:
    """The schema of the one served version of a gzipped CRD, closed."""
    crd = yaml.load(gzip.decompress(path.read_bytes()), Loader=yaml.CSafeLoader)
    served = [version for version in crd["spec"]["versions"] if version["served"]]
    return closed(served[0]["schema"]["openAPIV3Schema"])


def closed(schema: Any) -> Any:
    """Refuse properties that are not listed, unless the schema preserves unknown ones.

    Kubernetes prunes such fields without a word, so a typing error would only show as a missing effect.
    """
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {
        key: {name: closed(one) for name, one in value.items()} if key == "properties" else closed(value)
        for key, value in schema.items()
    }
    is_open = inner.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in inner
    if "properties" in inner and not is_open:
        inner["additionalProperties"] = False
    return inner


def faults(manifest: dict[str, Any], schema: dict[str, Any]) -> list[str]:
    """One line per fault, with its place. Draft 4 is the dialect of JSON Schema nearest to that of CRDs."""
    found = jsonschema.Draft4Validator(schema).iter_errors(manifest)
    return [f"{'.'.join(map(str, fault.absolute_path))}: {fault.message}" for fault in found]
