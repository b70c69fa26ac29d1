"""What every target does, asked of the local one, of a cluster's and of one that lives in variables."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from slipway.base.errors import Refused, SlipwayError
from slipway.records.canary import CanaryEvidence
from slipway.release import servers
from slipway.rollout.controller import run_canary
from slipway.rollout.replay import Replay
from slipway.rollout.target import Deployed, Target, TrafficState
from slipway.rollout.targets import bind
from slipway.rollout.targets.cluster import cluster
from slipway.settings import Card, Line
from slipway.settings.root import Project
from tests.slipway.cluster.place import images, space
from tests.slipway.rollout.live import Live, at_once, write_replay
from tests.slipway.rollout.targets.memory import Cluster, memory

NOTHING_OVER = lambda: False  # noqa: E731


@dataclass
class Place:
    """A place with two versions, of which users love the second.

    Attributes:
        bound: binds the line to the place; each target is another process's, so to speak.
    """

    bound: Callable[[], Target]
    card: Card
    data: Path
    first: Deployed
    second: Deployed

    def live(self) -> Target:
        """The first version has the traffic."""
        target = self.bound()
        with target.lease.held():
            target.placement.shift(self.first)
        return self.bound()

    def rollout(self, target: Target, canary: Deployed) -> CanaryEvidence:
        """Try a version."""
        arena = target.arena(self.data)
        with target.lease.held(), target.placement.trial(canary, "e") as trial:
            clocks = (lambda: datetime(2026, 1, 1, tzinfo=UTC)), (lambda: 0.0)
            found = run_canary(self.card, target, arena, trial, *clocks, lambda *_: None)
            self.weight = weight(target)
        return found


def weight(target: Target) -> int | None:
    """The canary's percent of units."""
    state = target.placement.state()
    return None if state is None else state.weight


