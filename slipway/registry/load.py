"""Load a version by name, whoever writes to its registry: it is proven before anything of it runs."""

import tempfile
from pathlib import Path

from slipway.base.errors import SlipwayError
from slipway.registry.predictor import Predictor
from slipway.registry.versions import Alias, Registry
from slipway.settings import Line, Size
from slipway.settings.root import Project


def load(
    system: str, size: Size = "full", version: int | Alias = "production", project: Path | str | None = None
) -> Predictor:
    """The predictor of a version; `slipway.load` is this.

    Args:
        version: its number, or an alias. An alias that somebody moved by hand is refused.
        project: a folder in the project, whose settings say whose signature counts; by default the working
            directory.

    Raises:
        Refused: as for `Registry.download`: nobody whose signature counts has signed it, it was changed, or
            its code is not of this project.
        SlipwayError: there is no such version.
    """
    found = Project.find(None if project is None else Path(project))
    registry = Registry(Line(found, system, size))
    number = version if isinstance(version, int) else _pointed(registry, version)
    folder = tempfile.TemporaryDirectory()
    return Predictor(registry.download(number, Path(folder.name)), keeps=folder)


def _pointed(registry: Registry, alias: Alias) -> int:
    number = registry.explained(alias) if alias in ("production", "previous") else registry.resolve(alias)
    if number is None:
        raise SlipwayError(f"{registry.name}: no version has the alias {alias}")
    return number
