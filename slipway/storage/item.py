"""What lies on the disk, and whether anything needs it."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from slipway.base.strict import Strict


@dataclass(frozen=True)
class Item:
    """A file or folder.

    Attributes:
        kind: the class that it is told under.
        size: bytes of its files.
        kept: why it stays; None where nothing needs it.
    """

    kind: str
    path: Path
    size: int
    kept: str | None = None


class Told(Strict):
    """One class of what lies on the disk."""

    name: str
    found: Annotated[int, Field(description="files or folders that nothing needs")]
    bytes: Annotated[int, Field(description="of their files")]
    kept: Annotated[int, Field(description="files or folders that stay")]
    kept_bytes: int
    why: Annotated[str, Field(description="what stays, and why")]


WHY = {
    "runs": "a run that is going on, and the last one that failed",
    "bentos": "of production, previous, staging, canary, traffic and servers; any other is packaged again",
    "environments": "of each version that is live, in an alias or was live and is not barred",
    "logs": "of the last 50 runs, of Bentos that stay and of DVC's last commands",
    "artifacts": "of each run with a version or a record, and of the last day",
    "data": "each hash in a dvc.lock or .dvc file of Git's history or the working tree, or of a version",
    "copies": "nothing: what a shared registry holds is fetched again",
    "temporary": "what a process that lives is writing",
}
"""Every class, in the order in which they are told, with what stays of it."""


def told(items: list[Item]) -> list[Told]:
    """Each class with what is there of it."""
    return [_told(name, [one for one in items if one.kind == name]) for name in WHY]


def _told(name: str, items: list[Item]) -> Told:
    free, kept = ([one for one in items if (one.kept is None) is wanted] for wanted in (True, False))
    return Told(
        name=name,
        found=len(free),
        bytes=sum(one.size for one in free),
        kept=len(kept),
        kept_bytes=sum(one.size for one in kept),
        why=WHY[name],
    )


def size_of(path: Path) -> int:
    """Bytes of a file, or of the files below a folder; what goes meanwhile, and links, count nothing."""
    try:
        if not path.is_dir() or path.is_symlink():
            return path.lstat().st_size
        with os.scandir(path) as found:
            return sum(
                size_of(Path(one))
                if one.is_dir(follow_symlinks=False)
                else one.stat(follow_symlinks=False).st_size
                for one in found
            )
    except FileNotFoundError:
        return 0
