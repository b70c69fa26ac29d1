"""A canary whose looks are those of one that went on."""

from datetime import UTC, datetime, timedelta

import numpy as np

from slipway.records.canary import ArmStep, CanaryEvidence, Look
from slipway.records.checks import CanaryOutcome, CanaryVerdict, Check, needed
from slipway.records.evidence import (
    Interval,
)
from slipway.rollout.traffic import Metric

DECIDED = datetime(2026, 11, 21, 14, 32, 5, tzinfo=UTC)
STEPS = ((10, 2000), (25, 2500), (50, 3000))
BLOCK = 500
"""Requests, twelve blocks of which tell how errors and slow answers vary."""


def around(value: float, half: float) -> Interval:
    """A symmetric interval."""
    return Interval(value=value, low=value - half, high=value + half)


def arm(rng: np.random.Generator, requests: int, errors: float, mean: float, slow: float) -> ArmStep:
    """One arm so far."""
    latency = {"p50": 4.1, "p90": 7.9, "p99": 15.2}
    return ArmStep(
        units=int(requests * 0.83),
        requests=requests,
        errors=int(rng.binomial(requests, errors)),
        mean=mean + float(rng.normal(0, 0.3 / max(requests, 1) ** 0.5)),
        latency_ms={key: value * slow * float(rng.uniform(0.95, 1.08)) for key, value in latency.items()},
    )


def looks(outcome: CanaryOutcome, metric: Metric) -> list[Look]:
    """A look after every 250 requests; an aborted canary fails in its second step."""
    rng, seen, served, found, broken = np.random.default_rng(5), 0, 0, [], outcome == "abort"
    gain = 0.004 if outcome == "inconclusive" else 0.041
    for step, (weight, requests) in enumerate(STEPS[: 2 if broken else 3]):
        for part in range(250, requests + 1, 250):
            seen += 250
            mean = 0.131 if metric == "reward" else -0.2811
            canary = part * weight // 100
            half = 1.5 / (seen * weight / 100) ** 0.5
            value = gain + float(rng.normal(0, half / 20))
            found.append(
                Look(
                    at=DECIDED - timedelta(minutes=14) + timedelta(seconds=seen / 10),
                    step=step,
                    weight=weight,
                    requests=part,
                    stable=arm(rng, part - canary, 0.0007, mean, 1.0),
                    canary=arm(rng, canary, 0.31 if broken and step else 0.0008, mean + gain, 1.17),
                    sample_ratio_p=float(rng.uniform(0.1, 0.9)),
                    error_rate_rise=errors(outcome, served + canary, step),
                    slow_rise=around(0.012, 0.9 / seen**0.5) if seen >= 12 * BLOCK else anything(0.012),
                    difference=None if part < 200 else around(value, half / 2.2),
                    verdict=CanaryVerdict(outcome="continue", checks=[]),
                )
            )
        served += requests * weight // 100
    return found


def anything(value: float) -> Interval:
    """The rise of a share of which too few blocks tell."""
    return Interval(value=value, low=-1.0, high=1.0)


def errors(outcome: CanaryOutcome, served: int, step: int) -> Interval:
    """The rise of the error rate; a few errors bound it from above alone, a few blocks not at all."""
    if outcome == "abort" and step:
        return anything(0.31 * (served - 200) / served)
    return Interval(value=0.0002, low=-1.0, high=0.0002 + (20 if outcome == "inconclusive" else 8) / served)


def canary_checks(last: Look, metric: Metric, broken: bool) -> list[Check]:
    """What the last look says; more requests than were planned would decide what is not shown."""
    requests, gain, slow = sum(count for _, count in STEPS), last.difference, last.slow_rise
    assert gain is not None
    assert slow is not None
    rise, better = last.error_rate_rise, gain.low > 0
    errors = Check.at_most("canary.error_rate", rise, 0.005, f"rise of {told(rise)}", requests)
    if broken:
        worse = f"rise of {told(rise)}: more than 0.05 higher in block after block"
        errors = Check(code="canary.error_rate", passed=False, found=worse, allowed="at most 0.005")
    text = f"answers slow beside stable's, of 15.8 ms before: rise of {told(slow)}"
    latency = Check.at_most("canary.latency", slow, 0.1, text, requests)
    return [
        errors,
        Check(code="canary.sticky", passed=True, found="0 units were in both arms", allowed="0"),
        Check(code="canary.sample_ratio", passed=True, found="p = 0.412", allowed="p at least 0.001"),
        # Twelve blocks would decide, which no estimate tells.
        latency.model_copy(update={"needed": None}),
        Check(
            code="canary.metric",
            passed=better,
            shown=better,
            found=f"{metric}: canary - stable {told(gain)}",
            allowed="lower bound above 0",
            needed=None if better else needed(gain, 0.0, requests),
        ),
    ]


def told(interval: Interval) -> str:
    """As the analysis says it."""
    return f"{interval.value:.4g} [{interval.low:.4g}, {interval.high:.4g}]"


def canary(outcome: CanaryOutcome = "promote", metric: Metric = "reward") -> CanaryEvidence:
    """Version 8 beside version 7; an inconclusive one leaves the metric and the error rate open."""
    seen = looks(outcome, metric)
    verdict = CanaryVerdict(
        outcome=outcome, checks=canary_checks(seen[-1], metric, broken=outcome == "abort")
    )
    seen[-1] = seen[-1].model_copy(update={"verdict": verdict})
    return CanaryEvidence(
        system="ad_click",
        experiment="ad_click-7-8-20261121T141805Z",
        stable=7,
        canary=8,
        task="click",
        metric=metric,
        target="local",
        slow_ms=15.8,
        max_error_rate_rise=0.005,
        looks=seen,
        verdict=verdict,
    )
