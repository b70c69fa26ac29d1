"""A warm process to fork from, and a registry with three versions that can be set back."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from slipway.registry.backup import back_up
from slipway.settings.root import Project
from tests.slipway.cli.conftest import settings_only
from tests.slipway.durability.forks import Forks

SCENES = "tests.slipway.durability.scenes"


@dataclass(frozen=True)
class Yard:
    """A project, and copies of the state in which it was."""

    root: Path
    kept: Path
    forks: Forks

    def keep(self, name: str) -> None:
        """Remember the registry, the traffic and the intents under a name."""
        shutil.copytree(self.root, self.kept / name, ignore=shutil.ignore_patterns("artifacts", "versions"))

    def set_back(self, name: str) -> None:
        """Return to them; a journal that a kill left belongs to the database that is replaced."""
        for path in (self.root / ".slipway" / "registry").glob("mlflow.db*"):
            path.unlink()
        shutil.rmtree(self.root / ".slipway" / "intents", ignore_errors=True)
        for one in ("traffic.json", "lease.json", "leases.db"):
            (self.root / one).unlink(missing_ok=True)
        shutil.copytree(self.kept / name, self.root, dirs_exist_ok=True)


@pytest.fixture(scope="session")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    """A process that has imported what the stages import."""
    # a connection must not be inherited
    environment = os.environ | {"MLFLOW_SQLALCHEMYSTORE_POOLCLASS": "NullPool"}
    with Forks(tmp_path_factory.mktemp("forks"), environment) as found:
        yield found


@pytest.fixture(scope="session")
def yard(tmp_path_factory: pytest.TempPathFactory, forks: Forks) -> Yard:
    """Nothing is live; then version 1; then version 2, with 1 to go back to."""
    folder = tmp_path_factory.mktemp("yard")
    root = folder / "a project"
    root.mkdir()
    found = Yard(root, folder / "kept", forks)
    forks.done(root, f"{SCENES}:settle_in")
    found.keep("nothing")
    forks.done(root, f"{SCENES}:move", "first", 1, None, warm=True)
    found.keep("one")
    forks.done(root, f"{SCENES}:again", "promote", 2, 1, warm=True)
    found.keep("two")
    return found


@pytest.fixture(scope="session")
def kept(yard: Yard, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive of a project in which version 2 was promoted over 1."""
    yard.set_back("two")
    out = tmp_path_factory.mktemp("kept") / "a backup.tar"
    back_up(Project(yard.root), out)
    return out


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """A checkout in which nothing was run yet."""
    return settings_only(tmp_path / "a checkout")
