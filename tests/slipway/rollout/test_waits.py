"""A canary that people hold: paused, or waiting for an approval that its card asks for."""

import re
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from time import sleep
from typing import Any

import pytest

from slipway.base.errors import Refused
from slipway.rollout import hold
from slipway.rollout.hold import Approval, Notes
from slipway.rollout.target import Deployed, TrafficState
from slipway.rollout.targets.local_lease import LocalLease
from slipway.settings import Line
from slipway.settings.root import Project
from tests.slipway.cli.conftest import settings_only
from tests.slipway.rollout.targets.in_memory import Tried, card, tried, versions
from tests.slipway.rollout.targets.memory import Cluster, MemoryLease

AT = datetime(2026, 1, 1, tzinfo=UTC)
WORSE, BETTER = (0.3, 0.2), (0.1, 0.4)
TRIAL = TrafficState(stable=Deployed(number=1, digest="a"), canary=Deployed(number=2, digest="b"), weight=25)


def approving(world: Cluster, *of: str) -> Callable[[str, str | None], None]:
    """Approves what it waits for, if it is one of these."""

    def heard(name: str, text: str | None) -> None:
        lease = MemoryLease(world)
        if name == "waiting" and text and (waiting := Notes(lease).waiting()) and waiting.of in of:
            hold.approve(lease, TRIAL, "ann", AT, "looks well")

    return heard


STEPS = ("step 1 of 2 (25 %)", "step 2 of 2 (50 %)", "the promotion of version 2")


@pytest.mark.gate(
    "canary.approved",
    fed="a canary that its traffic would promote, whose card asks for an approval that nobody gives in time",
    stops="canary",
    exit=4,
    reason="nobody approved the step, or the promotion, within the hours of the card",
    untouched="no weight beyond what was approved, nothing promoted",
)
@pytest.mark.parametrize(
    ("approval", "given", "weights"),
    [
        ("promotion", (), [0, 25, 50, 0]),
        ("each_step", (), [0, 0]),
        ("each_step", STEPS[:1], [0, 25, 0]),
        ("each_step", STEPS[:2], [0, 25, 50, 0]),
    ],
)
def test_what_nobody_approves_does_not_happen(
    approval: str, given: tuple[str, ...], weights: list[int]
) -> None:
    """The wait has an end, and does not count as time in which the canary showed anything."""
    world = versions(BETTER)
    world.heard = approving(world, *given)
    found = tried(card(approval=approval, approval_hours=0.005), BETTER, pace=0.01, world=world)
    missing = STEPS[2] if approval == "promotion" else STEPS[len(given)]
    first = found.found.verdict.checks[0]
    assert (found.outcome, first.code, first.answer) == ("inconclusive", "canary.approved", "not shown")
    assert first.found == f"nobody approved {missing} within 0.005 hours"
    assert [check.found for check in approvals(found)][1:] == [
        f"ann approved {one} at 2026-01-01 00:00:00: looks well" for one in given
    ]
    assert world.weights == weights


@pytest.mark.parametrize(
    ("approval", "given"), [("none", ()), ("promotion", STEPS[2:]), ("each_step", STEPS)]
)
def test_what_is_approved_goes_on(approval: str, given: tuple[str, ...]) -> None:
    """Who approved what, when and why is kept."""
    world = versions(BETTER)
    world.heard = approving(world, *given)
    found = tried(card(approval=approval), BETTER, world=world)
    assert found.outcome == "promote"
    assert [check.found.split(" at ")[0] for check in approvals(found)] == [
        f"ann approved {one}" for one in given
    ]
    assert world.weights == [0, 25, 50]


def test_an_approval_of_another_wait_does_not_count() -> None:
    """As one that was given to an earlier rollout of the same two versions."""
    world = versions(BETTER)
    old = Approval(id="another", of=STEPS[2], by="ann", at=AT, reason="")
    world.heard = lambda name, _: (
        Notes(MemoryLease(world)).write("approval", old) if name == "waiting" else None
    )
    found = tried(card(approval="promotion", approval_hours=0.005), BETTER, pace=0.01, world=world)
    assert found.failed == ["canary.approved"]


def test_a_paused_canary_decides_nothing() -> None:
    """It keeps its weight, takes as long as one likes, and goes on where it was."""
    world, told = versions(BETTER), []
    people = Pausing(world, until=3)
    found = tried(
        card(), BETTER, pace=0.01, world=world, progress=people.after(told), rest=people.while_paused
    )
    free = tried(card(), BETTER)
    assert (found.outcome, people.rested) == ("promote", 3)
    # What came meanwhile counts, so no more looks are needed than without a pause.
    looks, steps = ([one.step for one in each.found.looks] for each in (found, free))
    assert looks == steps[: len(looks)]
    assert world.weights == [0, 25, 50]
    assert told[1].startswith(
        "paused by ann at 2026-01-01 00:00:00: a holiday; `slipway rollout pause --end`"
    )


