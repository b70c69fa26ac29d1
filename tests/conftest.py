"""What every test stands on: nothing that a developer's shell names is touched."""

import gc
import sys
from collections.abc import Iterator

import pytest

from slipway.base.environment import COLLECTED

gc.set_threshold(COLLECTED)  # before the tests import heavy libraries
REGISTRY = ("MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID")
PYTHON = ("PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE")
"""Images set them, people do not: a command that needs one has to set it."""


def pytest_itemcollected(item: pytest.Item) -> None:
    """What is deep is long: `-m "not long"` leaves out both."""
    if item.get_closest_marker("deep"):
        item.add_marker("long")


@pytest.fixture(scope="session", autouse=True)
def nothing_of_the_shell() -> Iterator[None]:
    """Neither a tracking server nor a run nor a habit of Python's, here and in the processes of the tests.

    Only this process writes no bytecode: tests load the code of versions in it, whose folders a cache would
    change, and for which the library starts processes of their own.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in (*REGISTRY, *PYTHON):
            patch.delenv(name, raising=False)
        patch.setattr(sys, "dont_write_bytecode", True)
        yield
