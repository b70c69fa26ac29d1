"""Carries a rollout out: sets weights, offers requests, asks for judgement after each batch, and obeys it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from slipway.records.canary import CanaryEvidence, Look
from slipway.records.checks import Check
from slipway.records.shadow import ShadowEvidence
from slipway.rollout.analysis import judge, may_widen
from slipway.rollout.hold import PROMOTION, Notes
from slipway.rollout.limits import limits, min_duration, not_before, within
from slipway.rollout.novelty import exposures
from slipway.rollout.observations import Observations
from slipway.rollout.plan import requests_needed
from slipway.rollout.reference import Reference
from slipway.rollout.target import Arena, Over, Target, Trial
from slipway.rollout.waits import Waits
from slipway.settings import Card
from slipway.settings.card import Rollout

Progress = Callable[[int, int, str], None]


def run_canary(
    card: Card,
    target: Target,
    arena: Arena,
    trial: Trial,
    now: Callable[[], datetime],
    timer: Callable[[], float],
    progress: Progress,
    shadow: ShadowEvidence | None = None,
    rest: Callable[[float], None] = time.sleep,
) -> CanaryEvidence:
    """Observe the trial step by step until the evidence decides, somebody asks to stop, or the time is up.

    While somebody has it paused, or an approval that the card asks for is not given yet, it stays at its
    weight and decides nothing, but for errors in live traffic. Nothing is begun after the maximum duration,
    which is that of shadow and canary together; only what is under way is waited for.

    Unless the verdict is to promote, the canary's weight is 0 when this returns or raises.

    Args:
        target: has the trial, under the lease that this process holds.
        arena: observes it.
        now: the clock, for the evidence.
        timer: seconds that never run backwards, for the maximum duration.
        progress: takes the requests done, those planned, and a line of text.
        shadow: what came before; where it decided the quality, this has to prove the rest.
        rest: sleeps so many seconds.

    Raises:
        UsageError: the card's steps can never be done here.
    """
    arena.plan()
    rollout = _Rollout(card, target, arena, trial, now, timer, progress, shadow, rest)
    promoted = False
    try:
        looks = rollout.looks()
        promoted = looks[-1].verdict.outcome == "promote"
    finally:
        if not promoted:
            target.placement.set_weight(0)
    return CanaryEvidence(
        system=card.name,
        experiment=trial.experiment,
        stable=trial.stable,
        canary=trial.canary,
        task=card.problem.task,
        metric=arena.metric.name,
        target=target.name,
        slow_ms=rollout.reference.slow_ms,
        max_error_rate_rise=rollout.reference.most_errors(card.rollout.guardrails),
        exposures=exposures(rollout.watched, card.rollout),
        looks=looks,
        verdict=looks[-1].verdict,
        shadow=shadow,
    )


@dataclass
class _Rollout:
    """What has been done so far."""

    card: Card
    target: Target
    arena: Arena
    trial: Trial
    now: Callable[[], datetime]
    timer: Callable[[], float]
    progress: Progress
    shadow: ShadowEvidence | None
    rest: Callable[[float], None]
    begun: float = 0.0
    reference: Reference = field(default_factory=Reference)
    watched: Observations = field(default_factory=Observations.none)
    asked: str | None = None
    done: int = 0
    served: int | None = None
    harm: list[Look] = field(default_factory=list)

    def __post_init__(self) -> None:
        plan, notes = self.card.rollout, Notes(self.target.lease)
        clocks = self.now, self.timer, self.rest
        self.waits = Waits(notes, plan.approval_hours, self._over, self._watch, *clocks, self._tell)

    def looks(self) -> list[Look]:
        """The looks of all steps, up to the one that decides."""
        plan, place = self.card.rollout, self.target.placement
        place.set_weight(0)
        self.begun = self.timer()
        self.reference = self.arena.warm_up(self.trial, plan.warmup_requests, self._over)
        self.done = plan.warmup_requests
        looks = walk(plan, self.reference, self._weigh, self._look)
        if looks[-1].verdict.outcome == "promote":
            looks[-1] = self._released(looks[-1])
        decided = looks[-1].verdict
        approved = decided.model_copy(update={"checks": [*decided.checks, *self.waits.approvals]})
        return [*looks[:-1], looks[-1].model_copy(update={"verdict": approved})]

    def _weigh(self, weight: int) -> None:
        """Begin a step, once it is approved where the card asks for that."""
        steps = [step.weight for step in self.card.rollout.steps]
        number = steps.index(weight)
        self.waits.while_paused()
        if self.card.rollout.approval == "each_step":
            self.waits.for_approval(f"step {number + 1} of {len(steps)} ({weight} %)")
        if not self.harm and self.waits.missing is None:
            self.target.placement.set_weight(weight)
            self.served = number

    def _released(self, look: Look) -> Look:
        """The look that would promote, once nobody has it paused and the card's approval is given."""
        self.waits.while_paused()
        if self.card.rollout.approval != "none":
            self.waits.for_approval(f"the {PROMOTION} of version {self.trial.canary}")
        return self.harm[0] if self.harm else within(look, self._limits())

    def _watch(self, over: Over) -> None:
        """Guard users of live traffic against errors while people take their time; else nobody is asked."""
        if not self.arena.live or self.served is None:
            return
        plan, step = self.card.rollout, self.served
        self.arena.observe(self.trial, step, plan.steps[step].weight, plan.batch_requests, over)
        self.watched = self.arena.seen(waited=False)
        look = self._judged(step, exhausted=False)
        if look.verdict.outcome == "abort" and look.verdict.checks[0].code == "canary.error_rate":
            self.harm.append(look)  # guard canary.watched

    def _limits(self) -> list[Check]:
        """Those that hold now; a stop that was asked for once is obeyed."""
        self.asked = self.asked or self.target.lease.stop_asked()
        before = 0.0 if self.shadow is None else self.shadow.seconds
        seconds = before + self.timer() - self.begun - self.waits.seconds()
        held = limits(self.asked, seconds, self.card.rollout.max_duration_minutes)
        return held if self.waits.missing is None else [*held, self.waits.missing]

    def _over(self) -> bool:
        return bool(self.harm) or not all(limit.passed for limit in self._limits())

    def _look(self, number: int, requests: int) -> Look:
        """Look after so many more requests; it is the last where none is left, or none may follow.

        An outcome counts from the first look after it became known. After the last request that is planned,
        nothing is left but to wait for the outcomes of the last ones.
        """
        self.waits.while_paused()
        if self.harm:
            return self.harm[0]
        plan, planned = self.card.rollout, requests_needed(self.card.rollout)
        self.done += self.arena.observe(self.trial, number, plan.steps[number].weight, requests, self._over)
        held = self._limits()
        ended = not all(limit.passed for limit in held)
        days = plan.min_duration_days if self.arena.live else 0.0
        long_enough = min_duration(self.timer() - self.begun, days)
        exhausted = self.done >= planned or ended
        # Live, a wait before the minimum duration is over would only keep further requests from being seen.
        self.watched = self.arena.seen(waited=self.done >= planned and long_enough.passed)
        look = self._judged(number, exhausted)
        look = within(not_before(look, long_enough, ended), held)
        self.progress(self.done, planned, self._told(look))
        return look

    def _judged(self, number: int, exhausted: bool) -> Look:
        return judge(
            self.watched,
            self.card.rollout,
            number,
            exhausted,
            self.now(),
            self.arena.metric,
            self.reference,
            shadowed=self.shadow is not None and self.shadow.decides,
        )

    def _tell(self, text: str) -> None:
        self.progress(self.done, requests_needed(self.card.rollout), text)
        self.target.announce("CanaryHeld", text)

    def _told(self, look: Look) -> str:
        gain = look.difference
        shown = f", gain {gain.value:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}]" if gain else ""
        faults = "".join(f"; first error of {arm}: {fault}" for arm, fault in self.arena.faults.items())
        return f"canary at {look.weight} %{shown}: {look.verdict.outcome}{faults}"


def walk(
    plan: Rollout,
    reference: Reference,
    weigh: Callable[[int], None],
    look: Callable[[int, int], Look],
) -> list[Look]:
    """Go through the steps of a plan, a look after each batch, up to the one that decides.

    Args:
        weigh: gives the canary its percent of units, as a step begins.
        look: has so many more requests answered in a step, by its number, and judges all so far.
    """
    found: list[Look] = []
    served = -1  # the step whose weight the canary has
    for number, step in enumerate(plan.steps):
        for requests in batches(step.requests, plan.batch_requests):
            # Else they go on at the weight of an earlier step, until the estimates allow more users.
            if served < number and (not found or may_widen(found[-1], plan, reference)):
                served = number
                weigh(step.weight)
            found.append(look(served, requests))
            if found[-1].verdict.outcome != "continue":
                return found
    # Live traffic does not run out: it is watched until the card's minimum duration, and then judged.
    while found[-1].verdict.outcome == "continue":
        found.append(look(served, plan.batch_requests))
    return found


def batches(requests: int, batch: int) -> list[int]:
    """The sizes of the batches of so many requests; the last one may be short."""
    whole, rest = divmod(requests, batch)
    return [batch] * whole + [rest] * (rest > 0)
