"""Rollouts carried out between two real servers."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from slipway.base.errors import UsageError
from slipway.records.canary import CanaryEvidence
from slipway.release import servers
from slipway.rollout.call import Call
from slipway.rollout.controller import batches, run_canary
from slipway.rollout.replay import Replay
from slipway.rollout.stop import StopRequest
from slipway.rollout.target import TrafficState, Trial
from slipway.rollout.traffic import Traffic
from slipway.system import load_system
from tests.slipway.rollout.live import Live, traffic, write_replay, write_truth
from tests.slipway.rollout.watched import Watched
from tests.slipway.root import ROOT

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Rollout:
    """One rollout to run on a target that stands; what is not given is as one expects."""

    live: Live
    target: Watched
    canary: int = 2
    timer: Callable[[], float] = lambda: 0.0
    progress: Callable[[int, int, str], None] = lambda done, total, text: None

    def run(self, offered: Traffic) -> CanaryEvidence:
        """Run it, with an empty diary."""
        self.target.diary = []
        return run_canary(
            self.live.card,
            self.target.target,
            Replay(self.live.card, offered, self.target.send),
            Trial(1, self.canary, "experiment"),
            now=lambda: START,
            timer=self.timer,
            progress=self.progress,
        )


@pytest.fixture(scope="module")
def target(live: Live) -> Iterator[Watched]:
    """Versions 1 and 2, each served."""
    with Watched(live, "small").standing() as watched:
        yield watched


@pytest.fixture
def rollout(live: Live, target: Watched) -> Rollout:
    """A rollout of the second version."""
    return Rollout(live, target)


@dataclass(frozen=True)
class Promoted:
    """A rollout that ended well: all that was seen of it."""

    found: CanaryEvidence
    offered: Traffic
    diary: list[tuple[str, Any]]
    told: list[tuple[int, int]]
    weight: int

    @property
    def batches(self) -> list[list[Call]]:
        """The calls of each batch, the two of the warm-up first."""
        return [found for kind, found in self.diary if kind == "calls"]


@pytest.fixture(scope="module")
def promoted(live: Live, target: Watched, tmp_path_factory: pytest.TempPathFactory) -> Promoted:
    """Users love what the canary ranks first."""
    told: list[tuple[int, int]] = []
    rollout = Rollout(live, target, progress=lambda done, total, text: told.append((done, total)))
    offered = traffic(live.card, tmp_path_factory.mktemp("loved"), 2100, live.folder(live.second))
    found = rollout.run(offered)
    return Promoted(found, offered, target.diary, told, target.weight)


def failed(found: CanaryEvidence) -> set[str]:
    """The codes of the checks that failed."""
    return {check.code for check in found.verdict.checks if not check.passed}


def test_a_canary_that_users_love_is_promoted(promoted: Promoted) -> None:
    """The evidence names who was compared, where and by what; the weight waits for the promotion."""
    found = promoted.found

    assert found.verdict.outcome == "promote"
    assert (found.stable, found.canary, found.metric, found.target) == (1, 2, "reward", "local")
    assert promoted.weight == 50


def test_every_request_is_offered_once(promoted: Promoted) -> None:
    """Only those of the warm-up go to both arms."""
    batches = promoted.batches
    bodies = [call.body for batch in batches[1:] for call in batch]

    assert [call.body for call in batches[0]] == bodies[:20]
    assert bodies == [offer.body for offer in promoted.offered.offers(0, 2020)]


def test_the_warm_up_counts_for_nothing(promoted: Promoted) -> None:
    """Both arms answer it while the weight is 0; the looks hold the steps' requests alone."""
    kinds = [found if kind == "weight" else kind for kind, found in promoted.diary]

    assert kinds[:4] == [0, "calls", "calls", 25]
    assert {call.arm for call in promoted.batches[0] + promoted.batches[1]} == {"stable", "canary"}
    assert [look.requests for look in promoted.found.looks] == [*range(200, 801, 200), *range(200, 1201, 200)]
    assert promoted.told == [(20 + done, 2020) for done in range(200, 2001, 200)]


