from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.base.errors import SlipwayError
from slipway.rollout.analysis import judge
from slipway.rollout.observations import Observations
from slipway.rollout.sequential import confidence_sequence
from slipway.settings.card import Guardrails
from slipway.tasks.click import TASK
from tests.slipway.rollout.judged import (
    AT,
    LAST,
    PLAN,
    REFERENCE,
    REWARD,
    STEP,
    check,
    failed,
    failing,
    first,
    look,
    looks,
    traffic,
)


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
    assert look(Observations.concat([seen, *[seen.where(seen.unit == user)] * 500]), 0).sample_ratio_p > 0.01


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
    assert look(first(traffic(), 0), 0).verdict.outcome == "continue"
    assert look(first(traffic(), 0), 0, exhausted=True).verdict.outcome == "inconclusive"


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
    with pytest.raises(SlipwayError, match=r"'unit': 3.*'step': 12000"):
        replace(seen, unit=seen.unit[:3])


@pytest.mark.gate("canary.metric")
def test_a_gain_that_is_not_worth_it_is_futile() -> None:
    """An equal canary is given up once the least gain is shown not to be there; by default it goes on."""
    seen = traffic(seed=2, alike=0)
    worth = PLAN.model_copy(update={"min_effect": 0.06})
    found = judge(seen, worth, LAST, False, AT, REWARD, REFERENCE)

    assert look(seen).verdict.outcome == "inconclusive"
    assert found.verdict.outcome == "abort"
    assert "below the 0.06 that is worth it" in check(found, "metric").found
