"""Two Bentos, and three versions in a registry, for all tests of the rollout."""

import pytest

from slipway.registry.versions import Registry
from tests.slipway.rollout.live import Live


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Live:
    """A project, in a folder with a space, that has packaged two versions."""
    from tests.slipway.rollout.live import make_live

    return make_live(tmp_path_factory.mktemp("rollout") / "a project")


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """A real registry with three versions, and the second's twin as the fourth."""
    from tests.slipway.rollout.moves import registered

    return registered(tmp_path_factory.mktemp("a project"))


@pytest.fixture
def clean(registry: Registry) -> Registry:
    """The registry with no alias set and nothing barred."""
    for number in range(1, 5):
        for alias in registry.get(number).aliases:
            registry.client.delete_registered_model_alias(registry.name, alias)
        registry.clear(number)
    return registry
