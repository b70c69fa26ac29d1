"""Two Bentos for all tests of the rollout."""

import pytest

from tests.rollout.live import Live


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Live:
    """A project, in a folder with a space, that has packaged two versions."""
    from tests.rollout.live import make_live

    return make_live(tmp_path_factory.mktemp("rollout") / "a project")
