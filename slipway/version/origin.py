"""Which code runs: a version is answered by its own, never by what else Python can find."""

import os
import sys
from pathlib import Path

import slipway
from slipway.base.errors import SlipwayError

OWN = ("slipway", "systems")
"""The packages that a version carries."""
PACKAGE = Path(slipway.__file__).parent
"""The package that runs: a project's own folder, or where a wheel was installed."""


def search_path(code: Path) -> str:
    """A folder as PYTHONPATH.

    Raises:
        SlipwayError: its path holds the character that PYTHONPATH is split at.
    """
    if os.pathsep in str(code):
        raise SlipwayError(
            f"{code}: {os.pathsep!r} in the path; Python would look elsewhere for the code, rename the folder"
        )
    return str(code)


def require_own_code(code: Path) -> None:
    """Refuse to go on when a module that the version carries was imported from outside `code`.

    Looks at what has been imported so far, so it has to be asked again after each load.

    Raises:
        SlipwayError: the line names the module, and where it came from.
    """
    root = code.resolve()
    for name, module in sorted(sys.modules.items()):
        # Namespace packages and built-in modules have no file.
        file = getattr(module, "__file__", None)
        if name.partition(".")[0] in OWN and file and not Path(file).resolve().is_relative_to(root):
            # guard evaluate.own_code
            raise SlipwayError(f"{name}: imported from {file}, expected below {root}")
