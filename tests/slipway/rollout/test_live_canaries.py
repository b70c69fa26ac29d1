"""Canaries judged between two real servers.

Each fault ends by the guardrail that is for it, and an outcome counts once it is known.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from slipway.records.canary import CanaryEvidence
from slipway.rollout import controller, replay
from slipway.rollout.assignment import in_canary
from slipway.rollout.call import Call
from slipway.rollout.client import Reply
from slipway.rollout.replay import Replay
from slipway.rollout.target import Over, TrafficState, Trial
from slipway.rollout.traffic import Traffic
from slipway.system import load_system
from tests.slipway.rollout.live import LIMITS, Live, traffic, write_replay, write_truth
from tests.slipway.rollout.test_controller import START, failed
from tests.slipway.rollout.watched import Watched
from tests.slipway.root import ROOT

Assign = Callable[[Sequence[str], str, float], NDArray[np.bool_]]
BACK = "every user is served by the stable version again, and no request follows"


class Served(Watched):
    """The two servers, of which the canary may take longer."""

    slower = 1.0

    def send(self, calls: Sequence[Call], over: Over) -> list[Reply]:
        """Stretch the canary's latencies."""
        replies = super().send(calls, over)
        return [
            replace(reply, latency_ms=reply.latency_ms * (self.slower if call.arm == "canary" else 1))
            for call, reply in zip(calls, replies, strict=False)
        ]


@dataclass
class Tried:
    """A canary that users love, unless something is changed."""

    live: Live
    target: Served
    folder: Path
    canary: int = 2

    def loved(self, version: int, delay: float = 0.0) -> Traffic:
        """Traffic that a version is made for, whose outcomes are known so many hours later."""
        best = self.live.second if version == 2 else self.live.first
        data = self.live.card.data.model_copy(update={"label_delay_hours": delay})
        card = self.live.card.model_copy(update={"data": data})
        return traffic(card, self.folder, 2020, self.live.folder(best))

    def run(self, offered: Traffic, **guardrails: float) -> CanaryEvidence:
        """Carry the rollout out; users are assigned by whatever the controller has."""
        card = self.live.card
        limits = LIMITS.model_copy(update=guardrails)
        card = card.model_copy(update={"rollout": card.rollout.model_copy(update={"guardrails": limits})})
        self.target.diary = []
        return controller.run_canary(
            card,
            self.target.target,
            Replay(card, offered, self.target.send),
            Trial(1, self.canary, "experiment"),
            now=lambda: START,
            timer=lambda: 0.0,
            progress=lambda done, total, text: None,
        )

    def ended_by(self, found: CanaryEvidence, code: str, outcome: str) -> None:
        """The guardrail alone decided, at the last look, and the canary has no traffic any more."""
        before = {look.verdict.outcome for look in found.looks[:-1]}
        assert (found.verdict.outcome, before <= {"continue"}) == (outcome, True)
        assert found.verdict.checks[0].code == code or outcome == "inconclusive"
        assert code in failed(found)
        state = self.target.state()
        assert state == TrafficState(
            stable=self.live.first, canary=self.live.second, weight=0, experiment="experiment"
        )
        assert self.target.diary[-1] == ("weight", 0)
        assert [kind for kind, _ in self.target.diary].count("calls") == len(found.looks) + 2


@pytest.fixture(scope="module")
def target(live: Live) -> Iterator[Served]:
    """Versions 1 and 2, each served."""
    with Served(live, "small").standing() as served:
        yield served


@pytest.fixture
def trial(live: Live, target: Served, tmp_path: Path) -> Iterator[Tried]:
    """A sound canary."""
    yield Tried(live, target, tmp_path)
    target.slower = 1.0


def half_as_much_again(units: Sequence[str], experiment: str, weight: float) -> NDArray[np.bool_]:
    """A weight that is read wrong."""
    return in_canary(units, experiment, 1.5 * weight)


def by_first_letter(units: Sequence[str], experiment: str, weight: float) -> NDArray[np.bool_]:
    """A hash that is none."""
    return np.array([unit.startswith("1") for unit in units])


def by_request(units: Sequence[str], experiment: str, weight: float) -> NDArray[np.bool_]:
    """A hash that knows the request and not the user."""
    return in_canary([f"{unit} {place}" for place, unit in enumerate(units)], experiment, weight)


@pytest.mark.gate(
    "canary.sample_ratio",
    fed="an assignment whose hash or weight is broken: the canary gets another share of users than planned",
    stops="canary",
    exit=3,
    reason="canary.sample_ratio",
    untouched=BACK,
)
@pytest.mark.parametrize("assign", [half_as_much_again, by_first_letter])
def test_a_biased_assignment_is_aborted(
    trial: Tried, monkeypatch: pytest.MonkeyPatch, assign: Assign
) -> None:
    """Though the canary is the better one: its numbers are of other users than planned."""
    monkeypatch.setattr(replay, "in_canary", assign)

    trial.ended_by(trial.run(trial.loved(2)), "canary.sample_ratio", "abort")