def test_a_step_has_its_weight_before_its_first_request(promoted: Promoted) -> None:
    """And its share of the requests goes to the canary."""
    places = [place for place, one in enumerate(promoted.diary) if one == ("weight", 50)]

    assert places == [8]
    assert [look.weight for look in promoted.found.looks] == [25] * 4 + [50] * 6
    assert promoted.found.looks[3].canary.requests == pytest.approx(200, abs=80)


def test_a_unit_never_leaves_the_canary(promoted: Promoted) -> None:
    """Assignment is sticky, and a rising weight only adds."""
    arms = [call.arm for batch in promoted.batches[2:] for call in batch]
    served = list(zip(promoted.offered.units[20:2020], arms, strict=True))
    before, after = ({unit for unit, arm in part if arm == "canary"} for part in (served[:800], served[800:]))

    assert not before & {unit for unit, arm in served if arm == "stable"}
    assert len(before) < len(after)


def test_a_canary_that_users_like_less_is_aborted(rollout: Rollout, live: Live, tmp_path: Path) -> None:
    """They love what the stable version ranks first."""
    found = rollout.run(traffic(live.card, tmp_path, 2100, live.folder(live.first)))

    assert found.verdict.outcome == "abort"
    assert "canary.metric" in failed(found)
    assert rollout.target.weight == 0


def test_no_request_follows_an_abort(rollout: Rollout, live: Live, tmp_path: Path) -> None:
    """The canary's answers name another version than the one on trial: each is an error."""
    texts: list[str] = []
    rollout.canary, rollout.progress = 3, lambda done, total, text: texts.append(text)
    found = rollout.run(traffic(live.card, tmp_path, 2100))

    assert (found.verdict.outcome, found.metric) == ("abort", "log_loss")
    assert "canary.error_rate" in failed(found)
    assert {look.verdict.outcome for look in found.looks[:-1]} <= {"continue"}
    assert found.looks[-1].canary.errors == found.looks[-1].canary.requests > 0
    assert [kind for kind, _ in rollout.target.diary][-2:] == ["calls", "weight"]
    assert rollout.target.weight == 0
    assert "first error of canary: version 2 answered, not 3" in texts[-1]


@pytest.mark.gate(
    "canary.alive",
    fed="a canary whose server is killed after its first batch",
    stops="canary",
    exit=3,
    reason="canary.error_rate",
    untouched="every user is served by the stable version again, no server left",
    guard="canary.error_rate",
)
def test_a_canary_that_dies_is_aborted(live: Live, tmp_path: Path) -> None:
    """Its errors are evidence, not a crash."""
    with Watched(live, "full").standing() as target:
        rollout = Rollout(live, target)
        process = psutil.Process(target.arms["canary"].pid)
        rollout.progress = lambda done, total, text: process.kill() if done == 220 else None
        found = rollout.run(traffic(live.card, tmp_path, 2100))

        assert target.weight == 0
        left = {server.pid for server in target.arms.values()}
    assert found.looks[0].canary.errors == 0
    assert found.verdict.outcome == "abort"
    assert "canary.error_rate" in failed(found)
    assert target.state() == TrafficState(stable=target.stable)
    assert not left & {server.pid for server in servers.running(live.project)}


def test_versions_that_users_like_alike_are_inconclusive(
    rollout: Rollout, live: Live, tmp_path: Path
) -> None:
    """All requests are used up, and the weight goes back."""
    write_replay(tmp_path, 2020)
    write_truth(tmp_path, np.full(8080, 0.3))
    found = rollout.run(Traffic.load(live.card, load_system("ad_click", ROOT), tmp_path, seed=0))

    assert found.verdict.outcome == "inconclusive"
    assert found.looks[-1].requests == 1200
    assert rollout.target.weight == 0


