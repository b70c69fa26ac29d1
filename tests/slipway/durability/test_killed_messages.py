"""A decision that is killed with SIGKILL before any line of its keeping is told of, once it was taken."""

import shutil
from collections.abc import Iterator

import pytest

from slipway.base.provenance import now
from slipway.registry.versions import Registry
from slipway.settings import Line
from slipway.settings.root import Project
from slipway.webhook.outbox import Outbox, settled
from tests.slipway.durability.conftest import SCENES, Yard

KEPT = "slipway/registry/decisions.py:Decisions.keep,slipway/webhook/outbox.py:*,slipway/base/atomic.py:*"


@pytest.fixture
def telling(yard: Yard) -> Iterator[Yard]:
    """The yard, whose project tells of decisions; afterwards it is as it was."""
    yield yard
    yard.set_back("two")
    shutil.rmtree(yard.root / ".slipway" / "outbox", ignore_errors=True)


def begin(yard: Yard) -> None:
    """Version 1 is live, and nothing is to be told."""
    yard.set_back("one")
    with (yard.root / "project.yaml").open("a") as file:
        file.write("webhook: https://receiver.example.com/\n")
    shutil.rmtree(yard.root / ".slipway" / "outbox", ignore_errors=True)


def found(yard: Yard) -> tuple[set[str], set[str]]:
    """The ids of the promotions that are kept, and of those that would be told now."""
    project = Project(yard.root)
    registry = Registry(Line(project, "ad_click", "small"))
    kept = {one.id for one in registry.records() if one.decision == "promote"}
    known = [settled(one, now(), lambda one: one.name in kept) for one in Outbox(project.outbox).waiting()]
    return kept, {one.name for one in known if one is not None and one.decided}


@pytest.mark.deep
def test_a_decision_is_told_of_wherever_it_was_killed(telling: Yard) -> None:
    """What is kept is told, and nothing else is: right after the kill, and after the next run."""
    move = f"{SCENES}:move"
    begin(telling)
    whole = telling.forks.run(telling.root, move, "promote", 2, 1, functions=KEPT)
    assert whole.code == 0, whole.answer
    assert any("outbox" in line for line in whole.lines)
    for at in whole.spread(24):
        begin(telling)
        assert telling.forks.run(telling.root, move, "promote", 2, 1, functions=KEPT, at=at).killed
        kept, told = found(telling)
        assert told == kept, whole.lines[at - 1]
        telling.forks.done(telling.root, f"{SCENES}:again", "promote", 2, 1)
        kept, told = found(telling)
        assert (len(kept), told) == (1, kept), whole.lines[at - 1]
