"""Shares compared block by block, by numbers that were computed by hand."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from slipway.records.checks import Check, needed
from slipway.records.evidence import Interval
from slipway.rollout.blocks import Blocks, broken, design_effect, rise
from slipway.rollout.observations import Observations
from slipway.rollout.sequential import confidence_sequence, rate_difference

ALPHA = 0.05
UNKNOWN = (-1.0, 1.0)
TWO = [(4, 0, 2, 1), (4, 1, 2, 0)]
"""Two blocks of hits of stable and of the canary: 0 of 4 and 1 of 2, 1 of 4 and 0 of 2."""


def seen(blocks: Sequence[tuple[int, int, int, int]], per_unit: int = 1) -> Observations:
    """Requests of blocks that are each (stable's, its hits, the canary's, its hits); hits are errors.

    A unit sends so many requests one after the other, all to one arm of one block.
    """
    parts, units = [], 0
    for number, (stable, failed, canary, its) in enumerate(blocks):
        for arm, (size, hits) in enumerate(((stable, failed), (canary, its))):
            error = np.arange(size) < hits
            parts.append(
                Observations(
                    step=np.zeros(size, np.int32),
                    block=np.full(size, number),
                    unit=units + np.arange(size) // per_unit,
                    canary=np.full(size, arm == 1),
                    error=error,
                    latency_ms=np.where(error, np.nan, 1.0),
                    due=np.ones(size, np.bool_),
                    metric=np.where(error, 0.0, 1.0),
                )
            )
            units += -(-size // per_unit)
    return Observations.concat(parts)


def compared(blocks: Sequence[tuple[int, int, int, int]], per_unit: int = 1) -> Blocks:
    """Their errors."""
    found = seen(blocks, per_unit)
    return Blocks.of(found, found.error)


def rising(blocks: Sequence[tuple[int, int, int, int]], per_unit: int = 1, target: float = 100.0) -> Interval:
    """The rise of their errors."""
    found = seen(blocks, per_unit)
    return rise(found, found.error, target, ALPHA)


def ends(found: Interval) -> tuple[float, float]:
    """Of an interval."""
    return found.low, found.high


def test_blocks_by_hand() -> None:
    """The weights are 4 * 2 / 6, and a hit moves its block's sum by its distance from the share of its arm.

    By units: stable's scale is 4/3 / 4 = 1/3, the canary's 4/3 / 2 = 2/3. In the first block the canary's two
    are each 1/2 off, in the second stable's are 3/4 and three times 1/4 off.
    """
    found = compared(TWO)

    assert found.rise == pytest.approx([0.5, -0.25])
    assert found.weight == pytest.approx([4 / 3, 4 / 3])
    assert found.events.tolist() == [True, True]
    assert found.by_unit == pytest.approx(2 * (1 / 3) ** 2 + (1 / 9) * (9 / 16 + 3 / 16))


def test_units_alike_count_once() -> None:
    """Two requests of one unit that end alike are added up before they are squared."""
    (one, two) = (compared([(4, 2, 4, 2)], per_unit) for per_unit in (1, 2))

    assert one.weight == two.weight == pytest.approx([2.0])
    assert one.by_unit == pytest.approx(8 * (0.5 / 2) ** 2)
    assert two.by_unit == pytest.approx(4 * (2 * 0.5 / 2) ** 2)


def test_a_block_of_one_arm_is_left_out() -> None:
    """It compares nothing, whatever fails in it."""
    found = compared([(4, 2, 0, 0), (4, 1, 2, 0), (0, 0, 3, 3)])

    assert found.rise == pytest.approx([-0.25])
    assert found.weight == pytest.approx([4 / 3])
    assert found.events.tolist() == [True]


def test_interval_by_hand() -> None:
    """Twelve blocks, of which each second rises by 4 points and the others fall by 2: mean 1, deviation 3."""
    found = rising([(50, 0, 50, 2), (50, 1, 50, 0)] * 6, target=250.0)
    deviation = math.sqrt(12 * 25**2 * 0.03**2 * 12 / 11) / 300
    expected = confidence_sequence(0.01, deviation, 300.0, 250.0, 2 * ALPHA)

    assert found.model_dump() == pytest.approx(expected.model_dump())
    assert deviation == pytest.approx(0.03 / math.sqrt(11))


@pytest.mark.parametrize(("blocks", "known"), [(11, False), (12, True)])
def test_twelve_blocks_are_needed(blocks: int, known: bool) -> None:
    """However clear it looks, the spread of eleven blocks says nothing yet."""
    found = rising([(50, 0, 50, 20), (50, 0, 50, 15)] * 6)
    less = rising(([(50, 0, 50, 20), (50, 0, 50, 15)] * 6)[:blocks])

    assert found.value == pytest.approx(0.35)
    assert less.value == pytest.approx(0.35, abs=0.01)
    assert (ends(less) != UNKNOWN) == known


@pytest.mark.parametrize("blocks", [6, 20])
def test_errors_in_four_blocks_are_no_evidence_against_the_canary(blocks: int) -> None:
    """The exact interval bounds the rise from above alone, however many blocks there are."""
    four = [(50, 0, 50, 25)] * 4 + [(50, 0, 50, 0)] * (blocks - 4)
    found, requests = rising(four), 50 * blocks
    exact = rate_difference((0, requests), (100, requests), ALPHA)

    assert (found.value, found.high) == pytest.approx((exact.value, exact.high))
    assert found.low == -1.0 < 0 < exact.low


def test_no_errors_at_all_bound_the_rise_on_both_sides() -> None:
    """No spell can be all that there is where there is none."""
    found = rising([(50, 0, 50, 0)] * 3)
    exact = rate_difference((0, 150), (0, 150), ALPHA)

    assert found == exact
    assert -1 < found.low < 0 < found.high < 1


def test_errors_in_five_blocks_are_compared_by_block() -> None:
    """Five that hold an event have a spread, which may speak against the canary once there are twelve."""
    few = [(50, 0, 50, 25)] * 5
    assert ends(rising([*few, (50, 0, 50, 0)])) == UNKNOWN
    alternating = [(50, 0, 50, 25), (50, 0, 50, 0)] * 5 + [(50, 0, 50, 0)] * 2

    assert rising(alternating).low > -1


def test_neighbours_alike_tell_less() -> None:
    """A spell of three blocks is nearer to one event than to three; apart, the same blocks are three."""
    good, bad = (50, 1, 50, 1), (50, 1, 50, 15)
    spells, apart = rising(([good] * 3 + [bad] * 3) * 4), rising([good, bad] * 12)

    assert spells.value == apart.value == pytest.approx(0.14)
    assert spells.value - spells.low > 1.15 * (apart.value - apart.low)


def test_neighbours_that_take_turns_tell_no_more() -> None:
    """Products of neighbours add to the variance, and never take from it."""
    good, bad = (50, 1, 50, 1), (50, 1, 50, 15)
    turns = rising([good, bad] * 12)
    deviation = 0.14 / math.sqrt(23)
    alone = confidence_sequence(0.14, deviation, 600.0, 100.0, 2 * ALPHA)

    assert ends(turns) == pytest.approx(ends(alone))


def test_what_begins_with_a_step_is_no_noise() -> None:
    """A canary that is worse in all blocks of a later step varies no more than one that always is."""
    found = seen([(50, 1, 50, 1)] * 12 + [(50, 1, 50, 15)] * 12)
    stepped = replace(found, step=(found.block >= 12).astype(np.int32))
    one, two = (rise(each, each.error, 100.0, ALPHA) for each in (found, stepped))

    assert one.value == two.value == pytest.approx(0.14)
    assert two.low > 0 > one.low


def test_units_that_vary_more_than_blocks_widen_it() -> None:
    """Blocks that all look the same are no proof where in each the errors are one user's."""
    same = [(50, 5, 50, 5)] * 12
    single, alike = rising(same), rising(same, per_unit=5)
    by_unit = math.sqrt(compared(same, per_unit=5).by_unit) / 300
    expected = confidence_sequence(0.0, by_unit, 300.0, 100.0, 2 * ALPHA)

    assert ends(alike) == pytest.approx(ends(expected))
    assert alike.high == pytest.approx(math.sqrt(5) * single.high)


