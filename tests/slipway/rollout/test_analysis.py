from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from slipway.base.errors import SlipwayError
from slipway.records.canary import Look
from slipway.records.checks import Check
from slipway.rollout.analysis import judge, may_widen
from slipway.rollout.observations import Observations, concat
from slipway.rollout.reference import Reference
from slipway.rollout.sequential import confidence_sequence
from slipway.settings.card import Guardrails, Rollout, Step
from slipway.tasks.click import TASK

AT = datetime(2026, 11, 21, tzinfo=UTC)
STEP = 4000
PLAN = Rollout(
    steps=[Step(weight=weight, requests=STEP) for weight in (10, 25, 50)],
    guardrails=Guardrails(min_requests=100),
    max_duration_minutes=5.0,
)
LAST = len(PLAN.steps) - 1
REFERENCE = Reference(slow_ms=2 * float(np.exp(1 + 0.5 * norm.ppf(0.9))))
"""Of the traffic below, whose latency has a mean logarithm of 1 and a deviation of 0.5."""
REWARD = TASK.metric("reward")


def traffic(
    seed: int = 1, users: int = STEP, alike: float = 0.5, lift: float = 0.0, rise: float = 0.1
) -> Observations:
    """The whole plan's requests: of users some of whose requests are alike, with a base rate that rises."""
    rng = np.random.default_rng(seed)
    step = np.repeat(np.arange(3, dtype=np.int32), STEP)
    unit = rng.integers(0, users, len(step))
    weight = np.array([10.0, 25.0, 50.0])[step]
    canary = rng.uniform(0, 100, users)[unit] < weight
    own, habit = rng.random(len(step)), rng.random(users)[unit]
    luck = np.where(rng.random(len(step)) < alike, habit, own)
    return Observations(
        step=step,
        block=np.arange(len(step)) // PLAN.block_requests,
        unit=unit,
        canary=canary,
        error=np.zeros(len(step), bool),
        latency_ms=rng.lognormal(1, 0.5, len(step)),
        due=np.ones(len(step), bool),
        metric=(luck < 0.1 + rise * step + lift * canary).astype(np.float64),
    )


def failing(seen: Observations, chosen: Any) -> Observations:
    """The same with the chosen requests as errors, which earn nothing."""
    return replace(
        seen,
        error=seen.error | chosen,
        latency_ms=np.where(chosen, np.nan, seen.latency_ms),
        metric=np.where(chosen, 0.0, seen.metric),
    )


def at_random(seen: Observations, shares: tuple[float, float]) -> Any:
    """So much of the requests of stable and of the canary, [requests]."""
    return np.random.default_rng(0).random(len(seen)) < np.array(shares)[seen.canary.astype(int)]


def first(seen: Observations, size: int) -> Observations:
    """The requests sent first."""
    return seen.where(np.arange(len(seen)) < size)


def look(
    seen: Observations, step: int = LAST, exhausted: bool = False, reference: Reference = REFERENCE
) -> Look:
    """What is said of these observations."""
    return judge(seen, PLAN, step, exhausted, AT, REWARD, reference)


def check(found: Look, name: str) -> Check:
    """One of the look's."""
    return next(check for check in found.verdict.checks if check.code == f"canary.{name}")


def looks(seen: Observations) -> Iterator[Look]:
    """A look after every 500 requests, up to the verdict."""
    for size in range(500, len(seen) + 1, 500):
        part = first(seen, size)
        found = look(part, int(part.step[-1]))
        yield found
        if found.verdict.outcome != "continue":
            return


def failed(found: Look) -> list[str]:
    """The codes of the checks that did not pass."""
    return [check.code for check in found.verdict.checks if not check.passed]


@pytest.mark.gate("canary.undecided")
def test_equal_is_not_promoted() -> None:
    """That all requests of the plan are used up proves nothing."""
    found = look(traffic())

    assert (found.verdict.outcome, failed(found)) == ("inconclusive", ["canary.metric"])


def test_rare_outcomes() -> None:
    """A canary of 10 % that happened to see no rare outcome is not taken for a worse one."""
    found = traffic(alike=0)
    rare = np.zeros(len(found))
    rare[np.flatnonzero(~found.canary & (found.step == 0))[:12]] = 1
    seen = first(replace(found, metric=rare), STEP)
    assert look(seen, 0).verdict.outcome == "continue"


def test_interval_by_hand() -> None:
    """The interval is that of a literal calculation: ratio per arm, effective sizes, one score per unit."""
    seen = traffic(users=100, alike=1)
    seen = replace(seen, metric=seen.metric * np.where(seen.canary, 4, 1))
    scores, gain, total = np.zeros(100), 0.0, 0.0
    for step in range(3):
        arms = [seen.where((seen.step == step) & (seen.canary == arm)) for arm in (False, True)]
        size = len(arms[0]) * len(arms[1]) / STEP
        for arm, sign in zip(arms, (-1, 1), strict=True):
            np.add.at(scores, arm.unit, sign * size / len(arm) * (arm.metric - arm.metric.mean()))
            gain += sign * size * arm.metric.mean()
        total += size
    target = STEP * (0.09 + 0.1875 + 0.25)
    expected = confidence_sequence(gain / total, np.sqrt((scores**2).sum()) / total, total, target, 0.05)
    assert look(seen).difference.model_dump() == pytest.approx(expected.model_dump())