@pytest.mark.gate(
    "canary.in_time",
    fed="a canary that users love, and a clock on which every request takes a second",
    stops="canary",
    exit=4,
    reason="canary.in_time",
    untouched="no request after ten minutes, the canary's weight back at 0",
)
def test_the_maximum_duration_ends_it(rollout: Rollout, live: Live, tmp_path: Path) -> None:
    """In the middle of a batch: each look at the clock takes one second, before a copy is sent too."""
    times = iter(range(10_000))
    rollout.timer = lambda: float(next(times))
    found = rollout.run(traffic(live.card, tmp_path, 2100, live.folder(live.second)))
    sent = [call for kind, calls in rollout.target.diary if kind == "calls" for call in calls]

    assert (found.verdict.outcome, found.verdict.checks[0].code) == ("inconclusive", "canary.in_time")
    assert [look.requests for look in found.looks[:2]] == [200, 400]
    assert 400 < found.looks[2].requests < 600
    assert len(found.looks) == 3
    assert 580 < len(sent) <= 600
    assert rollout.target.weight == 0


@pytest.mark.gate(
    "canary.not_stopped",
    fed="a canary that users love, and a rollback that asks for the traffic",
    stops="canary",
    exit=3,
    reason="canary.not_stopped",
    untouched="no further request, the canary's weight back at 0",
)
def test_a_stop_that_is_asked_for_aborts(rollout: Rollout, live: Live, tmp_path: Path) -> None:
    """However much users love the canary: nothing more is sent, and the traffic goes back."""
    stop, asked = StopRequest(live.line), ExitStack()
    asks = iter([stop.made("robots", 0)])
    rollout.progress = lambda *_: [asked.enter_context(ask) for ask in asks] and None
    with asked:
        found = rollout.run(traffic(live.card, tmp_path, 2100, live.folder(live.second)))

    assert (found.verdict.outcome, found.verdict.checks[0].found) == ("abort", "robots")
    assert "canary.not_stopped" in failed(found)
    assert [look.requests for look in found.looks] == [200, 200]
    assert rollout.target.weight == 0


def test_a_stop_before_the_first_request_aborts(rollout: Rollout, live: Live, tmp_path: Path) -> None:
    """Evidence of nothing is evidence too."""
    with StopRequest(live.line).made("robots", 0):
        found = rollout.run(traffic(live.card, tmp_path, 2100))

    assert [(look.requests, look.verdict.outcome) for look in found.looks] == [(0, "abort")]
    assert not any(calls for kind, calls in rollout.target.diary if kind == "calls")
    assert rollout.target.weight == 0


def test_a_canary_that_hangs_ends_in_time(live: Live, tmp_path: Path) -> None:
    """What is under way when the time is up fails when its patience is over; nothing more is sent."""
    target = Watched(live, "full")
    target.timeout_s = 0.5
    with target.standing():
        hung = psutil.Process(target.arms["canary"].pid)
        after = iter([*[0.0] * 40, *[600.0] * 40])
        rollout = Rollout(live, target)
        rollout.progress = lambda done, *_: hung.suspend() if done == 220 else None
        rollout.timer = lambda: next(after) if hung.status() == psutil.STATUS_STOPPED else 0.0
        found = rollout.run(traffic(live.card, tmp_path, 2100))
        hung.resume()

    assert [look.requests for look in found.looks[:-1]] == [200]
    # Forty asked for in time, and those under way.
    assert 200 < found.looks[1].requests <= 200 + 40 + 20
    assert found.looks[1].canary.errors > 0
    assert found.verdict.outcome != "promote"


def test_an_error_half_way_takes_the_traffic_back(rollout: Rollout, live: Live, tmp_path: Path) -> None:
    """At once, while the servers still stand."""
    weights: list[int] = []

    def fail(done: int, total: int, text: str) -> None:
        weights.append(rollout.target.weight)
        raise ZeroDivisionError

    rollout.progress = fail
    with pytest.raises(ZeroDivisionError):
        rollout.run(traffic(live.card, tmp_path, 2100))

    assert weights == [25]
    assert rollout.target.weight == 0


def test_too_little_traffic_moves_nothing(rollout: Rollout, live: Live, tmp_path: Path) -> None:
    """No weight is set and no request sent."""
    with pytest.raises(UsageError, match="need 2,020 requests, found 2,019"):
        rollout.run(traffic(live.card, tmp_path, 2019))

    assert rollout.target.diary == []


def test_batches_end_with_their_step() -> None:
    """A step that is no multiple of the batch has a short last batch."""
    assert batches(800, 300) == [300, 300, 200]
    assert batches(200, 300) == [200]
    assert batches(600, 300) == [300, 300]