@pytest.mark.parametrize(
    ("hits", "units", "effect"),
    [
        ([0, 0, 0, 0], [0, 0, 1, 1], 1.0),
        ([1, 1, 0, 0], [0, 0, 1, 1], 2.0),
        ([1, 0, 1, 0], [0, 0, 1, 1], 1.0),
        ([1, 0, 1, 0], [0, 1, 2, 3], 1.0),
        ([1, 1, 1, 1], [0, 0, 0, 1], 2.5),
    ],
)
def test_design_effect_by_hand(hits: list[int], units: list[int], effect: float) -> None:
    """Requests alike count as fewer, never as more; if all hit, as one of their unit: (9 + 1) / 4."""
    assert design_effect(np.array(hits, bool), np.array(units)) == pytest.approx(effect)


def why(blocks: Any, per_unit: int = 1, size: int = 100) -> str | None:
    """Nobody should wait."""
    found = seen(blocks, per_unit)
    return broken(found, found.error, size, ALPHA)


@pytest.mark.parametrize(
    ("block", "found"),
    [
        ((80, 0, 20, 20), True),
        ((80, 79, 20, 20), True),
        ((80, 80, 20, 20), False),
        ((80, 0, 20, 19), False),
        ((81, 0, 19, 19), False),
        ((79, 0, 20, 20), False),
        ((100, 0, 0, 0), False),
        ((0, 0, 100, 100), False),
    ],
)
def test_a_canary_without_a_sound_answer_is_broken(block: tuple[int, int, int, int], found: bool) -> None:
    """In one whole block, of twenty units or more, where stable answers; otherwise nothing is said yet."""
    reason = why([block])

    assert (reason is not None) == found
    assert reason is None or reason == "no sound answer among 20 of one block"


