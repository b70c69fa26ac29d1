"""Versions that were decided on before: to go back to them, to clear them, to train them once more."""

from dataclasses import replace

import pytest

from slipway.base.errors import Refused, UsageError
from slipway.cli.move import clear, rollout
from slipway.settings import Line
from slipway.settings.root import Project
from slipway.stages.record import keep, new_record, of_version
from slipway.stages.rollback import roll_back
from slipway.stages.train import CANDIDATE
from tests.slipway.stages.conftest import RUN, Desk
from tests.slipway.stages.test_refusals import decisions, enter


@pytest.mark.gate(
    "rollback.lived",
    fed="`slipway rollback --to` a version that was never in production",
    stops="rollback",
    exit=3,
    reason="was never in production; `slipway rollout --version N` tries it",
    untouched="production not moved, nothing barred, nothing packaged",
)
def test_a_rollback_does_not_lead_to_what_was_never_live(desk: Desk) -> None:
    """It would be a way round the canary; a number that nobody gave is a wrong command line."""
    enter(desk)
    desk.goes_live(1)
    run = desk.registry.start_run("training", RUN.id, "f")
    assert desk.registry.register(run, desk.models / CANDIDATE) == 2

    with pytest.raises(Refused, match="version 2 was never in production"):
        roll_back(Line(Project(desk.root), "ad_click", "small"), "because", 2)
    with pytest.raises(UsageError, match="no version 9 in"):
        roll_back(Line(Project(desk.root), "ad_click", "small"), "because", 9)
    assert desk.registry.resolve("production") == 1
    assert [("registered", 1), ("first", 1)] == decisions(desk)
    assert not (desk.root / ".slipway" / "bentoml").exists()


@pytest.mark.gate(
    "registry.version",
    fed="a number that no version has",
    stops="package",
    exit=2,
    reason="no version N in REGISTRY",
    untouched="no pipeline run begun, nothing built",
)
def test_an_unknown_version_is_said_at_once(desk: Desk) -> None:
    """Before any pipeline starts, and as a wrong command line."""
    enter(desk)

    with pytest.raises(UsageError, match="no version 9 in"):
        rollout(version=9, size="small")
    assert not (desk.root / ".slipway" / "runs").exists()


@pytest.mark.gate(
    "clear.reason_given",
    fed="a barred version to be cleared for a reason that is blank",
    stops="rollback",
    exit=3,
    reason="clearing a version needs a reason",
    untouched="it stays barred, no record kept",
)
def test_a_version_is_cleared_for_a_reason(desk: Desk) -> None:
    """Which its record tells, beside what it was barred for."""
    enter(desk)
    known = replace(of_version(desk.registry, 1), replaced=1)
    keep(desk.registry, new_record(RUN, desk.registry, "rollback", "rollback", "robots", known), None)
    desk.registry.bar(1, "robots")

    with pytest.raises(Refused, match="needs a reason"):
        clear(version=1, reason=" ", size="small")
    assert desk.registry.get(1).barred == "robots"
    clear(version=1, reason="it was the robots' fault", size="small")
    assert desk.registry.get(1).barred is None
    last = desk.registry.records()[-1]
    assert last.decision == "cleared"
    assert last.reason.endswith(" clears it: it was the robots' fault; it was barred: robots")
