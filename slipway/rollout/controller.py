"""Carries a rollout out: sets weights, offers requests, asks for judgement after each batch, and obeys it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np

from slipway.records.canary import Arm, CanaryEvidence, Look
from slipway.records.checks import Check
from slipway.rollout.analysis import judge
from slipway.rollout.assignment import in_canary
from slipway.rollout.client import Reply
from slipway.rollout.limits import limits, within
from slipway.rollout.observations import Observations, concat
from slipway.rollout.plan import plan, requests_needed
from slipway.rollout.target import Call, Target, read_answer
from slipway.rollout.traffic import Answer, Offer, Traffic
from slipway.settings import Card
from slipway.settings.card import Step

Progress = Callable[[int, int, str], None]


def run(
    card: Card,
    target: Target,
    traffic: Traffic,
    stable: int,
    canary: int,
    experiment: str,
    now: Callable[[], datetime],
    timer: Callable[[], float],
    progress: Progress,
) -> CanaryEvidence:
    """Offer the traffic step by step until the evidence decides, somebody asks to stop, or the time is up.

    No request is handed out after the maximum duration; only those that are under way are waited for.

    Unless the verdict is to promote, the canary's weight is 0 when this returns or raises.

    Args:
        stable: the number of the version that is live.
        canary: the number of the version beside it.
        experiment: salts the assignment of units.
        now: the clock, for the evidence.
        timer: seconds that never run backwards, for the maximum duration.
        progress: takes the requests done, those planned, and a line of text.

    Raises:
        UsageError: the traffic holds fewer requests than the card's steps need.
    """
    plan(card, traffic)
    rollout = _Rollout(
        card, target, traffic, {"stable": stable, "canary": canary}, experiment, now, timer, progress
    )
    promoted = False
    try:
        looks = rollout.looks()
        promoted = looks[-1].verdict.outcome == "promote"
    finally:
        if not promoted:
            target.set_weight(0)
    return CanaryEvidence(
        system=card.name,
        experiment=experiment,
        stable=stable,
        canary=canary,
        metric=traffic.metric,
        target=target.name,
        looks=looks,
        verdict=looks[-1].verdict,
    )


@dataclass
class _Rollout:
    """What has been offered and seen so far."""

    card: Card
    target: Target
    traffic: Traffic
    versions: dict[Arm, int]
    experiment: str
    now: Callable[[], datetime]
    timer: Callable[[], float]
    progress: Progress
    begun: float = 0.0
    asked: str | None = None
    offered: int = 0
    seen: list[Observations] = field(default_factory=list)
    faults: dict[Arm, str] = field(default_factory=dict)

    def looks(self) -> list[Look]:
        """The looks of all steps, up to the one that decides."""
        self.target.set_weight(0)
        self.begun = self.timer()
        self._warm_up()
        found: list[Look] = []
        for number, step in enumerate(self.card.rollout.steps):
            self.target.set_weight(step.weight)
            for end in batch_ends(self.offered, step.requests, self.card.rollout.batch_requests):
                self.seen.append(self._offer(number, step, end))
                found.append(self._judge(number))
                if found[-1].verdict.outcome != "continue":
                    return found
        return found

    def _warm_up(self) -> None:
        """Both arms answer the first requests, which count for nothing."""
        self.offered = self.card.rollout.warmup_requests
        for arm in self.versions:
            calls = [Call(arm, offer.body) for offer in self.traffic.offers(0, self.offered)]
            self.target.serve(calls, self._over)

    def _limits(self) -> list[Check]:
        """Those that hold now; a stop that was asked for once is obeyed."""
        self.asked = self.asked or self.target.stop_asked()
        return limits(self.asked, self.timer() - self.begun, self.card.rollout.max_duration_minutes)

    def _over(self) -> bool:
        return not all(limit.passed for limit in self._limits())

    def _offer(self, number: int, step: Step, end: int) -> Observations:
        """Offer the requests up to `end`, fewer where it is over before, and see what comes of them."""
        first = self.offered
        offers = self.traffic.offers(first, end)
        canary = in_canary([offer.unit for offer in offers], self.experiment, step.weight)
        arms: list[Arm] = ["canary" if chosen else "stable" for chosen in canary]
        calls = [Call(arm, offer.body) for arm, offer in zip(arms, offers, strict=True)]
        replies = self.target.serve(calls, self._over)
        sent = len(replies)
        self.offered = first + sent
        answers = [self._read(*one) for one in zip(arms, offers, replies, strict=False)]
        error = np.array([answer is None for answer in answers], np.bool_)
        return Observations(
            step=np.full(sent, number, np.int32),
            unit=self.traffic.unit_codes[first : self.offered],
            canary=canary[:sent],
            error=error,
            latency_ms=np.where(error, np.nan, [reply.latency_ms for reply in replies]),
            due=np.zeros(sent, np.bool_),
            metric=self.traffic.outcomes(first, answers),
        )

    def _read(self, arm: Arm, offer: Offer, reply: Reply) -> Answer | None:
        answer = read_answer(reply, offer.rows.stop - offer.rows.start, self.versions[arm])
        if isinstance(answer, Answer):
            return answer
        self.faults.setdefault(arm, answer)
        return None

    def _judge(self, number: int) -> Look:
        """One look; it is the last where no request is left to offer, or none may be.

        An outcome counts from the first look after it became known. After the last request that is planned,
        nothing is left but to wait for the outcomes of the last ones.
        """
        plan, planned = self.card.rollout, requests_needed(self.card.rollout)
        held = self._limits()
        exhausted = self.offered >= planned or not all(limit.passed for limit in held)
        due = self.traffic.due(plan.warmup_requests, self.offered, waited=self.offered >= planned)
        seen = replace(concat(self.seen), due=due)
        found = judge(seen, plan, number, exhausted, self.now(), self.traffic.metric)
        look = within(found, held)
        self.progress(self.offered, planned, self._told(look))
        return look

    def _told(self, look: Look) -> str:
        gain = look.difference
        shown = f", gain {gain.value:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}]" if gain else ""
        faults = "".join(f"; first error of {arm}: {fault}" for arm, fault in self.faults.items())
        return f"canary at {look.weight} %{shown}: {look.verdict.outcome}{faults}"


def batch_ends(first: int, requests: int, batch: int) -> list[int]:
    """Where each batch ends of so many requests from `first` on; the last one may be short."""
    return [*range(first + batch, first + requests, batch), first + requests]
