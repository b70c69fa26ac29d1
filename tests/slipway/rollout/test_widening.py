"""No more users meet a canary while an estimate of it is beyond its limit."""

from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from slipway.records.canary import CanaryEvidence
from slipway.rollout.controller import run_canary
from slipway.rollout.target import Deployed
from slipway.settings import load_card
from tests.slipway.rollout.live import LIMITS, at_once, short
from tests.slipway.rollout.targets.memory import Cluster, memory
from tests.slipway.root import ROOT

START = datetime(2026, 1, 1, tzinfo=UTC)


def in_memory(fails: float) -> tuple[CanaryEvidence, list[int]]:
    """A canary that users love and of whose answers a share fails; and all its weights."""
    cluster = Cluster({1: "a", 2: "b"}, {1: 0.3, 2: 0.6}, fails={2: fails})
    card = at_once(short(load_card(ROOT, "ad_click")))
    target = memory(cluster, card)
    target.placement.shift(Deployed(number=1, digest="a"))
    with target.lease.held(), target.placement.trial(Deployed(number=2, digest="b"), "e") as trial:
        found = run_canary(
            card,
            target,
            target.arena(Path()),
            trial,
            now=lambda: START,
            timer=lambda: 0.0,
            progress=lambda done, total, text: None,
        )
    return found, cluster.weights


def test_the_weight_does_not_rise_while_errors_look_too_many() -> None:
    """Eight in a hundred where five may: after step one nothing is shown, and no more users meet it."""
    found, weights = in_memory(0.08)
    looks = found.looks
    after = next(place for place, look in enumerate(looks) if look.requests == 800)
    risen = [before for before, look in pairwise(looks) if look.weight > before.weight]

    assert looks[after].verdict.outcome == "continue"
    assert looks[after].error_rate_rise.low < LIMITS.max_error_rate_rise < looks[after].error_rate_rise.value
    assert (looks[after + 1].weight, looks[after + 1].requests) == (25, 1000)
    assert all(before.error_rate_rise.value <= LIMITS.max_error_rate_rise for before in risen)
    assert found.verdict.outcome != "promote"
    assert weights[-1] == 0


def test_the_weight_rises_with_errors_below_the_limit() -> None:
    """Two in a hundred."""
    found, weights = in_memory(0.02)

    assert {look.weight for look in found.looks} == {25, 50}
    assert weights[:3] == [0, 25, 50]
