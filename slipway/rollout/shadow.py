"""The shadow: the candidate scores copies of requests and answers nobody; the pairs decide its quality."""

from collections.abc import Callable
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from slipway.records.checks import Check, needed
from slipway.records.evidence import MIN_EVENTS, Interval
from slipway.records.shadow import ShadowEvidence, ShadowLook, ShadowVerdict
from slipway.rollout.controller import Progress, batches
from slipway.rollout.events import Events
from slipway.rollout.paired import Pairs, paired_difference
from slipway.rollout.target import Arena, Target, Trial
from slipway.settings import Card
from slipway.settings.card import Rollout
from slipway.settings.criterion import answer
from slipway.tasks import Metric


def run_shadow(
    card: Card,
    target: Target,
    arena: Arena,
    trial: Trial,
    now: Callable[[], datetime],
    timer: Callable[[], float],
    progress: Progress,
) -> ShadowEvidence:
    """Ask both versions the same requests, batch by batch, until the pairs decide or something ends it.

    The canary has no share of the units meanwhile: whatever becomes of this, traffic is as it was.

    Args:
        target: has the trial, under the lease that this process holds.
        arena: asks both versions.
        timer: seconds that never run backwards, for the maximum duration.
        progress: takes the requests done, those planned, and a line of text.
    """
    shadow = _Shadow(card, target, arena, trial, now, timer)
    planned, looks = card.rollout.shadow.requests, []
    for requests in batches(planned, card.rollout.batch_requests):
        looks.append(shadow.look(requests))
        progress(shadow.done, planned, _told(looks[-1], arena))
        if looks[-1].verdict.outcome != "continue":
            break
    return ShadowEvidence(
        system=card.name,
        task=card.problem.task,
        stable=trial.stable,
        candidate=trial.canary,
        metric=arena.metric.name,
        target=target.name,
        decides=True,
        offered=looks[-1].requests,
        planned=planned,
        seconds=shadow.seconds,
        looks=looks,
        verdict=looks[-1].verdict,
    )


def not_asked(card: Card, target: Target, stable: int, candidate: int) -> ShadowEvidence:
    """What a shadow leaves where outcomes depend on the answer: it decides nothing, and keeps nobody back."""
    return ShadowEvidence(
        system=card.name,
        task=card.problem.task,
        stable=stable,
        candidate=candidate,
        metric=None,
        target=target.name,
        decides=False,
        offered=0,
        planned=0,
        looks=[],
        verdict=ShadowVerdict(outcome="pass", checks=[]),
    )


class _Shadow:
    """What has been done so far."""

    def __init__(
        self,
        card: Card,
        target: Target,
        arena: Arena,
        trial: Trial,
        now: Callable[[], datetime],
        timer: Callable[[], float],
    ) -> None:
        self.plan, self.target, self.arena, self.trial = card.rollout, target, arena, trial
        self.now, self.timer = now, timer
        self.begun, self.done = timer(), 0
        self.stopped: str | None = None

    def look(self, requests: int) -> ShadowLook:
        """Look after so many more requests; it is the last where none is left, or none may follow."""
        self.done += self.arena.shadow(self.trial, requests, self._over)
        held, whole = self._limits(), self.done >= self.plan.shadow.requests
        ended = whole or not all(limit.passed for limit in held)
        pairs = self.arena.pairs(waited=whole)
        return judge_pairs(pairs, self.plan, self.arena.metric, self.now(), ended, held)

    @property
    def seconds(self) -> float:
        """Since it began."""
        return self.timer() - self.begun

    def _limits(self) -> list[Check]:
        self.stopped = self.stopped or self.target.lease.stop_asked()
        return limits(self.stopped, self.seconds, self.plan.max_duration_minutes)

    def _over(self) -> bool:
        return not all(limit.passed for limit in self._limits())


