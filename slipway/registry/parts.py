"""A file of a record as anybody may have left it there: read, or said why not, and never waited for."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

MOST = 16 * 2**20
"""Bytes of a record; they have some 10 thousand."""


@dataclass(frozen=True)
class Part:
    """What a file holds, or why that is not known."""

    content: bytes = b""
    fault: str = ""


TOO_LARGE = Part(fault=f"more than {MOST:,} bytes")


def part(path: Path) -> Part:
    """Read a file that nobody here has written; a pipe would never end, and a link leads anywhere."""
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            os.close(opened)
            return Part(fault=f"{path.name}: found no regular file")
        with os.fdopen(opened, "rb") as file:
            content = file.read(MOST + 1)
    except OSError as error:
        return Part(fault=f"{path.name}: cannot be read: {error.strerror}")
    return TOO_LARGE if len(content) > MOST else Part(content)
