"""Whether a served copy gives the scores of training."""

import numpy as np
from numpy.typing import NDArray


def differences(served: NDArray[np.float64], trained: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far each score lies from that of training, as a share of it where that is above 1.

    A probability is compared as it is; a number in thousands cannot be held to a millionth of its unit.
    """
    found: NDArray[np.float64] = np.abs(served - trained) / np.maximum(1.0, np.abs(trained))
    return found
