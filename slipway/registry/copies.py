"""Copies of records that hold, for a server would be asked six times for each, again and again.

A signed record never changes, so a copy is as good as it: it is held against its signature and against the
records that name it, as what a server sends is. Whoever changes the server's is found out by `slipway history
--verify`, which takes no copy.
"""

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from slipway.base.atomic import write_text
from slipway.records.kept import Kept
from slipway.records.seal import hexdigest


class Copies:
    """What lies in runs of one line that ended, in a folder: a file for each, named by its content too."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def of(self, run: str) -> list[Kept] | None:
        """The records of a run, without signatures that came later; None where there is no whole copy."""
        if (path := self._paths.get(run)) is None:
            return None
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None
        if path.stem != _named(run, text):
            return None
        return [
            Kept(run, one["id"], one["content"].encode(), one["seal"].encode()) for one in json.loads(text)
        ]

    def keep(self, run: str, kept: Sequence[Kept]) -> None:
        """Copy the records of a run, all of which hold."""
        said = [
            {"id": one.id, "content": one.content.decode(), "seal": (one.seal or b"").decode()}
            for one in kept
        ]
        text = json.dumps(said)
        path = self.folder / f"{_named(run, text)}.json"
        if self._paths.get(run) != path:
            self.drop(run)
            write_text(path, text)
            self._paths[run] = path

    def drop(self, run: str) -> None:
        """Ask the server the next time."""
        if (path := self._paths.pop(run, None)) is not None:
            path.unlink(missing_ok=True)

    @cached_property
    def _paths(self) -> dict[str, Path]:
        return {path.stem.rpartition("-")[0]: path for path in self.folder.glob("*.json")}


def _named(run: str, text: str) -> str:
    return f"{run}-{hexdigest(text.encode())}"