@pytest.mark.gate(
    "canary.sticky",
    fed="an assignment that is not sticky: users of the canary are served by stable again",
    stops="canary",
    exit=3,
    reason="canary.sticky",
    untouched=BACK,
)
def test_an_assignment_that_is_not_sticky_is_aborted(trial: Tried, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each request drawn anew has the planned share, and still compares nobody with nobody."""
    monkeypatch.setattr(replay, "in_canary", by_request)

    trial.ended_by(trial.run(trial.loved(2)), "canary.sticky", "abort")


@pytest.mark.gate(
    "canary.error_rate",
    fed="a canary whose answers fail or name another version than the one on trial",
    stops="canary",
    exit=3,
    reason="canary.error_rate",
    untouched=BACK,
)
def test_an_erring_canary_is_aborted(trial: Tried) -> None:
    """Its answers name version 2 where 3 is on trial."""
    offered = trial.loved(2)
    trial.canary = 3

    trial.ended_by(trial.run(offered), "canary.error_rate", "abort")


@pytest.mark.gate(
    "canary.latency",
    fed="a canary that answers rightly and too slowly at the card's quantile",
    stops="canary",
    exit=3,
    reason="canary.latency",
    untouched=BACK,
)
def test_a_slow_canary_is_aborted(trial: Tried) -> None:
    """A hundred times slower, where four times is allowed: no busy machine makes that up."""
    trial.target.slower = 100.0

    trial.ended_by(trial.run(trial.loved(2), max_latency_ratio=4.0), "canary.latency", "abort")


@pytest.mark.gate(
    "canary.metric",
    fed="a canary that earns less",
    stops="canary",
    exit=3,
    reason="canary.metric",
    untouched=BACK,
)
def test_a_canary_that_earns_less_is_aborted(trial: Tried) -> None:
    """Users love what the stable version ranks first."""
    trial.ended_by(trial.run(trial.loved(1)), "canary.metric", "abort")


@pytest.mark.gate(
    "canary.undecided",
    fed="a canary that earns as much as stable, to the last request planned",
    stops="canary",
    exit=4,
    reason="canary.metric",
    untouched=BACK,
    guard="canary.metric",
)
def test_a_canary_that_earns_as_much_is_not_promoted(trial: Tried) -> None:
    """All options are alike to users; that the requests are used up proves nothing."""
    write_replay(trial.folder, 2020)
    write_truth(trial.folder, np.full(8080, 0.3))
    found = trial.run(Traffic.load(trial.live.card, load_system("ad_click", ROOT), trial.folder, seed=0))

    trial.ended_by(found, "canary.metric", "inconclusive")
    assert found.looks[-1].requests == 1200


@pytest.mark.gate(
    "canary.min_requests",
    fed="a canary that looks better on fewer requests than the card asks for",
    stops="canary",
    exit=4,
    reason="canary.min_requests",
    untouched=BACK,
)
def test_too_few_requests_promote_nothing(trial: Tried) -> None:
    """The canary gets some eight hundred of the two thousand."""
    trial.ended_by(trial.run(trial.loved(2), min_requests=1000), "canary.min_requests", "inconclusive")


def known(found: CanaryEvidence) -> list[bool]:
    """Whether each look had outcomes enough for an interval."""
    return [look.difference is not None for look in found.looks]


def test_an_outcome_counts_from_the_look_after_it_is_known(trial: Tried) -> None:
    """Requests come a minute apart and outcomes a day later, those of the first 160 by request 1,620.

    The last look waits for all: with outcomes after weeks it says the same, and is the first to say anything.
    """
    found = trial.run(trial.loved(2, delay=24.0), min_requests=20)
    late = trial.run(trial.loved(2, delay=1000.0), min_requests=20)

    assert known(found) == [False] * 7 + [True] * 3
    assert known(late) == [False] * 9 + [True]
    assert found.looks[-1].difference == late.looks[-1].difference
    assert (found.verdict.outcome, late.verdict.outcome) == ("promote", "promote")


def test_what_is_not_known_yet_is_not_held_against_the_canary(trial: Tried) -> None:
    """A worse one is found out once its outcomes are there; before, they are neither zero nor missing."""
    found = trial.run(trial.loved(1, delay=24.0), min_requests=20)
    unknown = [check.found for check in found.looks[6].verdict.checks if check.code == "canary.metric"]

    trial.ended_by(found, "canary.metric", "abort")
    assert len(found.looks) > 7
    assert unknown == ["reward: too few known in one arm, or all alike"]
