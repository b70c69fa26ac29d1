"""What the tests of the library have beside those of a project."""

import shutil
from collections.abc import Iterator

import pytest
from filelock import FileLock

from slipway.base.atomic import whole_file
from slipway.registry.place import DATABASE, MADE, lay_out
from slipway.registry.tracking import Tracking
from tests.slipway.order import rank

GATE = "gate(name, fed, stops, exit, reason, untouched, guard): a gate bites; a row of docs/gates.md"


def pytest_configure(config: pytest.Config) -> None:
    """Markers are strict, so that one with a typing error proves nothing."""
    config.addinivalue_line("markers", GATE)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """One process alone needs no order, and documents are made in that of collection."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: rank(item.nodeid))


@pytest.fixture(scope="session", autouse=True)
def databases_made_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """MLflow takes more than a second for an empty database: it makes one, of which all others are copies."""
    make, first = Tracking._make, tmp_path_factory.mktemp("database") / DATABASE

    def copied(tracking: Tracking) -> None:
        if not first.exists():
            make(tracking)
            shutil.copyfile(tracking.folder / DATABASE, first)
            return
        tracking.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(tracking.folder / MADE):
            if not tracking._made:
                with whole_file(tracking.folder / DATABASE) as aside:
                    shutil.copyfile(first, aside)
                    lay_out(aside, tracking.folder)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Tracking, "_make", copied)
        yield
