"""The canary's verdict: a pure function of what was observed and of the plan."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from slipway.records.canary import ArmStep, Look
from slipway.records.checks import CanaryVerdict, Check
from slipway.records.evidence import UNBOUNDED, Interval
from slipway.rollout.difference import difference
from slipway.rollout.guardrails import (
    error_rate_rise,
    latency_ratio,
    sample_ratio_p,
    step_alpha,
    unknown_rise,
)
from slipway.rollout.observations import Observations
from slipway.settings.card import Rollout
from slipway.tasks import Metric


@dataclass(frozen=True)
class Rule:
    """A check, and whether its failure ends the rollout; one that is only undecided does not."""

    check: Check
    stops: bool


@dataclass(frozen=True)
class Facts:
    """What the rules look at: the observations so far and what follows of them."""

    plan: Rollout
    metric: Metric
    seen: Observations
    stable: Observations
    canary: Observations
    sample_ratio_p: float
    error_rate_rise: Interval
    latency_ratio: Interval
    difference: Interval | None


def judge(
    observations: Observations, settings: Rollout, step: int, exhausted: bool, at: datetime, metric: Metric
) -> Look:
    """The evidence after one more batch, and what it says.

    Abort: a rule fails beyond noise. Promote: every rule passes when the last step has its requests.
    Otherwise continue, or inconclusive where no traffic is left.

    Errors, latency and sample ratio are judged in this step alone, the decision metric over all steps so far.
    All are always valid: however often one looks, each of error rate, latency and metric stops an equal
    canary with a chance of `decision.alpha` at most, the sample ratio with `sample_ratio_alpha` per step
    (the metric asymptotically; errors and latency exactly where the requests of a unit are independent).

    Args:
        observations: of all steps so far.
        step: index of the current step.
        exhausted: no traffic or no time is left.
        metric: what `observations.metric` holds.
    """
    found = _evidence(observations, settings, step, metric)
    rules = _rules(found)
    requests = len(found.stable) + len(found.canary)
    reached = requests >= settings.steps[step].requests and step == len(settings.steps) - 1
    return Look(
        at=at,
        step=step,
        weight=settings.steps[step].weight,
        requests=requests,
        stable=_arm(found.stable, metric),
        canary=_arm(found.canary, metric),
        sample_ratio_p=found.sample_ratio_p,
        error_rate_rise=found.error_rate_rise,
        latency_ratio=found.latency_ratio,
        difference=found.difference,
        verdict=_verdict(rules, reached, exhausted),
    )


def _verdict(rules: list[Rule], reached: bool, exhausted: bool) -> CanaryVerdict:
    """The outcome; what stopped the canary stands first among the checks."""
    checks = [rule.check for rule in sorted(rules, key=lambda rule: not rule.stops)]
    if any(rule.stops for rule in rules):
        return CanaryVerdict(outcome="abort", checks=checks)
    if reached and all(check.passed for check in checks):
        return CanaryVerdict(outcome="promote", checks=checks)
    return CanaryVerdict(outcome="inconclusive" if reached or exhausted else "continue", checks=checks)


def _evidence(seen: Observations, plan: Rollout, step: int, metric: Metric) -> Facts:
    here = seen.step == step
    stable, canary = seen.where(here & ~seen.canary), seen.where(here & seen.canary)
    return Facts(
        plan=plan,
        metric=metric,
        seen=seen,
        stable=stable,
        canary=canary,
        sample_ratio_p=sample_ratio_p(stable, canary, plan, step),
        error_rate_rise=error_rate_rise(stable, canary, step_alpha(plan)),
        latency_ratio=latency_ratio(stable, canary, plan, step),
        difference=difference(seen, plan),
    )


def _rules(found: Facts) -> list[Rule]:
    return [
        _sticky(found),
        _sample_ratio(found),
        _error_rate(found),
        _latency(found),
        _min_requests(found),
        _metric_known(found),
        _metric(found),
    ]


def _sticky(found: Facts) -> Rule:
    """A unit that the canary served is never stable's again: every count of units rests on that."""
    served = np.bincount(found.seen.unit, found.seen.canary) > 0
    back = found.stable.where(served[found.stable.unit]).units
    text = f"{back:,} units of stable in this step were served by the canary too"
    return _rule("canary.sticky", back == 0, back > 0, text, "0")


