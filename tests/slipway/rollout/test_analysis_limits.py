"""Rules of errors, latency and unknown outcomes, as the analysis applies them to the whole plan."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from slipway.rollout.analysis import may_widen
from slipway.rollout.reference import Reference
from tests.slipway.rollout.judged import (
    PLAN,
    REFERENCE,
    STEP,
    at_random,
    check,
    failed,
    failing,
    first,
    look,
    traffic,
)


@pytest.mark.gate("canary.error_rate")
def test_erring_is_aborted_early() -> None:
    """A canary that fails every request of a whole block is aborted before either arm has its minimum."""
    seen = traffic()
    seen = failing(seen, seen.canary)
    assert check(look(first(seen, 499), 0), "error_rate").answer == "not shown"
    found = look(first(seen, 500), 0)
    assert found.canary.requests < PLAN.guardrails.min_requests
    assert found.verdict.outcome == "abort"
    assert found.verdict.checks[0].code == "canary.error_rate"


@pytest.mark.parametrize(
    ("shares", "answer", "outcome"),
    [
        ((0.0, 0.0), "good", "promote"),
        ((0.01, 0.03), "bad", "abort"),
        ((0.01, 0.013), "not shown", "inconclusive"),
        ((0.01, 0.01), "not shown", "inconclusive"),
    ],
)
def test_three_answers(shares: tuple[float, float], answer: str, outcome: str) -> None:
    """Harm that is shown aborts, harm that is refuted passes, and what is neither is not promoted.

    A better canary whose 1 % of errors is stable's too is not promoted on so few requests: that it has no
    more is not shown.
    """
    seen = traffic(lift=0.15)
    found = look(failing(seen, at_random(seen, shares)))
    rule = check(found, "error_rate")

    assert (rule.answer, found.verdict.outcome) == (answer, outcome)
    assert rule.passed == (answer == "good")
    assert (rule.needed is not None and rule.needed > len(seen)) == (answer == "not shown")
    assert failed(found) == ([] if rule.passed else ["canary.error_rate"])


def test_errors_may_grow_with_those_of_stable() -> None:
    """Half of what stable had before may be added; where it had none, half a percent."""
    seen = traffic(lift=0.15)
    found = failing(seen, at_random(seen, (0.05, 0.065)))
    used = look(found, reference=replace(REFERENCE, error_rate=0.5))

    assert check(used, "error_rate").answer == "good"
    assert check(used, "error_rate").allowed == "at most 0.25"
    assert check(look(found), "error_rate").allowed == "at most 0.005"
    assert check(look(found), "error_rate").answer != "good"


def test_few_errors_are_noise() -> None:
    """Two errors in a small canary, and one user whose requests all fail, abort nothing."""
    seen = first(traffic(users=150), 1500)
    for chosen in (np.flatnonzero(seen.canary)[:2], seen.unit == seen.unit[seen.canary][0]):
        errors = np.zeros(len(seen), bool)
        errors[chosen] = True
        assert look(failing(seen, errors), 0).verdict.outcome == "continue"


def test_failures_of_one_user() -> None:
    """A canary that has seen but one user, whose requests all fail, is not yet known to err."""
    seen = first(traffic(), STEP)
    only = replace(seen, unit=np.where(seen.canary, seen.unit[seen.canary][0], seen.unit))
    found = look(failing(only, only.canary), 0)
    assert found.error_rate_rise.value == 1
    assert found.error_rate_rise.low < PLAN.guardrails.max_error_rate_rise
    assert check(found, "error_rate").answer == "not shown"


@pytest.mark.gate("canary.latency")
def test_slow_is_aborted() -> None:
    """A canary whose answers take four times as long is aborted; one half as slow again is not.

    Neither before there are twelve blocks: till then it is not shown.
    """
    seen = traffic()
    for factor, answer in ((4.0, "bad"), (1.5, "good")):
        slower = replace(seen, latency_ms=seen.latency_ms * np.where(seen.canary, factor, 1))
        assert check(look(first(slower, 5500), 1), "latency").answer == "not shown"
        found = look(first(slower, 6000), 1)
        own, its = (1 - norm.cdf(np.log(REFERENCE.slow_ms / scale) * 2 - 2) for scale in (1, factor))
        assert found.verdict.outcome == ("abort" if answer == "bad" else "continue")
        assert found.slow_rise.value == pytest.approx(its - own, rel=0.3)
        assert check(found, "latency").answer == answer


@pytest.mark.gate("canary.latency")
def test_unknown_reference_never_promotes() -> None:
    """Where the warm-up did not tell stable's latency, nothing says what is slow, and a better one waits."""
    found = look(traffic(lift=0.15), reference=Reference())
    assert (found.verdict.outcome, failed(found)) == ("inconclusive", ["canary.latency"])
    assert found.slow_rise is None


