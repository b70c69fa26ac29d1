"""Shadows to draw: both versions on the same requests, of a system whose outcomes depend on no answer."""

from datetime import timedelta

import numpy as np

from slipway.records.checks import Check, needed
from slipway.records.decision import DecisionRecord
from slipway.records.evidence import Interval
from slipway.records.shadow import ShadowEvidence, ShadowLook, ShadowOutcome, ShadowVerdict
from slipway.stages.canary import kept_back
from tests.slipway.report import sample, sample_canary

BATCH, PLANNED = 500, 6000
GAINS: dict[ShadowOutcome, float] = {"pass": 0.012, "abort": -0.012, "inconclusive": 0.001}


def shadow(outcome: ShadowOutcome = "pass") -> ShadowEvidence:
    """Version 8 beside version 7."""
    looks = _looks(outcome)
    return ShadowEvidence(
        system="ad_click",
        task="click",
        stable=7,
        candidate=8,
        metric="log_loss",
        target="local",
        decides=True,
        offered=looks[-1].requests,
        planned=PLANNED,
        looks=looks,
        verdict=looks[-1].verdict,
    )


def _looks(outcome: ShadowOutcome) -> list[ShadowLook]:
    found: list[ShadowLook] = []
    while not found or found[-1].verdict.outcome == "continue":
        found.append(_look(outcome, BATCH * (len(found) + 1)))
    return found


def _look(outcome: ShadowOutcome, requests: int) -> ShadowLook:
    wobble = 0.004 * np.sin(requests / 700) * (BATCH / requests) ** 0.5
    gain, half = GAINS[outcome] + float(wobble), 0.5 / requests**0.5
    interval = Interval(value=gain, low=gain - half, high=gain + half)
    good, bad = interval.low > 0, interval.high < 0
    check = Check(
        code="shadow.metric",
        passed=good,
        shown=good or bad,
        found=f"minus log loss: candidate - stable {sample_canary.told(interval)} "
        f"on the same {requests:,} requests",
        allowed="lower bound above 0",
        needed=None if good or bad else needed(interval, 0.0, requests),
    )
    ended = "pass" if good else "abort" if bad else "inconclusive" if requests == PLANNED else "continue"
    return ShadowLook(
        at=sample_canary.DECIDED - timedelta(minutes=20) + timedelta(seconds=requests / 100),
        requests=requests,
        known=requests,
        units=round(0.7 * requests),
        stable_errors=0,
        candidate_errors=requests // 1000,
        stable=0.2871,
        candidate=0.2871 - gain,
        difference=interval,
        verdict=ShadowVerdict.model_validate({"outcome": ended, "checks": [check]}),
    )


def promoted() -> DecisionRecord:
    """A shadow that decided, and a canary that proved the rest."""
    canary = sample.canary("promote", "log_loss").model_copy(update={"shadow": shadow()})
    return sample.record(canary=canary)


def kept(outcome: ShadowOutcome) -> DecisionRecord:
    """A shadow after which there was no canary."""
    found = kept_back(shadow(outcome), "ad_click-small")
    decision = found.verdict.outcome
    return sample.record(decision=decision, reason=str(found.verdict.checks[0]), canary=found)
