"""JSON documents that slipway keeps: read strictly, and a fault is one line that names the file."""

import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from slipway.base.errors import SlipwayError
from slipway.base.faults import explain
from slipway.base.strict import Strict


class Document(Strict):
    """A JSON document with a `schema_version`."""

    @classmethod
    def renewed(cls, content: dict[str, Any]) -> dict[str, Any]:
        """Bring the content of an older `schema_version` into the shape of the newest.

        It is validated afterwards: content of no known shape may end in a KeyError or TypeError here.
        """
        return content


Kind = TypeVar("Kind", bound=Document)


def read(path: Path, model: type[Kind], advice: str = "") -> Kind:
    """Read a document from a file.

    Raises:
        SlipwayError: the file is absent or cannot be read, or as for `parse`.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SlipwayError(f"{path}: {error.strerror}{_then(advice)}") from error
    return parse(content, model, str(path), advice)


def parse(content: bytes, model: type[Kind], place: str, advice: str = "") -> Kind:
    """Validate a document against its model, and so against its JSON schema.

    A model reads every `schema_version` that its type lists, and writes the default, which is the newest.

    Args:
        place: where the document comes from, to begin the message with.
        advice: what the user can do if it cannot be read, to end the message with.

    Raises:
        SlipwayError: it was cut off, is something else, or was written by a newer slipway.
    """
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:  # the latter for brackets nested thousands deep
        raise SlipwayError(
            f"{place}: cut off or no JSON, expected a {model.__name__} ({error}){_then(advice)}"
        ) from error  # guard document.whole
    # Asked before validation, which would complain of new keys and not say that slipway is too old.
    known = model.model_fields["schema_version"].default
    version = found.get("schema_version") if isinstance(found, dict) else None
    if isinstance(version, int) and version > known:
        raise SlipwayError(
            f"{place}: schema_version {version} of a {model.__name__} was written by a newer slipway, "
            f"this one reads up to {known}: upgrade slipway"
        )  # guard document.newer
    renewed = _renewed(model, found)
    try:
        # Validated as JSON: in Python mode a strict model refuses the texts and lists that JSON has in
        # place of dates and tuples.
        return model.model_validate_json(json.dumps(renewed) if renewed is not found else content)
    except ValidationError as error:
        told = explain(error, renewed, model)
        raise SlipwayError(f"{place}: this is no {model.__name__}: {told}{_then(advice)}") from error


def _renewed(model: type[Document], found: Any) -> Any:
    try:
        return model.renewed(found)
    except (KeyError, TypeError, ValueError, AttributeError):
        return found  # it has the shape of no version, and validation says why


def _then(advice: str) -> str:
    return f"; {advice}" if advice else ""
