"""JSON documents that slipway keeps: read strictly, and a fault is one line that names the file."""

import json
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from slipway.base.errors import SlipwayError
from slipway.base.faults import explain
from slipway.base.strict import Strict

Document = TypeVar("Document", bound=Strict)


def read(path: Path, model: type[Document], advice: str = "") -> Document:
    """Read a document from a file.

    Raises:
        SlipwayError: the file is absent or cannot be read, or as for `parse`.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SlipwayError(f"{path}: {error.strerror}{_then(advice)}") from error
    return parse(content, model, str(path), advice)


def parse(content: bytes, model: type[Document], place: str, advice: str = "") -> Document:
    """Validate a document against its model, and so against its JSON schema.

    A model reads every `schema_version` that its type lists, and writes the default, which is the newest.

    Args:
        place: where the document comes from.
        advice: what to do about one that is none.

    Raises:
        SlipwayError: it was cut off, is something else, or was written by a newer slipway.
    """
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise SlipwayError(
            f"{place}: cut off or no JSON, expected a {model.__name__} ({error}){_then(advice)}"
        ) from error  # guard document.whole
    known = model.model_fields["schema_version"].default
    version = found.get("schema_version") if isinstance(found, dict) else None
    if isinstance(version, int) and version > known:
        raise SlipwayError(
            f"{place}: schema_version {version} of a {model.__name__} was written by a newer slipway, "
            f"this one reads up to {known}: upgrade slipway"
        )  # guard document.newer
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        told = explain(error, found, model)
        raise SlipwayError(f"{place}: this is no {model.__name__}: {told}{_then(advice)}") from error


def _then(advice: str) -> str:
    return f"; {advice}" if advice else ""
