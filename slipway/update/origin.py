"""What a project remembers of the template that it was made from."""

import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from slipway.base.documents import Document, read

FILE = ".template.json"


class Origin(Document):
    """`.template.json`, which cookiecutter wrote."""

    schema_version: Literal[1] = 1
    source: Annotated[str | None, Field(description="where Git finds the template; null where nobody knew")]
    version: str
    commit: Annotated[str | None, Field(description="null where it was not committed, or came in an archive")]
    answers: dict[str, str]


def read_origin(project: Path) -> Origin:
    """Read `.template.json` of a project.

    Raises:
        SlipwayError: it has none, or it is broken.
    """
    return read(project / FILE, Origin, "cookiecutter writes it when it makes a project of the template")


def version_of(made: Path) -> str:
    """The version that a made project came from; of a newer template, whose record may have another shape."""
    return str(json.loads((made / FILE).read_text(encoding="utf-8"))["version"])
