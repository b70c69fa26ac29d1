"""How far a served score lies from that of training."""

import numpy as np
import pytest

from slipway.version.parity import differences


@pytest.mark.parametrize(
    ("served", "trained", "expected"),
    [
        (0.5, 0.25, 0.25),
        (1e6 + 1, 1e6, 1e-6),
        (-1e6 - 1, -1e6, 1e-6),
        (3.0, 0.0, 3.0),
        ([0.5, 0.5], [0.5, 0.25], [0, 0.25]),
    ],
)
def test_a_difference_is_a_share_of_what_is_above_one(
    served: object, trained: object, expected: object
) -> None:
    """A probability counts as it is, and so does each of the classes."""
    found = differences(np.asarray(served, np.float64), np.asarray(trained, np.float64))
    np.testing.assert_allclose(found, expected)


def test_what_is_no_number_is_not_near() -> None:
    """No tolerance lets it pass."""
    assert not (differences(np.array([np.nan]), np.array([0.5])) <= 1e9).any()
