"""A laptop's traffic moves nothing in a registry that others use."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from slipway.base.errors import Refused
from slipway.registry.versions import Registry
from slipway.stages.canary import canary
from slipway.stages.clear import clear
from slipway.stages.first import first
from slipway.stages.package import package
from slipway.stages.recover import settle
from slipway.stages.shadow import shadow
from tests.slipway.stages.conftest import RUN, Desk
from tests.slipway.stages.shared import share, trained

SHARED_REGISTRY = pytest.mark.gate(
    "registry.embedded",
    fed="a laptop's demo, rollout, rollback or alias while the registry is a shared one",
    stops="package",
    exit=3,
    reason="the local target moves aliases of the embedded registry only",
    untouched="no alias but staging moved, nothing barred or cleared, no Bento built, no traffic shifted",
)


@dataclass(frozen=True)
class Team:
    """What a team's registry says, and the files that a stage gets."""

    desk: Desk
    smoked: Path

    @property
    def one(self) -> dict[str, Any]:
        """Version 1, its Bento and the data, as stages of the rollout get them."""
        return {"version": 1, "bento": "b:1", "data": self.desk.data}

    @property
    def registry(self) -> Registry:
        """The shared one, as the environment names it."""
        return self.desk.registry

    def seen(self) -> tuple[dict[str, str], dict[str, str]]:
        """Its aliases, and the tags of its version."""
        client, name = self.registry.client, self.registry.name
        return client.get_registered_model(name).aliases, client.get_model_version(name, "1").tags


@pytest.fixture
def team(desk: Desk, database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Team:
    """A registry outside of the project, with a version that is staged, barred and in production."""
    registry = trained(desk, share(desk, database, tmp_path, monkeypatch))
    assert registry.resolve("staging") == 1
    registry.client.set_registered_model_alias(registry.name, "production", "1")
    registry.client.set_model_version_tag(registry.name, "1", "slipway.barred", "by the team")
    (tmp_path / "smoked.json").write_text("[]")
    return Team(desk, tmp_path / "smoked.json")


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(lambda team: team.registry.point("production", None), id="point"),
        pytest.param(lambda team: team.registry.bar(1, "by a laptop"), id="bar"),
        pytest.param(lambda team: team.registry.clear(1), id="clear"),
        pytest.param(lambda team: settle(team.registry.line), id="recover"),
        pytest.param(lambda _: package(RUN, 1), id="package"),
        pytest.param(
            lambda team: canary(
                RUN, version=1, stable=2, data=team.desk.data, evidence=team.desk.root / "evidence"
            ),
            id="canary",
        ),
        pytest.param(
            lambda team: shadow(
                RUN, version=1, stable=2, data=team.desk.data, evidence=team.desk.root / "evidence"
            ),
            id="shadow",
        ),
        pytest.param(
            lambda team: first(RUN, smoked=team.smoked, report=team.desk.root / "r", **team.one), id="first"
        ),
    ],
)
@SHARED_REGISTRY
def test_a_shared_registry_is_left_alone(team: Team, act: Callable[[Team], object]) -> None:
    """Every way to an alias is closed, each by itself."""
    aliases, tags = team.seen()

    with pytest.raises(Refused, match="embedded registry only"):
        act(team)
    assert team.seen() == (aliases, tags)
    assert not list((team.desk.root / ".slipway").rglob("bentoml"))
    assert not list((team.desk.root / ".slipway").rglob("local"))


@SHARED_REGISTRY
def test_no_record_tells_of_a_version_that_is_not_cleared(team: Team) -> None:
    """The record comes before the bar goes, so it is asked before that."""
    before = team.seen()
    runs = len(team.registry._runs(""))
    with pytest.raises(Refused, match="embedded registry only"):
        clear(team.registry.line, 1, "mended")
    assert (team.seen(), len(team.registry._runs(""))) == (before, runs)