@pytest.mark.gate(
    "canary.metric_known",
    fed="a canary that looks better, but whose outcomes are missing more often than stable's",
    stops="canary",
    exit=3,
    reason="canary.metric_known",
    untouched="the canary is not promoted",
)
@pytest.mark.parametrize(
    ("share", "outcome"), [(0.006, "inconclusive"), (0.03, "abort"), (0.9, "abort"), (1.0, "inconclusive")]
)
def test_missing_metric_never_promotes(share: float, outcome: str) -> None:
    """A better canary is aborted where its metric is unknown more often than stable's, beyond what may be.

    So few more that it may be within, or none known at all, and it is not promoted.
    """
    seen = traffic(lift=0.15)
    unknown = at_random(seen, (0.0, share))
    found = look(replace(seen, metric=np.where(unknown, np.nan, seen.metric)))
    assert found.verdict.outcome == outcome
    assert check(found, "metric_known").answer == ("bad" if outcome == "abort" else "not shown")
    if share < 0.9:
        assert failed(found) == ["canary.metric_known"]


def test_tolerated_unknowns_are_taken_at_their_worst() -> None:
    """Up to half a percent of each arm's answers: to have earned nothing, or 1, whichever is against it."""
    seen = traffic(lift=0.15)
    shares = {False: 0.003, True: 0.02}
    unknown = np.zeros(len(seen), bool)
    for arm, share in shares.items():
        here = np.flatnonzero(seen.canary == arm)
        unknown[here[:: round(1 / share)]] = True
    left, lost = seen.where(~unknown), replace(seen, metric=np.where(unknown, np.nan, seen.metric))
    known, taken = look(left).difference, look(lost).difference
    mean = {arm: float(left.metric[left.canary == arm].mean()) for arm in shares}
    counted = {arm: min(0.005, float(unknown[seen.canary == arm].mean())) for arm in shares}
    against = counted[True] * mean[True] + counted[False] * (1 - mean[False])
    favour = counted[True] * (1 - mean[True]) + counted[False] * mean[False]

    assert counted[True] == 0.005 > counted[False] > 0.002
    assert taken.value == known.value
    assert known.low - taken.low == pytest.approx(against)
    assert taken.high - known.high == pytest.approx(favour)


@pytest.mark.gate("canary.latency")
def test_missing_latency_never_promotes() -> None:
    """A better canary whose latency nobody measured is not promoted."""
    seen = traffic(lift=0.15)
    found = look(replace(seen, latency_ms=np.where(seen.canary, np.nan, seen.latency_ms)))
    assert (found.verdict.outcome, failed(found)) == ("inconclusive", ["canary.latency"])
    assert "[-1, 1]" in check(found, "latency").found


@pytest.mark.parametrize(
    ("errors", "factor", "widens"),
    [((0.01, 0.01), 1.0, True), ((0.0, 0.02), 1.0, False), ((0.0, 0.0), 3.0, False), ((0.0, 0.0), 1.5, True)],
)
def test_weight_does_not_rise_beyond_a_limit(
    errors: tuple[float, float], factor: float, widens: bool
) -> None:
    """Estimates that are too high keep more users away, also where nothing is shown yet."""
    seen = first(traffic(), STEP)
    seen = failing(seen, at_random(seen, errors))
    found = look(replace(seen, latency_ms=seen.latency_ms * np.where(seen.canary, factor, 1)), 0)
    assert found.verdict.outcome == "continue"
    assert may_widen(found, PLAN, REFERENCE) == widens


def test_weight_rises_with_what_stable_does() -> None:
    """The limit of errors is that of the verdict, and no latency counts where nothing says what is slow."""
    seen = first(traffic(), STEP)
    seen = failing(seen, at_random(seen, (0.0, 0.02)))
    found = look(replace(seen, latency_ms=seen.latency_ms * np.where(seen.canary, 9, 1)), 0)
    assert not may_widen(found, PLAN, Reference(error_rate=0.1))
    assert may_widen(found.model_copy(update={"slow_rise": None}), PLAN, Reference(error_rate=0.1))
    assert not may_widen(found.model_copy(update={"slow_rise": None}), PLAN, Reference())
