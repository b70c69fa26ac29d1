import subprocess
import sys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from slipway.rollout.assignment import in_canary, position

NAMES = [f"user-{number}" for number in range(20_000)]
units = st.lists(st.text(), max_size=30)
weights = st.floats(0, 100)


@given(units, st.text(max_size=80), weights, weights)
def test_monotone(names: list[str], experiment: str, one: float, other: float) -> None:
    """Whoever is in the canary stays there when the weight rises."""
    few, many = (in_canary(names, experiment, weight) for weight in sorted((one, other)))
    assert not (few & ~many).any()


@given(units, st.permutations(range(5)), weights)
def test_sticky(names: list[str], order: list[int], weight: float) -> None:
    """A unit's arm depends on nothing but the unit: not on the company, the order or repetition."""
    alone = [bool(in_canary([name], "e", weight)[0]) for name in names]
    repeated = [names[place] for place in order if place < len(names)] + names
    assert in_canary(repeated, "e", weight).tolist()[len(repeated) - len(names) :] == alone


def test_the_ends() -> None:
    """Weight 0 gives the canary nobody and weight 100 everybody."""
    places = position(NAMES, "e")
    assert (places >= 0).all()
    assert (places < 100).all()
    assert not in_canary(NAMES, "e", 0).any()
    assert in_canary(NAMES, "e", 100).all()


def test_balanced() -> None:
    """The canary's share of units is its weight, for any experiment."""
    shares = [[in_canary(NAMES, name, weight).mean() for weight in (1, 10, 50)] for name in "abc"]
    np.testing.assert_allclose(shares, [[0.01, 0.10, 0.50]] * 3, atol=0.011)


def test_salted() -> None:
    """Two experiments draw their canaries independently of each other."""
    one, other = in_canary(NAMES, "ad_click-7-8", 50), in_canary(NAMES, "ad_click-7-9", 50)
    assert abs((one & other).mean() - 0.25) < 0.011


def test_same_in_every_process() -> None:
    """No process's own hash seed moves a unit."""
    code = "from slipway.rollout.assignment import position; print(position(['ada', 'bob'], 'e').tolist())"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == str(position(["ada", "bob"], "e").tolist())
    np.testing.assert_allclose(position(["ada"], "e"), 74.55709755897226)


def test_no_units() -> None:
    """Nobody is assigned nowhere."""
    assert position([], "e").shape == (0,)
