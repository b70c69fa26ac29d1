"""The repository as Git knows it."""

import subprocess
from functools import cache

from tests.root import REPOSITORY


@cache
def files() -> tuple[str, ...]:
    """Tracked files, relative to the root; what merely lies beside them is nobody's business."""
    command = ["git", "-C", str(REPOSITORY), "ls-files", "--cached", "-z"]
    names = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\0")
    return tuple(sorted(name for name in set(names) if name and (REPOSITORY / name).is_file()))


def text(name: str) -> str:
    """The contents of one file."""
    return (REPOSITORY / name).read_text(encoding="utf-8")
