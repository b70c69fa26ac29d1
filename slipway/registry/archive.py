"""What a backup is: the files of a state folder in one tar, and last an index of them with their digests."""

from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from slipway.base.documents import Document
from slipway.base.errors import UsageError
from slipway.base.strict import Strict

INDEX = "slipway-backup.json"
Packing = Literal["w:", "w:gz", "w:xz"]
PACKINGS: dict[str, Packing] = {".tar": "w:", ".tar.gz": "w:gz", ".tgz": "w:gz", ".tar.xz": "w:xz"}
LEFT_OUT = (
    "bentoml/build.lock",
    "bentoml/envs",
    "bentoml/tmp",
    "locks",
    "logs",
    "plans",
    "restoring",
    "runs",
    "servers",
)
"""Of the state folder, what belongs to this machine and moment, or is made anew."""


class Held(Strict):
    """A file of an archive."""

    sha256: str
    size: int


class Index(Document):
    """Says what an archive holds. It is written last, so an archive that was cut off has none."""

    schema_version: Literal[1] = 1
    project: Annotated[str, Field(description="name of project.yaml")]
    made_at: AwareDatetime
    made_by: str
    key: Annotated[str | None, Field(description="id of the local key that signed here; None where none did")]
    broken: Annotated[
        dict[str, list[str]], Field(description="what `slipway history --verify` found then, by line")
    ]
    files: Annotated[dict[str, Held], Field(description="by path below the state folder")]


def packing(name: str) -> Packing:
    """How an archive is packed, as a mode of `tarfile`, by the end of its name.

    Raises:
        UsageError: nothing here reads or writes that.
    """
    for end, kind in PACKINGS.items():
        if name.endswith(end):
            return kind
    raise UsageError(f"{name}: expected a name that ends in {', '.join(PACKINGS)}")  # guard backup.name


def is_left_out(path: PurePosixPath) -> bool:
    """Whether a file, by its path below the state folder, is in no backup."""
    beside = path.name.startswith(".") and path.name.endswith((".part", ".old"))
    return beside or path.suffix == ".lock" or any(path.is_relative_to(one) for one in LEFT_OUT)
