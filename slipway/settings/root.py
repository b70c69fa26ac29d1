"""A project on disk: its root, its settings, and the one ignored folder that holds all state."""

import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from slipway.base.addresses import name_of, without_user
from slipway.base.errors import UsageError
from slipway.settings.card import Card
from slipway.settings.load import load_card, load_project
from slipway.settings.project import EMBEDDED, ProjectSettings

FIRST = "slipway new-system NAME --from FILE --label COLUMN"
"""What a project without systems needs first."""
ANOTHER = re.compile(r"%[0-9A-Fa-f]{2}|\?")
"""In the address of a SQLite file, SQLAlchemy takes `%20` for a space and ends the path at `?`."""


@dataclass(frozen=True)
class Project:
    """A folder with a `project.yaml`."""

    root: Path

    @classmethod
    def find(cls, start: Path | None = None) -> "Project":
        """The project that `start` (default: the working directory) lies in, as Git finds a repository.

        Raises:
            UsageError: no `project.yaml` lies there or in a folder above, or MLflow would not find it there.
        """
        here = (start or Path.cwd()).resolve()
        for folder in (here, *here.parents):
            if (folder / "project.yaml").is_file():
                return cls(_addressed(folder))
        raise UsageError(f"{here}: no project.yaml here or in any folder above")  # guard settings.project

    @cached_property
    def settings(self) -> ProjectSettings:
        """`project.yaml`."""
        return load_project(self.root)

    def card(self, system: str | None = None) -> Card:
        """The design card of one system, by default the project's default system.

        Raises:
            UsageError: the project has no systems, or lists none of this name; or the card has a fault.
        """
        listed = self.settings.systems
        if not listed:
            # guard settings.systems
            raise UsageError(f"{self.root / 'project.yaml'}: systems: none yet; make one with `{FIRST}`")
        name = system or self.settings.default_system or listed[0]
        if name not in listed:
            raise UsageError(f"no system {name!r}; project.yaml lists {listed}")  # guard settings.system
        return load_card(self.root, name)

    @property
    def state(self) -> Path:
        """The ignored folder: registry, runs, Bentos, records, locks."""
        return self.root / ".slipway"

    @property
    def kept(self) -> Path:
        """The part of it that belongs to the versions of one registry: Bentos, servers, traffic, locks."""
        return self.kept_of(self.tracking_uri)

    def kept_of(self, uri: str) -> Path:
        """As `kept`, of the registry at an address."""
        if uri == self.embedded_tracking_uri:
            return self.state
        return self.state / "registries" / name_of(uri)

    @property
    def kept_of_all(self) -> list[Path]:
        """As `kept`, of every registry that this folder was used with."""
        return [self.state, *sorted((self.state / "registries").glob("*"))]

    @property
    def outbox(self) -> Path:
        """The folder of what a webhook is still to be told; see `slipway.webhook`."""
        return self.kept / "outbox"

    def source(self, system: str) -> Path:
        """The folder of a system's raw data: its table, or the package of its generator."""
        return self.root / "systems" / system / "source"

    @property
    def embedded_tracking_uri(self) -> str:
        """The SQLite registry in the state folder."""
        return f"sqlite:///{self.state / 'registry' / 'mlflow.db'}"

    @property
    def tracking_uri(self) -> str:
        """Environment first, then `project.yaml`, then the embedded registry."""
        return (
            os.environ.get("MLFLOW_TRACKING_URI") or self.settings.tracking_uri or self.embedded_tracking_uri
        )

    @property
    def embedded(self) -> bool:
        """Whether the registry is the one in the state folder, and no one else's."""
        return self.tracking_uri == self.embedded_tracking_uri

    @property
    def target(self) -> str | None:
        """The target that moves aliases of the registry, None where `project.yaml` binds none to it."""
        here = EMBEDDED if self.embedded else without_user(self.tracking_uri)
        bound = {without_user(uri): name for name, uri in self.settings.targets.items()}
        return bound.get(here)


def _addressed(root: Path) -> Path:
    """A folder, if the address of a database in it is read as that folder.

    Quoted it would be read so, but MLflow makes the folders of the quoted path beside it.
    """
    if (odd := ANOTHER.search(str(root))) is not None:
        raise UsageError(
            f"{root}: found {odd.group()!r} in the path, by which MLflow would put the registry into another "
            "folder; move the project to one without"
        )  # guard settings.folder
    return root
