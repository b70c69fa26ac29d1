"""A line of versions: one system at one size. Sizes are never compared with each other."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import get_args

from slipway.settings.card import Card
from slipway.settings.data import Size
from slipway.settings.project import bento_name, line_name
from slipway.settings.root import Project


@dataclass(frozen=True)
class Line:
    """One system at one size; only versions of the same line are compared.

    It knows the card of its versions, and the name of whatever belongs to them in the registry and on disk.
    """

    project: Project
    system: str
    size: Size

    @property
    def name(self) -> str:
        """As files and experiments call it: `ad_click`, `ad_click-small`."""
        return line_name(self.system, self.size)

    @property
    def registered(self) -> str:
        """The name of its versions in the registry."""
        return f"{self.project.settings.name}.{self.name}"

    @property
    def bento(self) -> str:
        """The name of its Bentos."""
        return bento_name(self.registered)

    @cached_property
    def card(self) -> Card:
        """The design card of its system."""
        return self.project.card(self.system)

    @property
    def data(self) -> Path:
        """The folder of its DVC outputs."""
        return self.project.root / "data" / self.system / self.size

    @property
    def lock(self) -> Path:
        """Held by whoever moves its `production`."""
        return self._kept("locks", f"{self.name}.lock")

    @property
    def traffic_lock(self) -> Path:
        """Held by whoever has its traffic on this machine."""
        return self._kept("locks", f"local-{self.name}.lock")

    @property
    def stop_request(self) -> Path:
        """The file by which somebody asks for its traffic, with the reason, while they wait for it."""
        return self._kept("locks", f"stop-{self.name}.txt")

    def note(self, name: str) -> Path:
        """A note for whoever has its traffic on this machine, or by them."""
        return self._kept("locks", f"{name}-{self.name}.json")

    @property
    def intent(self) -> Path:
        """The intent of a move of its `production`; the file is there until the move has ended."""
        return self._kept("intents", f"{self.name}.json")

    @property
    def traffic(self) -> Path:
        """The state of its traffic on this machine: the versions that get it, and how much each."""
        return self._kept("local", f"{self.name}.json")

    @property
    def fronts(self) -> Path:
        """The folder in which every `slipway serve` of it says where it answers."""
        return self._kept("local", f"{self.name}-fronts")

    @property
    def last(self) -> Path:
        """What its last demo decided, and on which inputs."""
        return self._kept("last", f"{self.name}.json")

    def _kept(self, folder: str, name: str) -> Path:
        return self.project.kept / folder / name


def lines_of(project: Project) -> list[Line]:
    """Every line that the project's systems may have, whether or not there is anything of it."""
    return [Line(project, name, size) for name in project.settings.systems for size in get_args(Size)]
