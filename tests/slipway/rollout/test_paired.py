"""Two versions on the same requests: the difference by unit."""

from collections import Counter

import numpy as np
import pytest

from benchmarks.bench_shadow import World, first, plan, split
from slipway.base.errors import SlipwayError
from slipway.rollout.difference import difference
from slipway.rollout.paired import Pairs, paired_difference
from slipway.rollout.sequential import confidence_sequence
from slipway.settings.card import Decision
from tests.slipway.rollout.pairing import looks

ALPHA = Decision().alpha
RUNS = 60
MOST = 8
"""Of so many equal candidates, the most that may be decided on: 5 % and what 60 draws leave open (99 %)."""


def test_the_difference_is_a_ratio_of_sums_by_unit() -> None:
    """By hand, for three users of whom one asks twice."""
    nothing = np.zeros(4, np.bool_)
    gains = np.array([1.0, 2.0, -1.0, 0.0])
    pairs = Pairs(np.array([0, 0, 1, 2]), np.zeros(4), gains, nothing, nothing, np.zeros(4), ~nothing)
    residuals = np.array([3 - 2 * 0.5, -1 - 0.5, 0 - 0.5])
    deviation = np.sqrt(np.square(residuals).sum() * 3 / 2) / 4

    found = paired_difference(pairs, 100, 0.05)

    assert found == confidence_sequence(0.5, float(deviation), 4, 100, 0.05)


def test_nothing_is_said_where_nothing_varies() -> None:
    """Of one unit, of equal answers, and of nobody."""
    pairs = World(100).drawn(0)
    same = Pairs(**{**vars(pairs), "candidate": pairs.stable})

    assert paired_difference(first(pairs, 1), 100, 0.05) is None
    assert paired_difference(same, 100, 0.05) is None
    assert paired_difference(first(pairs, 0), 100, 0.05) is None
    assert first(pairs, 0).units == 0


def test_pairs_have_one_size() -> None:
    """An array that is too short is a fault of ours."""
    pairs = World(10).drawn(0)
    with pytest.raises(SlipwayError, match="expected one size"):
        Pairs(**{**vars(pairs), "label": pairs.label[:9]})


def test_only_what_is_known_counts() -> None:
    """What is not due yet, or lost, is left out of both sides."""
    pairs = World(10).drawn(0)
    due, stable = np.arange(10) < 8, pairs.stable.copy()
    stable[0] = np.nan

    assert len(Pairs(**{**vars(pairs), "due": due, "stable": stable}).known) == 7


@pytest.mark.parametrize(
    "world",
    [
        pytest.param(World(4000), id="a user for each request"),
        pytest.param(World(4000, users=60), id="60 heavy-tailed users"),
        pytest.param(World(12_000, rate=0.005, denies=True), id="0.5 % positives, denied by the candidate"),
        pytest.param(World(6000, denies=True, users=100), id="100 users, positives denied"),
    ],
)
def test_an_equal_candidate_is_seldom_decided_on(world: World) -> None:
    """However often one looks."""
    ends = Counter(looks(world.drawn(seed))[-1].verdict.outcome for seed in range(RUNS))

    assert ends["pass"] + ends["abort"] <= MOST, ends


def test_pairs_find_what_a_split_of_the_same_requests_does_not() -> None:
    """A candidate that errs half as much, on 4,000 requests, of which the split has all from the start."""
    paired, live = 0, 0
    for seed in range(10):
        pairs = World(4000, gain=0.5).drawn(seed)
        paired += looks(pairs)[-1].verdict.outcome == "pass"
        gain = difference(split(pairs, seed), plan(4000))
        live += gain is not None and gain.low > 0

    assert paired >= 8
    assert live == 0


def test_the_variance_of_pairs_is_a_fraction_of_a_splits() -> None:
    """Measured as the squared width at the end, of the same 8,000 requests: about thirty times less."""
    pairs = World(8000, gain=0.5).drawn(0)
    paired = paired_difference(pairs, 8000, ALPHA)
    live = difference(split(pairs, 0), plan(8000))
    assert paired is not None
    assert live is not None

    assert 20 < ((live.high - live.low) / (paired.high - paired.low)) ** 2 < 60
