"""Live traffic: clicks that were observed judge a canary, each once its window has passed."""

import numpy as np
import pytest

from slipway.base.errors import UsageError
from slipway.rollout.traffic import decision
from slipway.settings.card import Decision
from tests.slipway.rollout.targets.in_memory import card, tried


def test_a_live_canary_is_judged_by_clicks() -> None:
    """No generator knows the truth here; `auto` and `reward` are the same."""
    for asked in (Decision(), Decision(metric="reward")):
        ended = tried(card(decision=asked), (0.3, 0.4))

        assert (ended.outcome, ended.found.metric) == ("promote", "reward")
        assert ended.found.looks[-1].difference is not None
        assert ended.found.looks[-1].difference.value == pytest.approx(0.1, abs=0.04)


def test_a_live_canary_that_earns_fewer_clicks_is_aborted() -> None:
    """And one that earns as many is not promoted."""
    worse, equal = tried(card(), (0.4, 0.3)), tried(card(), (0.3, 0.3))

    assert (worse.outcome, worse.failed[0]) == ("abort", "canary.metric")
    assert (equal.outcome, equal.failed) == ("inconclusive", ["canary.metric"])


@pytest.mark.gate(
    "rollout.loss_of_shown",
    fed="a card that judges live versions by their losses on options that each chose",
    stops="canary",
    exit=2,
    reason="rollout.decision.metric: found 'log_loss', but live traffic",
    untouched="no traffic is made, so none is offered",
)
def test_losses_of_shown_options_are_no_live_metric() -> None:
    """The two versions' losses would be of different rows."""
    with pytest.raises(
        UsageError, match="found 'log_loss', but live traffic knows outcomes of shown options"
    ):
        decision(card(decision=Decision(metric="log_loss")), "observed")


def test_nothing_counts_before_its_window_has_passed() -> None:
    """Requests come a second apart, and a click counts after an hour, however soon it came."""
    ended = tried(card(delay=1.0), (0.3, 0.4))
    known = [look.difference is not None for look in ended.found.looks]

    # The last look is the sixteenth, after 8,000 requests; it waits for the last outcomes.
    assert known == [False] * 7 + [True] * (len(known) - 7)
    assert ended.outcome == "promote"


@pytest.mark.gate(
    "canary.outcome_delay",
    fed="a canary whose users click as often, but whose clicks come late in their window",
    stops="canary",
    exit=4,
    reason="canary.outcome_delay",
    untouched="no promotion, and the canary is not stopped for it before its requests are used up",
)
def test_outcomes_that_come_late_promote_nothing() -> None:
    """All of them count, late or not, so the comparison is fair; what never came may differ as well."""
    better = tried(card(delay=0.1), (0.3, 0.4), late={2: 0.1})

    assert (better.outcome, better.failed) == ("inconclusive", ["canary.outcome_delay"])
    rise = better.found.looks[-1].late_rise
    assert rise is not None
    assert 0.05 < rise.low < 0.1 < rise.high


def test_outcomes_as_late_in_both_arms_stop_nothing() -> None:
    """A slow log is no fault of the canary."""
    assert tried(card(delay=0.1), (0.3, 0.4), late={1: 0.1, 2: 0.1}).outcome == "promote"


def test_equal_canaries_whose_outcomes_come_late_are_not_aborted() -> None:
    """One in ten of the canary's alone; counted as they came, 42 % of such canaries were aborted."""
    ended = [tried(card(delay=0.1), (0.3, 0.3), late={2: 0.1}, seed=seed).outcome for seed in range(20)]

    assert ended.count("abort") <= 1
    assert "promote" not in ended


@pytest.mark.gate(
    "canary.min_duration",
    fed="live traffic that is better at once, and a day of it where the card asks for more",
    stops="canary",
    exit=4,
    reason="canary.min_duration",
    untouched="no promotion before the card's days are over",
)
def test_a_live_canary_is_watched_as_long_as_the_card_says() -> None:
    """Its requests are there after 16 looks; each look at the clock takes three minutes of six hours."""
    given = card(min_duration_days=0.25, max_duration_minutes=400.0)
    ended = tried(given, (0.3, 0.5), pace=3.0)
    before = [look for look in ended.found.looks if look.verdict.outcome == "continue"]

    assert ended.outcome == "promote"
    assert len(ended.found.looks) > 16
    assert {check.code for check in before[-1].verdict.checks if not check.passed} == {"canary.min_duration"}


def test_harm_is_stopped_before_the_minimum_duration() -> None:
    """A week of a worse version helps nobody."""
    ended = tried(card(min_duration_days=7.0, max_duration_minutes=20_000.0), (0.4, 0.3))

    assert (ended.outcome, ended.failed[:1]) == ("abort", ["canary.metric"])
    assert len(ended.found.looks) <= 16


def test_a_plan_without_time_starts_nothing() -> None:
    """It is asked before the weight is set."""
    with pytest.raises(UsageError, match=r"rollout\.min_duration_days asks for 7 days"):
        tried(card(min_duration_days=7.0), (0.3, 0.4))


def test_the_clicks_of_an_hour_are_as_many_in_both_arms() -> None:
    """Of equal versions, over seeds: no arm is given more than it earned."""
    gains = [
        look.difference.value
        for seed in range(10)
        for look in tried(card(delay=0.1), (0.3, 0.3), seed=seed).found.looks[-1:]
        if look.difference is not None
    ]

    assert abs(np.mean(gains)) < 3 * np.std(gains, ddof=1) / np.sqrt(len(gains))
