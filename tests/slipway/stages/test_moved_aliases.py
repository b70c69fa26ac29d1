"""Aliases and tags that somebody moved by hand, which the records do not explain, lead to no decision."""

from dataclasses import replace

import pytest

from slipway.base.errors import Refused
from slipway.cli.console import Teller
from slipway.cli.jobs import live
from slipway.registry.model_version import BARRED, DIGEST
from slipway.stages.clear import clear
from slipway.stages.record import keep, new_record, of_version
from slipway.stages.register import register
from slipway.stages.rollback import roll_back
from tests.slipway.stages.conftest import RUN, Desk

MOVED = pytest.mark.gate(
    "alias.explained",
    fed="`production` deleted by hand before or during a training run, or `previous` set by hand before a "
    "rollback",
    stops="register",
    exit=3,
    reason="where the alias points, and where the newest record that moved production says",
    untouched="nothing registered, production not moved",
)


@pytest.fixture
def lived(desk: Desk) -> Desk:
    """One version, which is live."""
    register(RUN, **desk.files)
    desk.goes_live(1)
    desk.registry.point("staging", None)
    return desk


@MOVED
def test_nobody_is_compared_with_nobody_because_an_alias_is_gone(lived: Desk) -> None:
    """Neither is a run begun, nor is what one has measured registered."""
    registry = lived.registry
    registry.client.delete_registered_model_alias(registry.name, "production")
    why = "the alias production is not set, expected 1 by record"

    with pytest.raises(Refused, match=why):
        register(RUN, **lived.files)
    with pytest.raises(Refused, match=why):
        live(registry.line, Teller(quiet=True))
    assert not (lived.root / ".slipway" / "runs").exists()
    assert lived.registry.resolve("staging") is None
    assert [one.decision for one in lived.registry.records()] == ["registered", "first", "refused"]


@MOVED
def test_a_rollback_leads_to_no_version_that_somebody_chose(lived: Desk) -> None:
    """Whoever can write to the registry would choose what goes live."""
    registry = lived.registry
    registry.client.set_registered_model_alias(registry.name, "previous", "1")

    with pytest.raises(Refused, match="the alias previous is 1, expected none by record"):
        roll_back(registry.line, "robots")
    assert registry.resolve("production") == 1
    assert registry.get(1).barred is None


@pytest.mark.gate(
    "clear.recorded",
    fed="a version to be cleared whose tag names the digest of another one that was barred",
    stops="rollback",
    exit=3,
    reason="the digest that was registered, and that of the tag",
    untouched="both stay barred, no record kept",
)
def test_a_clearance_is_of_what_was_registered(desk: Desk) -> None:
    """Else a signed record would clear another version than the one that was named."""
    register(RUN, **desk.files)
    registry = desk.registry
    known = replace(of_version(registry, 1), replaced=1)
    keep(registry, new_record(RUN, registry, "rollback", "rollback", "robots", known), None)
    registry.bar(1, "robots")
    registry.client.set_model_version_tag(registry.name, "1", DIGEST, "0" * 64)

    with pytest.raises(Refused, match=r"registered was .*, its tag says '000000000000'"):
        clear(registry.line, 1, "it was a false alarm")
    assert BARRED in registry.client.get_model_version(registry.name, "1").tags
    assert [one.decision for one in registry.records()] == ["registered", "rollback"]
