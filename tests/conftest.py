"""What every test stands on: nothing that a developer's shell names is touched."""

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def no_registry_of_the_shell() -> Iterator[None]:
    """Neither a tracking server nor a run, here and in the processes of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID"):
            patch.delenv(name, raising=False)
        yield
