"""The canary's verdict: a pure function of what was observed and of the plan.

A rule with an interval has three answers. Shown bad, and the canary is aborted; shown good, and the rule
passes; not shown, and neither: harm that is merely unproven does not pass.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from slipway.records.canary import ArmStep, Look
from slipway.records.checks import CanaryVerdict, Check, needed
from slipway.records.evidence import MIN_EVENTS, UNBOUNDED, Interval
from slipway.rollout.assumption import kept, outcome_difference, outcomes_alike
from slipway.rollout.blocks import broken
from slipway.rollout.difference import difference
from slipway.rollout.events import Events
from slipway.rollout.guardrails import error_rate_rise, late_rise, sample_ratio_p, slow_rise, unknown_rise
from slipway.rollout.observations import Observations
from slipway.rollout.per_request import different
from slipway.rollout.reference import Reference
from slipway.rollout.triggering import counted, overall, share
from slipway.settings.card import Rollout
from slipway.settings.criterion import answer
from slipway.tasks import Metric


@dataclass(frozen=True)
class Rule:
    """A check, and what its failure does; one that is only undecided does nothing yet.

    Attributes:
        stops: it ends the rollout for the canary's sake.
        voids: it ends it for what it says of the rollout: nothing can be concluded.
    """

    check: Check
    stops: bool
    voids: bool = False


@dataclass(frozen=True)
class Facts:
    """What the rules look at: the observations so far and what follows of them.

    Attributes:
        stable: of the current step.
        canary: of the current step.
        difference: on the decision metric, of the requests on which the versions may differ; None before
            there are enough `events`.
        events: outcomes of the rarer kind among these, in each arm; None where no loss decides.
        shadowed: whether a shadow has decided the quality, for outcomes do not depend on the answer.
        labels: what came of the canary's requests minus what came of stable's, where that is asked.
    """

    plan: Rollout
    metric: Metric
    reference: Reference
    seen: Observations
    stable: Observations
    canary: Observations
    sample_ratio_p: float
    error_rate_rise: Interval
    slow_rise: Interval | None
    unknown_rise: Interval
    late_rise: Interval | None
    difference: Interval | None
    events: Events | None
    shadowed: bool
    labels: Interval | None


def judge(
    observations: Observations,
    settings: Rollout,
    step: int,
    exhausted: bool,
    at: datetime,
    metric: Metric,
    reference: Reference,
    shadowed: bool = False,
) -> Look:
    """The evidence after one more batch, and what it says.

    Abort: a rule fails beyond noise. Promote: every rule passes once all planned requests are in.
    Otherwise continue, or inconclusive where no traffic is left.

    The sample ratio is judged in this step alone, all else over all steps so far. All are always valid:
    however often one looks, each of errors, latency, unknown outcomes and metric stops an equal canary with a
    chance of `decision.alpha` at most, the sample ratio with `sample_ratio_alpha` per step (asymptotically in
    blocks and units, of which there are minima).

    Args:
        observations: of all steps so far.
        step: index of the current step.
        exhausted: no traffic or no time is left.
        metric: what `observations.metric` holds.
        reference: what stable did before the trial.
        shadowed: whether a shadow has decided the quality.
    """
    found = _facts(observations, settings, step, metric, reference, shadowed)
    rules = _rules(found)
    requests = len(found.stable) + len(found.canary)
    reached = len(observations) >= sum(planned.requests for planned in settings.steps)
    return Look(
        at=at,
        step=step,
        weight=settings.steps[step].weight,
        requests=requests,
        stable=_arm(found.stable, metric),
        canary=_arm(found.canary, metric),
        sample_ratio_p=found.sample_ratio_p,
        error_rate_rise=found.error_rate_rise,
        slow_rise=found.slow_rise,
        late_rise=found.late_rise,
        difference=found.difference,
        triggered=share(observations),
        overall=overall(found.difference, observations),
        labels=found.labels,
        verdict=_verdict(rules, reached, exhausted),
    )


def _verdict(rules: list[Rule], reached: bool, exhausted: bool) -> CanaryVerdict:
    """The outcome; what stopped the canary stands first among the checks."""
    checks = [rule.check for rule in sorted(rules, key=lambda rule: (not rule.stops, not rule.voids))]
    if any(rule.stops for rule in rules):
        return CanaryVerdict(outcome="abort", checks=checks)
    if any(rule.voids for rule in rules):
        return CanaryVerdict(outcome="inconclusive", checks=checks)
    if reached and all(check.passed for check in checks):
        return CanaryVerdict(outcome="promote", checks=checks)
    return CanaryVerdict(outcome="inconclusive" if reached or exhausted else "continue", checks=checks)


def may_widen(look: Look, plan: Rollout, reference: Reference) -> bool:
    """Whether more units may meet the canary: none of its estimates is beyond its limit, shown or not."""
    slow = 0.0 if look.slow_rise is None else look.slow_rise.value
    errors = look.error_rate_rise.value <= reference.most_errors(plan.guardrails)
    return errors and slow <= 1 - plan.guardrails.latency_quantile


def _facts(
    seen: Observations, plan: Rollout, step: int, metric: Metric, reference: Reference, shadowed: bool
) -> Facts:
    here = seen.step == step
    stable, canary = seen.where(here & ~seen.canary), seen.where(here & seen.canary)
    judged = counted(seen)
    known = judged.known
    events = Events.of(judged.label[known], judged.canary[known]) if metric.is_loss else None
    return Facts(
        plan=plan,
        metric=metric,
        reference=reference,
        seen=seen,
        stable=stable,
        canary=canary,
        sample_ratio_p=sample_ratio_p(stable, canary, plan, step),
        error_rate_rise=error_rate_rise(seen, plan),
        slow_rise=slow_rise(seen, plan, reference),
        unknown_rise=unknown_rise(seen, plan.decision.alpha),
        late_rise=late_rise(seen, plan.decision.alpha),
        difference=difference(judged, plan) if events is None or events.enough else None,
        events=events,
        shadowed=shadowed,
        labels=outcome_difference(seen, plan) if shadowed else None,
    )


def _rules(found: Facts) -> list[Rule]:
    rules = [
        _sticky(found),
        _sample_ratio(found),
        *([] if found.seen.triggered.all() else [_triggered_ratio(found)]),
        _error_rate(found),
        _latency(found),
        _min_requests(found),
        _min_units(found),
        _metric_known(found),
        *(_of_shadowed(found) if found.shadowed else _of_quality(found)),
    ]
    return rules if found.late_rise is None else [*rules, _outcome_delay(found, found.late_rise)]


def _sticky(found: Facts) -> Rule:
    """A unit that the canary served is never stable's again: every count of units rests on that."""
    served = np.bincount(found.seen.unit, found.seen.canary) > 0
    back = different(found.stable.unit[served[found.stable.unit]])
    text = f"{back:,} units of stable in this step were served by the canary too"
    return _rule("canary.sticky", back == 0, back > 0, text, "0")


