"""The gate counts: outcomes of the holdout, and the candidates that were compared on it."""

import pytest

from slipway.records.evidence import HoldoutUse, ordinal
from tests.slipway.evaluation.bad import (
    Change,
    evidence,
    holdout,
    judged,
)
from tests.slipway.evaluation.test_gate import failures, policy
from tests.slipway.report.sample import card


def clicks(count: int) -> Change:
    """The same evidence from 150,000 rows with so many clicks."""
    return holdout(labels={"base_rate": count / 150_000})


@pytest.mark.parametrize("count", [99, 149_901])
def test_too_few_outcomes_show_nothing_and_say_how_many_rows_would(count: int) -> None:
    """Of the rarer label, whichever that is; intervals of so few err more often than they say."""
    [check] = judged(clicks(count)(evidence()), card()).failures

    assert (check.code, check.answer) == ("holdout.outcomes", "not shown")
    assert check.found == (
        "99 rows with the rarer label among 150,000 rows; a holdout of about 151,516 rows would suffice"
    )
    assert failures(clicks(100)(evidence())) == []


def test_a_card_may_ask_for_fewer_outcomes() -> None:
    """As `new-system` writes it for a small table, for somebody to review."""
    assert failures(clicks(40)(evidence()), policy(min_outcomes=40)) == []
    assert failures(clicks(0)(evidence()), policy(min_outcomes=1)) == ["holdout.outcomes"]


def test_a_first_version_needs_outcomes_too() -> None:
    """Its bounds are held against the same intervals."""
    assert failures(clicks(99)(evidence(champion=False))) == ["holdout.outcomes"]


@pytest.mark.gate("holdout.counted")
def test_a_level_that_the_place_does_not_have_is_refused() -> None:
    """The fifth candidate with the interval of the first."""
    found = evidence().model_copy(update={"use": HoldoutUse(place=5, level=0.025)})

    assert ["holdout.counted"] == failures(found)


@pytest.mark.parametrize(("place", "percent"), [(1, "2.50%"), (2, "0.83%"), (3, "0.42%"), (11, "0.04%")])
def test_candidates_spend_the_level_together(place: int, percent: str) -> None:
    """The first has the usual interval; a thousand spend one in twenty."""
    assert str(HoldoutUse.of(place, 0.95)).endswith(f"candidate on this holdout: level {percent} per side")
    assert sum(HoldoutUse.of(one, 0.95).level for one in range(1, 1001)) == pytest.approx(0.05, rel=0.01)


def test_places_are_told_as_people_do() -> None:
    """With the ends of ordinal numbers."""
    assert [ordinal(place) for place in (1, 2, 3, 4, 11, 12, 13, 21, 112)] == [
        *("1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "112th")
    ]
