"""A canary of two versions in the target without servers, from its plan to the promotion."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from slipway.records.canary import CanaryEvidence
from slipway.rollout.controller import run_canary
from slipway.rollout.target import Deployed, Target, TrafficState
from slipway.settings import Card, load_card
from slipway.settings.card import Decision, Guardrails, Rollout, Step
from tests.slipway.rollout.targets.memory import Cluster, memory
from tests.slipway.root import ROOT

FIRST, SECOND = Deployed(number=1, digest="a"), Deployed(number=2, digest="b")
MINUTES = 10.0


def card(delay: float = 0.0, decision: Decision | None = None, **rollout: Any) -> Card:
    """The ad click system with a short rollout in live traffic.

    Args:
        delay: hours until a click is known.
        decision: what the canary is asked.
        rollout: other keys of it.
    """
    found = load_card(ROOT, "ad_click")
    plan: dict[str, Any] = {
        "steps": [Step(weight=25, requests=2000), Step(weight=50, requests=6000)],
        "warmup_requests": 20,
        "batch_requests": 500,
        "guardrails": Guardrails(min_requests=100, max_error_rate_rise=0.05, max_unknown_rise=0.05),
        "decision": decision or Decision(),
        "max_duration_minutes": 60 * delay + MINUTES,
        "min_duration_days": 0.0,
    }
    data = found.data.model_copy(update={"label_delay_hours": delay})
    return found.model_copy(update={"data": data, "rollout": Rollout(**plan | rollout)})


@dataclass
class Tried:
    """A canary that has ended, and where."""

    found: CanaryEvidence
    target: Target

    @property
    def outcome(self) -> str:
        """Of its verdict."""
        return self.found.verdict.outcome

    @property
    def failed(self) -> list[str]:
        """The codes of the checks that did not pass, what stopped it first."""
        return [check.code for check in self.found.verdict.checks if not check.passed]

    @property
    def traffic(self) -> TrafficState | None:
        """Where traffic goes."""
        return self.target.placement.state()


def versions(earns: tuple[float, float], **cluster: Any) -> Cluster:
    """Where two versions can be had, and what a request earns on average by either."""
    return Cluster({1: "a", 2: "b"}, dict(zip((1, 2), earns, strict=True)), **cluster)


def tried(
    given: Card,
    earns: tuple[float, float],
    pace: float = 0.0,
    progress: Callable[[int, int, str], None] = lambda done, total, text: None,
    rest: Callable[[float], None] = lambda seconds: None,
    world: Cluster | None = None,
    **cluster: Any,
) -> Tried:
    """Try the second version beside the first.

    Args:
        earns: what a request earns on average, of either version.
        pace: minutes that pass at each look at the clock.
        rest: what happens while the rollout sleeps.
        world: where it is tried.
        cluster: more of `Cluster`, where no world is given.
    """
    world = world or versions(earns, **cluster)
    target, minutes = memory(world, given), iter(range(1_000_000))
    target.placement.shift(FIRST)
    with target.lease.held(), target.placement.trial(SECOND, "e") as trial:
        found = run_canary(
            given,
            target,
            target.arena(Path()),
            trial,
            now=lambda: datetime(2026, 1, 1, tzinfo=UTC),
            timer=lambda: 60 * pace * next(minutes),
            progress=progress,
            rest=rest,
        )
    return Tried(found, target)