def test_a_pause_takes_none_of_the_canary_s_time() -> None:
    """A minute passes at each look at the clock, and it has ten."""
    given = card(min_duration_days=0.0)
    world = versions(BETTER)
    people = Pausing(world, until=30)
    found = tried(given, BETTER, pace=0.1, world=world, progress=people.after([]), rest=people.while_paused)
    assert "canary.in_time" not in found.failed
    assert found.outcome == "promote"


@pytest.mark.gate(
    "canary.watched",
    fed="a paused canary in live traffic that begins to fail",
    stops="canary",
    exit=3,
    reason="canary.error_rate",
    untouched="the pause does not keep it in traffic: its weight is 0",
)
def test_errors_end_a_paused_canary() -> None:
    """Nobody has to end the pause first; of what it earns nothing is decided."""
    world = versions(BETTER)
    people = Pausing(world, until=100)
    people.then = lambda: world.fails.update({2: 0.9})
    found = tried(card(), BETTER, world=world, progress=people.after([]), rest=people.while_paused)
    assert (found.outcome, found.failed[0]) == ("abort", "canary.error_rate")
    assert people.rested < 100
    assert world.weights[-1] == 0


def test_what_it_earns_does_not_end_a_paused_canary() -> None:
    """It is worse by far, and shown to be as soon as it goes on."""
    world = versions(WORSE)
    people = Pausing(world, until=20)
    found = tried(card(), WORSE, world=world, progress=people.after([]), rest=people.while_paused)
    assert (found.outcome, people.rested) == ("abort", 20)


def test_a_paused_canary_can_be_stopped() -> None:
    """By whoever asks for its traffic."""
    world = versions(BETTER)
    people = Pausing(world, until=100)
    people.then = lambda: setattr(world, "asked", "ann aborts: enough")
    found = tried(card(), BETTER, world=world, progress=people.after([]), rest=people.while_paused)
    first = found.found.verdict.checks[0]
    assert (found.outcome, first.code, first.found) == ("abort", "canary.not_stopped", "ann aborts: enough")
    assert people.rested <= 1


class Pausing:
    """Somebody who pauses a canary after its first look, for so many looks of its own at the note."""

    def __init__(self, world: Cluster, until: int) -> None:
        self.lease, self.until, self.rested = MemoryLease(world), until, 0
        self.then: Callable[[], object] = lambda: None

    def after(self, told: list[str]) -> Callable[[int, int, str], None]:
        """Hears its progress."""

        def heard(done: int, total: int, text: str) -> None:
            if not told:
                hold.pause(self.lease, TRIAL, "ann", AT, "a holiday")
                self.then()
            told.append(text)

        return heard

    def while_paused(self, seconds: float) -> None:
        """Ends the pause after a while."""
        self.rested += 1
        if self.rested == self.until:
            hold.go_on(self.lease, TRIAL)


def approvals(found: Tried) -> list[Any]:
    """Those that were given, or that are missing."""
    return [check for check in found.found.verdict.checks if check.code == "canary.approved"]


def lease() -> MemoryLease:
    """Of a rollout that is under way."""
    return MemoryLease(versions(BETTER))


def gone() -> MemoryLease:
    """Of one that was killed."""
    found = lease()
    found.left = lambda: "Lease models/demo: ann has the traffic and has not renewed it"  # type: ignore[method-assign]
    return found


ANN = ("ann", AT, "why")
SAID: list[Callable[[MemoryLease, TrafficState | None], object]] = [
    lambda to, traffic: hold.pause(to, traffic, *ANN),
    hold.go_on,
    lambda to, traffic: hold.approve(to, traffic, *ANN),
    lambda to, traffic: hold.abort(to, traffic, "ann", "why"),
]


@pytest.mark.gate(
    "rollout.under_way",
    fed="`slipway rollout pause`, `approve` or `abort` where no canary is under way",
    stops="canary",
    exit=3,
    reason="no canary is under way",
    untouched="nothing is noted, which a later rollout would obey",
)
@pytest.mark.parametrize("say", SAID)
def test_nothing_is_said_to_nobody(say: Callable[[MemoryLease, TrafficState | None], object]) -> None:
    """Neither where nothing is live."""
    for traffic in (None, TrafficState(stable=Deployed(number=1, digest="a"))):
        with pytest.raises(Refused, match="no canary is under way"):
            say(to := lease(), traffic)
        assert to.cluster.notes == {}