def _sample_ratio(found: Facts) -> Rule:
    """It passes unless refuted, but not by a handful of units, which refute nothing."""
    p, least = found.sample_ratio_p, found.plan.guardrails.sample_ratio_alpha
    given, kept = found.canary.units, found.stable.units
    enough, refuted = given + kept >= found.plan.guardrails.min_units, p < least
    text = f"{given:,} of {given + kept:,} units in the canary in this step, p = {p:.2g}"
    passed, shown = enough and not refuted, enough or refuted
    return _rule("canary.sample_ratio", passed, refuted, text, f"p at least {least:g}", shown)


def _triggered_ratio(found: Facts) -> Rule:
    """Of the units on which the versions differ: what triggers one must not depend on its arm."""
    stable, canary = (arm.where(arm.triggered) for arm in (found.stable, found.canary))
    units, level = canary.units + stable.units, found.plan.guardrails.sample_ratio_alpha
    p = sample_ratio_p(stable, canary, found.plan, int(found.seen.step.max(initial=0)))
    enough, refuted = units >= found.plan.guardrails.min_units, p < level
    text = f"{canary.units:,} of {units:,} triggered units in the canary in this step, p = {p:.2g}"
    passed, shown = enough and not refuted, enough or refuted
    return _rule("canary.triggered_ratio", passed, refuted, text, f"p at least {level:g}", shown)


def _error_rate(found: Facts) -> Rule:
    rise, most = found.error_rate_rise, found.reference.most_errors(found.plan.guardrails)
    text = f"rise of {_shown(rise)}"
    gone = broken(found.seen, found.seen.error, found.plan.block_requests, found.plan.decision.alpha)
    if gone is not None:
        return _rule("canary.error_rate", False, True, f"{text}: {gone}", f"at most {most:g}")
    return _guardrail("canary.error_rate", found, rise, most, text)


def _latency(found: Facts) -> Rule:
    rise, guardrails = found.slow_rise, found.plan.guardrails
    most = 1 - guardrails.latency_quantile
    if rise is None:
        text = "nothing is known of stable's latency"
        return _rule("canary.latency", False, False, text, f"at most {most:g}", shown=False)
    # What is slow is frozen before the split, and bent where a block, or that warm-up, was slow itself.
    text = f"answers slow beside stable's, of {found.reference.slow_ms:.3g} ms before: rise of {_shown(rise)}"
    return _guardrail("canary.latency", found, rise, most, text)


def _guardrail(
    code: str, found: Facts, interval: Interval, most: float, text: str, stops: bool = True
) -> Rule:
    check = Check.at_most(code, interval, most, text, len(found.seen))
    return Rule(check, stops and check.answer == "bad")


def _min_requests(found: Facts) -> Rule:
    canary, stable, least = len(found.canary), len(found.stable), found.plan.guardrails.min_requests
    text = f"canary {canary:,}, stable {stable:,} requests in this step"
    check = Check.at_least("canary.min_requests", min(canary, stable), least, text, " in each arm")
    return Rule(check, stops=False)