def test_few_users_alike() -> None:
    """Requests of some twenty users are not taken for as many answers as there are requests."""
    stops = [list(looks(traffic(seed, users=20, alike=1, rise=0)))[-1] for seed in range(20)]
    assert [found.verdict.outcome for found in stops].count("inconclusive") >= 19
    assert [check(found, "metric").answer for found in stops].count("not shown") >= 19


def test_better_is_promoted_at_the_end() -> None:
    """A clearly better canary runs all steps and is promoted when the last has its requests."""
    found = list(looks(traffic(lift=0.15)))
    assert [one.verdict.outcome for one in found] == ["continue"] * 23 + ["promote"]
    assert failed(found[-1]) == []
    assert found[-1].difference.value == pytest.approx(0.15, abs=0.04)


@pytest.mark.gate("canary.metric")
def test_worse_is_aborted() -> None:
    """A clearly worse canary is aborted by the metric alone, before the plan ends."""
    found = list(looks(traffic(lift=-0.1, rise=0.15)))
    assert found[-1].verdict.outcome == "abort"
    assert found[-1].verdict.checks[0].code == "canary.metric"
    assert len(found) < 24


def test_failing_where_it_would_pay_is_no_gain() -> None:
    """A canary that fails on most of what would have been clicked earns less, by the metric alone."""
    for seed in range(5):
        seen = traffic(seed, alike=0)
        lost = seen.canary & (seen.metric == 1) & (np.random.default_rng(seed).random(len(seen)) < 0.6)
        unpaid = failing(seen, lost)
        forgiven = replace(unpaid, metric=np.where(lost, np.nan, seen.metric))
        assert look(unpaid).difference.high < 0
        assert look(unpaid).difference.value < look(forgiven).difference.value


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


@pytest.mark.gate("canary.sample_ratio")
def test_biased_assignment_is_aborted() -> None:
    """A canary that gets twice its share of the units is aborted, though all else is well."""
    seen = traffic(lift=0.15)
    biased = first(replace(seen, canary=seen.unit % 5 == 0), 1500)
    found = look(biased, 0)
    assert found.verdict.outcome == "abort"
    assert found.verdict.checks[0].code == "canary.sample_ratio"


def test_units_count_not_requests() -> None:
    """A user of the canary with very many requests is no mismatch."""
    seen = first(traffic(), 1500)
    user = seen.unit[seen.canary][0]
    assert look(concat([seen, *[seen.where(seen.unit == user)] * 500]), 0).sample_ratio_p > 0.01


@pytest.mark.gate("canary.sticky")
def test_wandering_unit_is_aborted() -> None:
    """A unit that goes back from the canary to stable shows that the assignment is broken."""
    seen = traffic(lift=0.15)
    back = np.flatnonzero(
        (seen.step == LAST) & np.isin(seen.unit, seen.unit[seen.canary & (seen.step == 0)])
    )[0]
    canary = seen.canary.copy()
    canary[back] = False
    found = look(replace(seen, canary=canary))
    assert (found.verdict.outcome, failed(found)) == ("abort", ["canary.sticky"])


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


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.5])
def test_no_information_never_promotes(value: float) -> None:
    """A metric that is missing, infinite or constant everywhere says nothing."""
    seen = traffic()
    found = look(replace(seen, metric=np.full(len(seen), value)))
    assert (found.verdict.outcome, found.difference) == ("inconclusive", None)
    assert ("canary.metric_known" in failed(found)) == (not np.isfinite(value))


def test_what_is_not_due_counts_as_nothing() -> None:
    """Neither as zero nor as missing, whatever stands there; once it is due it counts."""
    seen = traffic(lift=0.15)
    early = np.arange(len(seen)) % 3 > 0
    there = replace(seen, metric=np.where(early, seen.metric, np.nan), due=early)
    zero = replace(seen, metric=np.where(early, seen.metric, 0.0), due=early)
    found = look(there)

    assert found.difference == look(zero).difference == look(seen.where(early)).difference
    assert found.difference.value == pytest.approx(look(seen).difference.value, abs=0.03)
    assert found.difference != look(seen).difference
    assert check(found, "metric_known") == check(look(seen.where(early)), "metric_known").model_copy(
        update={"needed": check(found, "metric_known").needed}
    )
    assert "canary.metric_known" in failed(
        look(replace(there, due=seen.due, metric=np.where(early | ~seen.canary, seen.metric, np.nan)))
    )


def test_infinite_metric_is_unknown() -> None:
    """One infinite loss does not wipe out what all other answers say."""
    seen = traffic()
    seen.metric[[0, 1]] = -np.inf, np.inf
    assert look(seen).difference.high - look(seen).difference.low < 0.2


