"""Where the tests of the library stand: a project whose one system is the example."""

import atexit
import shutil
import sys
import tempfile
from pathlib import Path

from tests.root import REPOSITORY

EXAMPLE = Path(__file__).parent / "example"
"""Settings and a system that belong to these tests alone, so that nobody breaks one by editing a card."""


def _example() -> Path:
    """The example with this repository's code around it, for the time of this process."""
    root = Path(tempfile.mkdtemp(prefix="slipway-example-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    shutil.copytree(EXAMPLE, root, dirs_exist_ok=True)
    for entry in REPOSITORY.iterdir():
        if not (root / entry.name).exists() and entry.name not in {".git", ".slipway", ".venv", "data"}:
            (root / entry.name).symlink_to(entry)
    sys.path.append(str(root))
    return root


ROOT = _example()
