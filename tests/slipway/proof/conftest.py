"""The gate markers of this run, where it collected all tests: to collect them again takes ten seconds."""

import pytest

from tests.slipway.proof.gates import Case, marked
from tests.slipway.root import REPOSITORY

MARKED = pytest.StashKey[list[tuple[pytest.Mark, Case]]]()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Before `-m` and `-k` leave any out."""
    every = set((REPOSITORY / "tests").rglob("test_*.py"))
    if {item.path for item in items} == every and not any("::" in given for given in config.args):
        config.stash[MARKED] = marked(items)