@pytest.fixture(scope="module")
def loved(live: Live, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A replay whose users love what the second version ranks first."""
    folder = tmp_path_factory.mktemp("loved")
    write_replay(folder, 2100, live.folder(live.second))
    return folder


@pytest.fixture(scope="module")
def in_cluster(live: Live, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Target]]:
    """A namespace that knows the images of both versions, and what binds the line to it."""
    line, folder = live.line, tmp_path_factory.mktemp("cluster")
    with space() as found:
        root = folder / "project"
        shutil.copytree(live.project.root, root, ignore=shutil.ignore_patterns(".slipway"))
        found.bind(root, "https://team")
        bound = Line(Project(root), line.system, line.size)
        both = {one.number: one for one in (live.first, live.second)}
        made = images(line, {number: live.folder(one) for number, one in both.items()})

        def target() -> Target:
            return cluster(bound)

        for number, one in both.items():
            target().placement.learn(one, made[number])
        yield target


@pytest.fixture(
    params=[pytest.param(kind, marks=pytest.mark.long) for kind in ("local", "cluster")] + ["memory"]
)
def place(request: pytest.FixtureRequest, live: Live, loved: Path) -> Iterator[Place]:
    """Each kind of place, where nothing is live yet."""
    if request.param == "cluster":
        # What is live stays so for the next test, which saves a start; the first one finds nothing.
        yield Place(request.getfixturevalue("in_cluster"), live.card, loved, live.first, live.second)
        return
    digests = {one.number: one.digest or "" for one in (live.first, live.second)}
    cluster = Cluster(digests, {1: 0.3, 2: 0.6})
    bound = {"local": lambda: bind(live.line), "memory": lambda: memory(cluster, at_once(live.card))}[
        request.param
    ]
    live.line.traffic.unlink(missing_ok=True)
    yield Place(bound, live.card, loved, live.first, live.second)
    for server in servers.running(live.project):
        assert server.owner == os.getpid()
        servers.stop(live.project, server)


def test_at_first_nothing_is_live(place: Place) -> None:
    """Nothing answers, and there is nothing to try a version against."""
    target = place.bound()
    with target.lease.held():
        assert target.placement.answering() is None
        with pytest.raises(SlipwayError, match="nothing is live"), target.placement.trial(place.second, "e"):
            pass
    assert target.placement.state() is None


def test_a_shift_lasts(place: Place) -> None:
    """It is answered by the new version, also for whoever has the lease next."""
    target = place.live()
    assert target.placement.state() == TrafficState(stable=place.first)
    with target.lease.held():
        assert target.placement.answering() == 1
        target.placement.shift(place.second)
        assert target.placement.answering() == 2
    again = place.bound()
    with again.lease.held():
        assert again.placement.answering() == 2
    assert again.placement.state() == TrafficState(stable=place.second)


def test_a_shift_can_be_undone(place: Place) -> None:
    """Once, and only if there was one: else the traffic of a live version would be forgotten."""
    target = place.live()
    with target.lease.held():
        with pytest.raises(SlipwayError, match="no shift to undo"):
            target.placement.restore()
        target.placement.shift(place.second)
        target.placement.restore()
        assert target.placement.answering() == 1
    assert target.placement.state() == TrafficState(stable=place.first)


@pytest.mark.parametrize("number", [2, 9])
def test_what_is_not_to_be_had_gets_no_traffic(place: Place, number: int) -> None:
    """Neither a version that is not there, nor one that is not what its digest says."""
    target, other = place.live(), Deployed(number=number, digest="0" * 64)
    with target.lease.held():
        with pytest.raises(SlipwayError):
            target.placement.shift(other)
        with pytest.raises(SlipwayError), target.placement.trial(other, "e"):
            pass
        with pytest.raises(SlipwayError), target.placement.aside(other):
            pass
        assert target.placement.answering() == 1
    assert target.placement.state() == TrafficState(stable=place.first)


def test_a_trial_shows_and_ends(place: Place) -> None:
    """A canary begins with no share, and has none after the block, whatever happens in it."""
    target = place.live()
    beside = TrafficState(stable=place.first, canary=place.second, experiment="e")
    with suppress(ZeroDivisionError), target.lease.held(), target.placement.trial(place.second, "e") as trial:
        assert (trial.stable, trial.canary, trial.experiment) == (1, 2, "e")
        assert place.bound().placement.state() == beside
        target.placement.set_weight(25)
        assert place.bound().placement.state() == beside.model_copy(update={"weight": 25})
        target.placement.set_weight(1 // 0)
    assert target.placement.state() == TrafficState(stable=place.first)


def test_a_weight_needs_a_canary(place: Place) -> None:
    """There is nothing to send traffic to."""
    target = place.live()
    with target.lease.held(), pytest.raises(SlipwayError, match="no canary"):
        target.placement.set_weight(10)
    assert weight(target) == 0


def test_aside_is_no_traffic(place: Place) -> None:
    """A version can be looked at while another one is live, and without the lease."""
    target = place.live()
    with target.placement.aside(place.second) as served:
        assert served.alive()
        assert served.url.startswith("http://")
        assert target.placement.state() == TrafficState(stable=place.first)
    assert not served.alive()


def test_two_do_not_share_a_line(place: Place) -> None:
    """The second is refused, changes nothing, and may have it afterwards."""
    one, other = place.live(), place.bound()
    with one.lease.held(), one.placement.trial(place.second, "e"):
        during = one.placement.state()
        with pytest.raises(Refused), other.lease.held():
            pass
        assert one.placement.state() == during
        assert one.lease.stop_asked() is None
    with other.lease.held():
        pass


def test_notes_last_as_long_as_the_traffic_is_held(place: Place) -> None:
    """Anybody may leave one for whoever has it; who has it next knows nothing of them."""
    one, people = place.live(), place.bound().lease
    with one.lease.held():
        assert one.lease.note("pause") is None
        people.write("pause", "a holiday")
        people.write("waiting", "for ann")
        people.write("waiting", None)
        assert (people.note("pause"), people.note("waiting")) == ("a holiday", None)
        assert people.left() is None
    with place.bound().lease.held():
        assert people.note("pause") is None


def test_a_rollout_is_promoted_by_its_evidence(place: Place) -> None:
    """The same controller and the same judgement; it leaves its share to the promotion, which then shifts."""
    target = place.live()
    found = place.rollout(target, place.second)
    assert (found.verdict.outcome, found.target) == ("promote", target.name)
    assert place.weight == 50
    assert target.placement.state() == TrafficState(stable=place.first)
    promoting = place.bound()
    with promoting.lease.held():
        promoting.placement.shift(place.second)
        assert promoting.placement.answering() == 2


def test_a_rollout_that_loses_gives_the_traffic_back(place: Place) -> None:
    """Users love the one that is live."""
    target = place.bound()
    with target.lease.held():
        target.placement.shift(place.second)
    found = place.rollout(place.bound(), place.first)
    assert found.verdict.outcome == "abort"
    assert place.weight == 0
    assert place.bound().placement.state() == TrafficState(stable=place.second)


def test_a_shadow_asks_both_and_moves_nothing(place: Place) -> None:
    """Each request has both answers; the canary has no share, and nothing is asked once it is over."""
    target = place.live()
    arena = target.arena(place.data)
    with target.lease.held(), target.placement.trial(place.second, "e") as trial:
        assert len(arena.pairs(waited=True)) == 0
        assert arena.shadow(trial, 100, NOTHING_OVER) == 100
        assert arena.shadow(trial, 100, lambda: True) == 0
        assert weight(target) == 0
    pairs = arena.pairs(waited=True)
    assert len(pairs.known) == 100
    assert pairs.units > 30
    assert not (pairs.stable_failed | pairs.candidate_failed).any()
    assert pairs.candidate.mean() > pairs.stable.mean()
    assert arena.faults == {}


def test_a_canary_goes_on_behind_its_shadow(place: Place) -> None:
    """Where requests are offered here, none comes twice."""
    target = place.live()
    before, after = target.arena(place.data), target.arena(place.data)
    with target.lease.held(), target.placement.trial(place.second, "e") as trial:
        before.shadow(trial, 100, NOTHING_OVER)
        after.resume(100)
        after.warm_up(trial, 20, NOTHING_OVER)
        target.placement.set_weight(50)
        after.observe(trial, 0, 50, 100, NOTHING_OVER)
    seen = after.seen(waited=True)
    assert len(seen) == 100
    if isinstance(after, Replay):
        assert seen.unit.tolist() == after.traffic.unit_codes[120:220].tolist()


def test_an_arena_stops_when_it_is_over(place: Place) -> None:
    """Nothing is observed any more, and what was is kept."""
    target = place.live()
    arena = target.arena(place.data)
    with target.lease.held(), target.placement.trial(place.second, "e") as trial:
        arena.warm_up(trial, 20, NOTHING_OVER)
        assert len(arena.seen(waited=True)) == 0
        target.placement.set_weight(50)
        assert arena.observe(trial, 0, 50, 200, NOTHING_OVER) == 200
        assert arena.observe(trial, 0, 50, 200, lambda: True) == 0
    seen = arena.seen(waited=True)
    assert len(seen) == 200
    assert 50 < seen.canary.sum() < 150
    assert seen.due.all()
    assert arena.faults == {}