def _min_units(found: Facts) -> Rule:
    """Requests of a handful of units are no more answers than units."""
    least = found.plan.guardrails.min_units
    canary, stable = (different(found.seen.unit[arm]) for arm in (found.seen.canary, ~found.seen.canary))
    text = f"canary {canary:,}, stable {stable:,} units"
    check = Check.at_least("canary.min_units", min(canary, stable), least, text, " in each arm")
    return Rule(check, stops=False)


def _metric_known(found: Facts) -> Rule:
    """An answer whose metric is unknown must not hide a loss; errors have a guardrail of their own."""
    rise, most = found.unknown_rise, found.plan.guardrails.max_unknown_rise
    if not (found.seen.canary & found.seen.known).any():
        return _rule("canary.metric_known", False, False, "none is known", f"at most {most:g}", shown=False)
    text = f"unknown outcomes of answers that are due: rise of {_shown(rise)}"
    return _guardrail("canary.metric_known", found, rise, most, text)


def _outcome_delay(found: Facts, rise: Interval) -> Rule:
    """Outcomes that come later are no harm in themselves, but the arms may then differ in what never came."""
    text = f"outcomes in the second half of their window: rise of {_shown(rise)}"
    most = found.plan.guardrails.max_late_rise
    return _guardrail("canary.outcome_delay", found, rise, most, text, stops=False)


def _of_quality(found: Facts) -> list[Rule]:
    """The metric decides; a loss does not before the rarer outcomes have come."""
    return [*([] if found.events is None else [_min_events(found.events)]), _metric(found)]


def _min_events(events: Events) -> Rule:
    """Before that, whoever denies that there are such outcomes looks better, whoever expects them worse."""
    canary, stable = events.counts
    text = f"canary {canary:,}, stable {stable:,} outcomes other than the most frequent one"
    where, least = " in each arm", min(canary, stable)
    check = Check.at_least("canary.min_events", least, MIN_EVENTS, text, where, events.needed)
    return Rule(check, stops=False)


def _metric(found: Facts) -> Rule:
    """By the rule that the card has for the canary, which is that of the gate."""
    gain, unit, asked = found.difference, found.metric.gain, found.plan.decision
    allowed = f"lower bound above {asked.limit:g}"
    if gain is None:
        text = f"{unit}: too few known in one arm, or all alike"
        return _rule("canary.metric", False, False, text, allowed, shown=False)
    # Margin and least gain are of all traffic, whatever part of it may differ.
    whole = overall(gain, found.seen) or gain
    said = answer(whole, asked, found.plan.min_effect)
    text = f"{unit}: canary - stable {_shown(gain)}{_diluted(found)}"
    if said == "futile":
        text += f", below the {found.plan.min_effect:g} that is worth it"
    shown = said != "not shown"
    more = None if shown else needed(whole, asked.limit, len(found.seen))
    return _rule("canary.metric", said == "good", said in ("bad", "futile"), text, allowed, shown, more)


def _of_shadowed(found: Facts) -> list[Rule]:
    """What is left to be shown of the quality, which was decided before."""
    alike, lost = outcomes_alike(found.labels), kept(found.difference, found.metric, found.plan)
    return [Rule(lost, stops=lost.answer == "bad"), Rule(alike, stops=False, voids=alike.answer == "bad")]


def _diluted(found: Facts) -> str:
    if found.seen.triggered.all():
        return ""
    whole = overall(found.difference, found.seen)
    shown = "" if whole is None else f", {_shown(whole)} over all"
    return f" on the {100 * share(found.seen):.3g} % of requests that may differ{shown}"


def _arm(seen: Observations, metric: Metric) -> ArmStep:
    """One arm of the step; a mean loss is shown as such, so down is better there."""
    known = seen.metric[seen.known]
    latency = seen.latency_ms[np.isfinite(seen.latency_ms)]
    sign = -metric.sign
    quantiles = np.quantile(latency, [0.5, 0.9, 0.99]).tolist() if len(latency) else []
    return ArmStep(
        units=seen.units,
        requests=len(seen),
        errors=int(seen.error.sum()),
        mean=sign * float(known.mean()) if len(known) else None,
        latency_ms=dict(zip(("p50", "p90", "p99"), quantiles, strict=False)),
    )


def _rule(
    code: str,
    passed: bool,
    stops: bool,
    found: str,
    allowed: str,
    shown: bool = True,
    needed: int | None = None,
) -> Rule:
    check = Check(code=code, passed=passed, shown=shown, found=found, allowed=allowed, needed=needed)
    return Rule(check, stops)


def _shown(interval: Interval) -> str:
    high = "no bound" if interval.high >= UNBOUNDED else f"{interval.high:.4g}"
    return f"{interval.value:.4g} [{interval.low:.4g}, {high}]"
