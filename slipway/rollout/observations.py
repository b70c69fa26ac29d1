"""What was seen of each request that a canary and its stable version served."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from slipway.rollout.per_request import PerRequest


@dataclass(frozen=True)
class Observations(PerRequest):
    """Served requests, warm-up excluded; a unit has the same code in every step.

    Attributes:
        step: int32; index of the rollout's step.
        block: int64; index of the block of time, see `slipway.rollout.blocks`.
        canary: bool; the arm that the request was assigned to, whoever answered.
        error: bool.
        latency_ms: float64; NaN on error.
        due: bool; the outcome's delay has passed, so it can be known by now.
        metric: float64; better is up: reward 0 or 1, or minus a loss; NaN where unknown. It says nothing
            before it is due. A failed answer has one too: what a unit gets that is not answered.
        triggered: bool; whether the two versions can have made a difference, see
            `slipway.rollout.triggering`; left out, all may.
        label: float64; what came of the request, whatever was answered; NaN where unknown; left out, all are.
            Where the metric is a loss, none is believed without, see `slipway.rollout.events`.
        late: bool; the outcome came, but in the second half of its maturity window. None where the arms
            cannot differ in that, as in a replay, whose outcomes come when they came to the rows.
    """

    step: NDArray[np.int32]
    block: NDArray[np.int64]
    canary: NDArray[np.bool_]
    error: NDArray[np.bool_]
    latency_ms: NDArray[np.float64]
    due: NDArray[np.bool_]
    metric: NDArray[np.float64]
    triggered: NDArray[np.bool_] = field(default_factory=lambda: np.ones(0, np.bool_))
    label: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    late: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        for name, left_out in (("triggered", True), ("label", np.nan)):
            if not len(getattr(self, name)):
                object.__setattr__(self, name, np.full(len(self.step), left_out))
        super().__post_init__()

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which metrics are there to be counted, [requests]."""
        return self.due & np.isfinite(self.metric)
