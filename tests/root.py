"""Where tests stand: this repository, and a project whose one system is the example."""

import atexit
import shutil
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
EXAMPLE = REPOSITORY / "tests" / "example"
"""In a project made from the template: settings and a system for the tests of slipway, whatever became of its
own. The template's own tests stand on what the example is made of."""


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


ROOT = _example() if EXAMPLE.is_dir() else REPOSITORY