def judge_pairs(
    pairs: Pairs,
    plan: Rollout,
    metric: Metric,
    at: datetime,
    ended: bool,
    limits: list[Check],
) -> ShadowLook:
    """The evidence after one more batch, and what it says; an equal candidate passes with alpha / 2 at most.

    By the rule that the card has for the canary. Pass: the difference is shown to be above minus the margin.
    Abort: it is shown to be below, or a gain that is worth a promotion is shown not to be there. Otherwise
    continue, or inconclusive at the end.

    Args:
        ended: no request follows.
        limits: that nobody asks for the traffic, and that there is time.
    """
    known = pairs.known
    checks = [_units(known, plan), _events(known)]
    enough = all(check.passed for check in checks)
    found = paired_difference(known, plan.shadow.requests, plan.decision.alpha) if enough else None
    checks.insert(0, _metric(found, plan, metric, len(known)))
    return ShadowLook(
        at=at,
        requests=len(pairs),
        known=len(known),
        units=known.units,
        stable_errors=int(pairs.stable_failed.sum()),
        candidate_errors=int(pairs.candidate_failed.sum()),
        stable=_mean(known.stable, metric),
        candidate=_mean(known.candidate, metric),
        difference=found,
        verdict=_verdict(checks, ended, limits),
    )


def limits(asked: str | None, seconds: float, minutes: float) -> list[Check]:
    """Whether a shadow may go on; once one of these fails, no further request is asked.

    Args:
        asked: why somebody asks for the traffic, None where nobody does.
        seconds: since it began.
        minutes: the most that its card allows the whole rollout.
    """
    nobody, spent = "nobody asks it to stop", f"{seconds / 60:.1f} minutes"
    return [
        Check(code="shadow.not_stopped", passed=asked is None, found=asked or nobody, allowed=nobody),
        Check(
            code="shadow.in_time", passed=seconds < 60 * minutes, found=spent, allowed=f"below {minutes:g}"
        ),
    ]


def _verdict(checks: list[Check], ended: bool, limits: list[Check]) -> ShadowVerdict:
    """The outcome; what ended it stands first. Whoever asks for the traffic gets it, whatever is shown."""
    unasked, in_time = limits
    if not unasked.passed:
        return ShadowVerdict(outcome="abort", checks=[unasked, *checks])
    if any(check.answer == "bad" for check in checks):
        return ShadowVerdict(outcome="abort", checks=checks)
    if all(check.passed for check in checks):
        return ShadowVerdict(outcome="pass", checks=checks)
    if not in_time.passed:
        return ShadowVerdict(outcome="inconclusive", checks=[in_time, *checks])
    return ShadowVerdict(outcome="inconclusive" if ended else "continue", checks=checks)


def _metric(found: Interval | None, plan: Rollout, metric: Metric, requests: int) -> Check:
    limit = plan.decision.limit
    allowed = f"lower bound above {limit:g}"
    if found is None:
        text = f"{metric.gain}: too few known, or all alike"
        return Check(code="shadow.metric", passed=False, shown=False, found=text, allowed=allowed)
    text = f"{metric.gain}: candidate - stable {found.value:.4g} [{found.low:.4g}, {found.high:.4g}]"
    text += f" on the same {requests:,} requests"
    said = answer(found, plan.decision, plan.min_effect)
    return Check(
        code="shadow.metric",
        passed=said == "good",
        shown=said != "not shown",
        found=text if said != "futile" else f"{text}, below the {plan.min_effect:g} that is worth it",
        allowed=allowed,
        needed=needed(found, limit, requests) if said == "not shown" else None,
    )


def _units(known: Pairs, plan: Rollout) -> Check:
    """Requests of a handful of units are no more answers than units."""
    units = known.units
    text = f"{units:,} units with a known outcome"
    return Check.at_least("shadow.min_units", units, plan.guardrails.min_units, text)


def _events(known: Pairs) -> Check:
    """Before the rarer outcomes have come, a version that denies that there are any looks better."""
    events = Events.of(known.label)
    (count,) = events.counts
    text = f"{count:,} outcomes other than the most frequent one"
    return Check.at_least("shadow.min_events", count, MIN_EVENTS, text, needed=events.needed)


def _mean(values: NDArray[np.float64], metric: Metric) -> float | None:
    """A mean loss is shown as such, so down is better there."""
    return -metric.sign * float(values.mean()) if len(values) else None


def _told(look: ShadowLook, arena: Arena) -> str:
    gain = look.difference
    shown = f", gain {gain.value:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}]" if gain else ""
    # Without an interval it waits for something, which is told in its place.
    waits = next((check.found for check in look.verdict.checks[1:] if not check.passed), None)
    shown = shown or (f", {waits} so far" if waits else "")
    faults = "".join(f"; first error of {arm}: {fault}" for arm, fault in arena.faults.items())
    return f"shadow{shown}: {look.verdict.outcome}{faults}"
