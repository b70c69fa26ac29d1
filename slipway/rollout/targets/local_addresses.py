"""Where every `slipway serve` of this machine answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import psutil

from slipway.base.atomic import write_text
from slipway.base.documents import Document, read
from slipway.base.errors import SlipwayError
from slipway.release.processes import alive, began, place_of
from slipway.settings import Line


class Serving(Document):
    """One of them: where it answers, and the process that it ends with.

    Attributes:
        place: the folder that it is written down in, see `place_of`; None by a slipway from before.
    """

    schema_version: Literal[1] = 1
    url: str
    pid: int
    started: float
    place: str | None = None


def serving(line: Line) -> list[Serving]:
    """Those of a line whose processes live.

    Raises:
        SlipwayError: a file says something else.
    """
    return [one for _, one in _written(line) if alive(one.pid, one.started)]


@contextmanager
def written_down(line: Line, url: str) -> Iterator[None]:
    """Say that this process serves a line there, while the block lasts."""
    own = psutil.Process()
    path = line.fronts / f"{own.pid}.json"
    for left, one in _written(line):
        if not alive(one.pid, one.started):
            left.unlink(missing_ok=True)  # of one that was killed
    line.fronts.mkdir(parents=True, exist_ok=True)
    told = Serving(url=url, pid=own.pid, started=began(own), place=place_of(line.fronts))
    write_text(path, told.model_dump_json())
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _written(line: Line) -> Iterator[tuple[Path, Serving]]:
    """Those of this project; what came here with a copy or a backup of another is removed."""
    for path in sorted(line.fronts.glob("*.json")):
        try:
            one = read(path, Serving, "delete it")
            if one.place in (None, place_of(line.fronts)):
                yield path, one
            else:
                path.unlink(missing_ok=True)
        except SlipwayError:
            if path.is_file():
                raise
            # Its process has just ended.