def test_twenty_requests_of_few_units_are_not_broken() -> None:
    """Ten users of whom each asked twice may be ten odd users."""
    assert why([(80, 0, 20, 20)], per_unit=2) is None
    assert why([(60, 0, 40, 40)], per_unit=2) is not None


def broken_after(blocks: Sequence[tuple[int, int, int, int]]) -> int | None:
    """How many blocks it takes."""
    return next((count for count in range(1, len(blocks) + 1) if why(blocks[:count])), None)


def test_block_after_block_is_broken() -> None:
    """Every second block counts, and 1.9 to the fifth is above 20: at the ninth block it is broken."""
    bad, sound = (50, 0, 50, 25), (50, 0, 50, 1)
    assert 1.9**4 < 1 / ALPHA < 1.9**5
    assert broken_after([bad] * 12) == 9
    assert broken_after([sound] * 12) is None
    assert "more than 0.05 higher in block after block" in str(why([bad] * 9))


def test_a_block_in_which_stable_is_worse_takes_the_evidence_back() -> None:
    """To a tenth: 0.1 times 1.9 to the ninth is above 20, so it takes nine bad ones and not five."""
    bad, worse = (50, 0, 50, 25), (50, 25, 50, 0)
    asked = [bad] * 4 + [worse] + [bad] * 9
    assert 0.1 * 1.9**8 < 1 / ALPHA < 0.1 * 1.9**9
    assert broken_after([block for block in asked for _ in range(2)]) == 2 * (4 + 1 + 5) - 1
    assert broken_after([worse, worse] * 6) is None


@pytest.mark.parametrize(
    ("value", "low", "high", "limit", "count", "expected"),
    [
        # Half 0.4 of an interval, 0.1 below the limit: four times too wide, so sixteen times as much.
        (0.1, -0.3, 0.5, 0.2, 100, 1600),
        # Above the limit the lower half counts.
        (0.5, 0.1, 2.0, 0.3, 100, 400),
        (0.2, 0.0, 0.6, 0.2, 100, None),
        # To two digits: 947 would be 946.7 rounded up.
        (0.1, -0.3, 0.5, 0.23, 100, 950),
        # Of a share of which nothing is known, an interval's width says nothing.
        (0.1, -1.0, 1.0, 0.2, 100, None),
    ],
)
def test_needed_by_hand(
    value: float, low: float, high: float, limit: float, count: int, expected: int | None
) -> None:
    """An interval narrows with the root of the evidence; an estimate at the limit will never tell."""
    assert needed(Interval(value=value, low=low, high=high), limit, count) == expected


@pytest.mark.parametrize(
    ("low", "high", "answer", "told"),
    [
        (-0.1, 0.2, "good", "rise"),
        (0.21, 0.3, "bad", "rise"),
        (0.2, 0.3, "not shown", "not shown: rise"),
        (-1.0, 1.0, "not shown", "not shown: rise"),
    ],
)
def test_a_rise_has_three_answers(low: float, high: float, answer: str, told: str) -> None:
    """At the limit it is within, beyond it harmful; what may be either is said to be so."""
    value = (low + high) / 2
    found = Check.at_most("a.rise", Interval(value=value, low=low, high=high), 0.2, "rise", 100)

    assert (found.answer, found.passed) == (answer, answer == "good")
    assert str(found) == f"a.rise: {told} (allowed: at most 0.2)"
    assert (found.needed is not None) == (answer == "not shown" and low > -1)