@pytest.mark.gate("canary.latency")
def test_missing_latency_never_promotes() -> None:
    """A better canary whose latency nobody measured is not promoted."""
    seen = traffic(lift=0.15)
    found = look(replace(seen, latency_ms=np.where(seen.canary, np.nan, seen.latency_ms)))
    assert (found.verdict.outcome, failed(found)) == ("inconclusive", ["canary.latency"])
    assert "[-1, 1]" in check(found, "latency").found


@pytest.mark.parametrize("canary", [False, True])
def test_empty_arm_never_promotes(canary: bool) -> None:
    """Without one of the arms there is no comparison."""
    seen = traffic(lift=0.15)
    found = look(seen.where(seen.canary == canary), exhausted=True)
    assert found.verdict.outcome in {"inconclusive", "abort"}
    assert "canary.min_requests" in failed(found)
    assert (found.canary if not canary else found.stable).mean is None


def test_nothing_seen() -> None:
    """No requests at all are no verdict, and inconclusive once there will be none."""
    assert look(concat([]), 0).verdict.outcome == "continue"
    assert look(concat([]), 0, exhausted=True).verdict.outcome == "inconclusive"


def test_exhausted_is_inconclusive() -> None:
    """A better canary whose traffic ends before the last step's requests is not promoted."""
    seen = first(traffic(lift=0.15), 11500)
    assert look(seen).difference.low > 0
    assert look(seen).verdict.outcome == "continue"
    assert look(seen, exhausted=True).verdict.outcome == "inconclusive"


def test_no_promotion_before_the_last_step() -> None:
    """A better canary that has its requests in an earlier step has to go on."""
    seen = first(traffic(lift=0.25), 2 * STEP)
    assert look(seen, 1).difference.low > 0
    assert look(seen, 1).verdict.outcome == "continue"


@pytest.mark.gate("canary.min_requests")
def test_minimum_of_requests() -> None:
    """Below the minimum in the last step nothing is promoted, however good the canary looks over all."""
    plan = PLAN.model_copy(update={"guardrails": Guardrails(min_requests=2000)})
    found = judge(traffic(lift=0.15), plan, LAST, False, AT, REWARD, REFERENCE)
    assert (found.verdict.outcome, failed(found)) == ("inconclusive", ["canary.min_requests"])
    assert not check(found, "min_requests").shown


@pytest.mark.gate(
    "canary.min_units",
    fed="a canary that looks better to a handful of units, each with very many requests",
    stops="canary",
    exit=4,
    reason="canary.min_units",
    untouched="the canary is not promoted",
)
def test_minimum_of_units() -> None:
    """Some twenty users of the canary vouch for nothing, however many requests they send."""
    found = look(traffic(users=45, alike=0, lift=0.15))
    assert (found.verdict.outcome, failed(found)) == ("inconclusive", ["canary.min_units"])
    assert not check(found, "min_units").shown
    assert found.canary.units < PLAN.guardrails.min_units < found.canary.units + found.stable.units


def test_a_handful_of_units_refutes_no_share() -> None:
    """Nor does it confirm one: a sample ratio of twenty units is not shown, whichever way."""
    few, enough = (look(traffic(users=users, alike=0), 0) for users in (29, 200))
    assert check(few, "sample_ratio").answer == "not shown"
    assert check(enough, "sample_ratio").answer == "good"


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


def test_evidence_of_the_arms() -> None:
    """The arms are described within the step, a mean log loss as the loss that it is."""
    seen = failing(traffic(), np.arange(3 * STEP) % 100 == 0)
    found = judge(replace(seen, metric=-seen.metric), PLAN, 1, False, AT, TASK.metric("log_loss"), REFERENCE)
    here = seen.where((seen.step == 1) & seen.canary)
    assert (found.requests, found.canary.requests, found.canary.errors) == (
        STEP,
        len(here),
        int(here.error.sum()),
    )
    assert found.canary.mean == pytest.approx(np.nanmean(here.metric))
    assert found.canary.latency_ms["p90"] == pytest.approx(np.nanquantile(here.latency_ms, 0.9))
    assert found.canary.units == len(set(here.unit))


@given(st.integers(0, 3 * STEP), st.integers(0, 2**32 - 1))
def test_names_of_units_do_not_matter(size: int, seed: int) -> None:
    """Other codes for the same units, and any number of requests, give the same verdict and evidence."""
    seen = first(traffic(users=60), size)
    codes = np.random.default_rng(seed).permutation(60)
    step = int(seen.step[-1]) if size else 0
    one, other = look(seen, step), look(replace(seen, unit=codes[seen.unit]), step)
    assert one.verdict.outcome == other.verdict.outcome
    assert (one.sample_ratio_p, one.error_rate_rise) == (other.sample_ratio_p, other.error_rate_rise)
    assert [check.answer for check in one.verdict.checks] == [check.answer for check in other.verdict.checks]


def test_unequal_arrays_are_refused() -> None:
    """Arrays that do not describe the same requests are an error that names their sizes."""
    seen = traffic()
    with pytest.raises(SlipwayError, match=r"'step': 12000.*'unit': 3"):
        replace(seen, unit=seen.unit[:3])
