"""Find the code of a system by its name."""

import sys
from importlib import import_module
from pathlib import Path

from slipway.errors import UsageError
from slipway.system.interface import System


def load_system(name: str, root: Path) -> System:
    """The `system` of `systems/<name>/__init__.py` under `root`.

    Raises:
        UsageError: the file is absent, imports what cannot be imported, or holds no system.
    """
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    place = root / "systems" / name / "__init__.py"
    if not place.is_file():
        raise UsageError(f"{place}: no such file")
    try:
        module = import_module(f"systems.{name}")
    except ImportError as error:
        raise UsageError(f"{place}: cannot be imported: {error}") from error
    found = getattr(module, "system", None)
    if not isinstance(found, System):
        raise UsageError(f"{place}: `system` must be a slipway System, found {found!r}")
    return found
