"""Find the code of a system by its name."""

import sys
from importlib import import_module
from pathlib import Path

from slipway.base.errors import UsageError
from slipway.system.interface import System


def load_system(name: str, root: Path) -> System:
    """The `system` of `systems/<name>/__init__.py` under `root`, whichever was loaded before.

    Raises:
        UsageError: the file is absent, imports what cannot be imported, or holds no system.
    """
    place = root / "systems" / name / "__init__.py"
    if not place.is_file():
        raise UsageError(f"{place}: no such file")  # guard settings.code
    _look_first_in(root, f"systems.{name}")
    try:
        module = import_module(f"systems.{name}")
    except ImportError as error:
        raise UsageError(f"{place}: cannot be imported: {error}") from error  # guard settings.code
    found = getattr(module, "system", None)
    if not isinstance(found, System):
        # guard settings.code
        raise UsageError(f"{place}: `system` must be a slipway System, found {found!r}")
    return found


def _look_first_in(root: Path, package: str) -> None:
    """Make Python import the package from `root`, wherever it imported one of that name from before.

    `systems` is a namespace package over all of `sys.path`, and the first place that has the name wins.
    """
    if sys.path[:1] != [str(root)]:
        sys.path[:] = [str(root), *(place for place in sys.path if place != str(root))]
    for name, module in list(sys.modules.items()):
        if f"{name}.".startswith(f"{package}."):
            file = getattr(module, "__file__", None)
            # Of other roots alone: what was loaded from this one stays the same object.
            if file is None or not Path(file).is_relative_to(root):
                del sys.modules[name]
