"""The canary's verdict: a pure function of what was observed and of the plan."""

from datetime import datetime

import numpy as np

from slipway.records.canary import ArmStep, Look
from slipway.records.checks import CanaryVerdict
from slipway.rollout.assumption import outcome_difference
from slipway.rollout.difference import difference
from slipway.rollout.events import Events
from slipway.rollout.guardrails import error_rate_rise, late_rise, sample_ratio_p, slow_rise, unknown_rise
from slipway.rollout.observations import Observations
from slipway.rollout.reference import Reference
from slipway.rollout.rules import Facts, Rule, rules
from slipway.rollout.triggering import counted, overall, share
from slipway.settings.card import Rollout
from slipway.tasks import Metric


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
        verdict=_verdict(rules(found), reached, exhausted),
    )


def _verdict(asked: list[Rule], reached: bool, exhausted: bool) -> CanaryVerdict:
    """The outcome; what stopped the canary stands first among the checks."""
    checks = [rule.check for rule in sorted(asked, key=lambda rule: (not rule.stops, not rule.voids))]
    if any(rule.stops for rule in asked):
        return CanaryVerdict(outcome="abort", checks=checks)
    if any(rule.voids for rule in asked):
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