@pytest.mark.gate(
    "rollout.holder_gone",
    fed="`slipway rollout pause`, `approve` or `abort` to a rollout that was killed",
    stops="canary",
    exit=3,
    reason="who had the traffic, since when it is not renewed, and which commands end what was left",
    untouched="nothing is noted",
)
@pytest.mark.parametrize("say", SAID)
def test_nothing_is_said_to_the_dead(say: Callable[[MemoryLease, TrafficState | None], object]) -> None:
    """They would not hear it."""
    with pytest.raises(Refused, match="has not renewed it"):
        say(to := gone(), TRIAL)
    assert to.cluster.notes == {}


@pytest.mark.gate(
    "rollout.pausable",
    fed="`slipway rollout pause` while a canary warms up, or while a shadow has it",
    stops="canary",
    exit=3,
    reason="the canary answers no user yet",
    untouched="nothing is noted, which nobody would obey",
)
def test_only_a_canary_that_answers_users_is_paused() -> None:
    """Before, there is nothing to keep."""
    with pytest.raises(Refused, match="answers no user yet"):
        hold.pause(to := lease(), TRIAL.model_copy(update={"weight": 0}), *ANN)
    assert to.cluster.notes == {}


@pytest.mark.gate(
    "rollout.why",
    fed="`slipway rollout pause` or `abort` without a reason",
    stops="canary",
    exit=3,
    reason="needs a reason",
    untouched="the rollout goes on",
)
@pytest.mark.parametrize(
    "say",
    [lambda to: hold.pause(to, TRIAL, "ann", AT, " "), lambda to: hold.abort(to, TRIAL, "ann", " ")],
)
def test_a_reason_is_asked_for(say: Callable[[MemoryLease], object]) -> None:
    """Whoever looks later has nothing else."""
    with pytest.raises(Refused, match=r"an? (pause|abort) needs a reason"):
        say(to := lease())
    assert to.cluster.notes == {}
    assert to.cluster.asked is None


@pytest.mark.gate(
    "rollout.paused",
    fed="`slipway rollout pause --end` where nothing is paused",
    stops="canary",
    exit=3,
    reason="no pause is there to end",
    untouched="nothing is noted",
)
def test_only_a_pause_ends() -> None:
    """Somebody else may have ended it."""
    with pytest.raises(Refused, match="no pause is there to end"):
        hold.go_on(to := lease(), TRIAL)
    assert to.cluster.notes == {}


@pytest.mark.gate(
    "rollout.waits",
    fed="`slipway rollout approve` before the rollout waits for anything",
    stops="canary",
    exit=3,
    reason="the rollout waits for no approval",
    untouched="nothing is noted, so what comes later still waits",
)
def test_nothing_is_approved_in_advance() -> None:
    """What nobody has seen nobody can approve."""
    with pytest.raises(Refused, match="waits for no approval"):
        hold.approve(to := lease(), TRIAL, *ANN)
    assert to.cluster.notes == {}


def test_what_holds_it_is_told() -> None:
    """A pause first; and a note that somebody has spoilt is told, too."""
    to = lease()
    assert hold.told(to) is None
    waiting = hold.Waiting(id="x", of=STEPS[0], since=AT, until=AT)
    Notes(to).write("waiting", waiting)
    assert hold.told(to) == "waits until 2026-01-01 00:00:00 for approval of step 1 of 2 (25 %)"
    hold.pause(to, TRIAL, *ANN)
    assert hold.told(to) == "paused by ann at 2026-01-01 00:00:00: why"
    to.write("pause", "{")
    assert re.match("the note `pause`: cut off or no JSON", str(hold.told(to)))


def test_an_abort_waits_until_the_traffic_is_free(tmp_path: Path) -> None:
    """On this machine: its holder hears who and why, lets go, and its rollout keeps the record."""
    line = Line(Project(settings_only(tmp_path / "a project")), "ad_click", "small")
    one, began, heard = LocalLease(line, nullcontext), Event(), []

    def hold_it() -> None:
        with one.held():
            began.set()
            while (asked := one.stop_asked()) is None:
                sleep(0.01)
            heard.append(asked)

    holding = Thread(target=hold_it)
    holding.start()
    assert began.wait(60)
    assert hold.abort(LocalLease(line, nullcontext), TRIAL, "ann", "complaints") == 2
    holding.join()
    assert heard == ["ann aborts: complaints"]