def _sample_ratio(found: Facts) -> Rule:
    p, least = found.sample_ratio_p, found.plan.guardrails.sample_ratio_alpha
    given, kept = found.canary.units, found.stable.units
    share = f"{given:,} of {given + kept:,} units in the canary in this step, p = {p:.2g}"
    return _rule("canary.sample_ratio", p >= least, p < least, share, f"p at least {least:g}")


def _error_rate(found: Facts) -> Rule:
    rise, most = found.error_rate_rise, found.plan.guardrails.max_error_rate_rise
    return _guardrail("canary.error_rate", found, rise, most, f"rise of {_shown(rise)}")


def _latency(found: Facts) -> Rule:
    ratio, guardrails = found.latency_ratio, found.plan.guardrails
    text = f"{_shown(ratio)} times stable at quantile {guardrails.latency_quantile:g}"
    return _guardrail("canary.latency", found, ratio, guardrails.max_latency_ratio, text)


def _guardrail(code: str, found: Facts, interval: Interval, most: float, text: str) -> Rule:
    """Failing needs no minimum, as the interval holds at any size; passing does, and an upper bound.

    It is the minimum of this step, which is all that the interval is about.
    """
    least = min(len(found.stable), len(found.canary))
    enough = least >= found.plan.guardrails.min_requests and interval.high < UNBOUNDED
    exceeded = interval.low > most
    unsure = "" if enough or exceeded else "; too few requests to pass"
    return _rule(code, enough and not exceeded, exceeded, text + unsure, f"lower bound at most {most:g}")


def _min_requests(found: Facts) -> Rule:
    stable, canary = _requests(found)
    least = found.plan.guardrails.min_requests
    text = f"canary {canary:,}, stable {stable:,} requests"
    return _rule(
        "canary.min_requests", min(stable, canary) >= least, False, text, f"at least {least:,} in each arm"
    )


def _metric_known(found: Facts) -> Rule:
    """An answer whose metric is unknown must not hide a loss; errors have a guardrail of their own."""
    stable, canary = (found.seen.where(arm) for arm in (~found.seen.canary, found.seen.canary))
    rise, most = (
        unknown_rise(stable, canary, found.plan.decision.alpha),
        found.plan.guardrails.max_unknown_rise,
    )
    known = bool(canary.known.any())
    text = f"unknown outcomes of answers that are due: rise of {_shown(rise)}" if known else "none is known"
    return _rule(
        "canary.metric_known", known and rise.low <= most, False, text, f"lower bound at most {most:g}"
    )


def _metric(found: Facts) -> Rule:
    gain, unit = found.difference, found.metric.gain
    better, worse = (False, False) if gain is None else (gain.low > 0, gain.high < 0)
    text = "too few known in one arm, or all alike" if gain is None else f"canary - stable {_shown(gain)}"
    return _rule("canary.metric", better, worse, f"{unit}: {text}", "lower bound above 0")


def _requests(found: Facts) -> tuple[int, int]:
    """Stable's and the canary's in all steps so far."""
    canary = int(found.seen.canary.sum())
    return len(found.seen) - canary, canary


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


def _rule(code: str, passed: bool, stops: bool, found: str, allowed: str) -> Rule:
    return Rule(Check(code=code, passed=passed, found=found, allowed=allowed), stops)


def _shown(interval: Interval) -> str:
    high = "no bound" if interval.high >= UNBOUNDED else f"{interval.high:.4g}"
    return f"{interval.value:.4g} [{interval.low:.4g}, {high}]"
