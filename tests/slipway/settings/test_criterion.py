"""One rule for a difference, with one meaning in the gate and in the canary."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.records.evidence import Interval
from slipway.settings.card import Decision, Gate
from slipway.settings.criterion import Criterion, answer

BETTER, MARGIN = Criterion(), 0.002
NOT_WORSE = Criterion(rule="not_worse", margin=MARGIN)
JUST_ABOVE = math.nextafter(-MARGIN, 0)
JUST_BELOW = math.nextafter(-MARGIN, -1)


def between(low: float, high: float) -> Interval:
    """The interval of a gain."""
    return Interval(value=(low + high) / 2, low=low, high=high)


@pytest.mark.parametrize(
    ("low", "high", "better", "not_worse"),
    [
        (1e-12, 0.01, "good", "good"),
        (0.0, 0.01, "not shown", "good"),
        (JUST_ABOVE, 0.01, "not shown", "good"),
        (-MARGIN, 0.01, "not shown", "not shown"),
        (JUST_ABOVE, -1e-12, "bad", "good"),
        (-0.01, -1e-12, "bad", "not shown"),
        (-0.01, 0.0, "not shown", "not shown"),
        (-0.01, -MARGIN, "bad", "not shown"),
        (-0.01, JUST_BELOW, "bad", "bad"),
    ],
)
def test_each_answer_is_where_the_margin_says(low: float, high: float, better: str, not_worse: str) -> None:
    """At the margin nothing is shown; shown to be worse by less than it is good enough."""
    assert answer(between(low, high), BETTER) == better
    assert answer(between(low, high), NOT_WORSE) == not_worse


def test_what_is_no_number_shows_nothing() -> None:
    """Every comparison with it is false."""
    nothing = Interval.model_construct(value=math.nan, low=math.nan, high=math.nan)

    assert {answer(nothing, asked, 0.01) for asked in (BETTER, NOT_WORSE)} == {"not shown"}


def test_a_gain_that_is_too_small_to_want_is_futile() -> None:
    """Only where a gain is asked for, and only what is neither good nor bad."""
    small = between(-0.001, 0.004)

    assert answer(small, BETTER, min_effect=0.005) == "futile"
    assert answer(small, BETTER, min_effect=0.004) == "not shown"
    assert answer(small, BETTER) == "not shown"
    assert answer(small, NOT_WORSE, min_effect=0.005) == "good"
    assert answer(between(0.001, 0.004), BETTER, min_effect=0.005) == "good"
    assert answer(between(-0.004, -0.001), BETTER, min_effect=0.005) == "bad"


ENDS = st.floats(-1, 1)


@given(first=ENDS, second=ENDS, margin=st.floats(1e-6, 1))
def test_a_margin_only_forgives(first: float, second: float, margin: float) -> None:
    """What is better is not worse, and what is worse by more than the margin is not better."""
    gain, asked = between(*sorted((first, second))), Criterion(rule="not_worse", margin=margin)
    order = ("bad", "not shown", "good")

    assert order.index(answer(gain, BETTER)) <= order.index(answer(gain, asked))


def test_gate_and_canary_have_the_same_rule() -> None:
    """Of one type, and strict where a card says nothing."""
    assert isinstance(Decision(), Criterion)
    assert Gate().champion == Criterion(rule=Decision().rule, margin=Decision().margin) == BETTER


@pytest.mark.gate("settings.criterion")
@pytest.mark.parametrize("given", [{"rule": "not_worse"}, {"margin": 0.1}])
def test_a_margin_is_explicit(given: dict[str, object]) -> None:
    """In the canary as in the gate."""
    with pytest.raises(ValueError, match="not_worse needs a margin above 0, and better takes none"):
        Decision.model_validate(given)
