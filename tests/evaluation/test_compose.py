import numpy as np

from slipway.evaluation.compose import earned


def test_a_request_earns_what_its_best_option_does() -> None:
    """The true probability where the score is best; of equal scores the first is shown."""
    truth = np.array([0.1, 0.5, 0.2, 0.3, 0.7])

    assert earned(np.array([1.0, 0.2, 0.9, 0.4, 0.4]), truth, [(0, 2), (2, 3), (3, 5)]) == np.mean(
        [0.1, 0.2, 0.3]
    )
