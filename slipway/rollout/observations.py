"""What was seen of each request that a canary and its stable version served."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from slipway.base.errors import SlipwayError


@dataclass(frozen=True)
class Observations:
    """Served requests in the order in which they were sent, warm-up excluded; every array is [requests].

    Attributes:
        step: int32; index of the rollout's step.
        block: int64; index of the block of time, see `slipway.rollout.blocks`.
        unit: int64; codes 0 .. u-1 of the units of assignment, the same in every step.
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
    unit: NDArray[np.int64]
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
        sizes = {name: len(values) for name, values in self._arrays.items()}
        if len(set(sizes.values())) > 1:
            raise SlipwayError(f"observations: found arrays of sizes {sizes}, expected one size")

    def __len__(self) -> int:
        return len(self.step)

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which metrics are there to be counted, [requests]."""
        return self.due & np.isfinite(self.metric)

    @property
    def units(self) -> int:
        """How many different units sent these requests."""
        return int(np.count_nonzero(np.bincount(self.unit)))

    def where(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> Self:
        """The chosen requests, by whether each is one or by their places."""
        return type(self)(**{name: values[chosen] for name, values in self._arrays.items()})

    @property
    def _arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays that there are, by name."""
        every = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: values for name, values in every.items() if values is not None}


_TYPES = (
    *(np.int32, np.int64, np.int64, np.bool_, np.bool_),
    *(np.float64, np.bool_, np.float64, np.bool_, np.float64),
)


def concat(parts: Sequence[Observations]) -> Observations:
    """All requests of all parts, in order; of no parts, none. Either all say what was late, or none does."""
    names = [one.name for one in fields(Observations) if one.name != "late"]
    late = [part.late for part in parts if part.late is not None]
    if late and len(late) < len(parts):
        raise SlipwayError(f"observations: found {len(late)} of {len(parts)} parts that say what was late")
    arrays: dict[str, Any] = {
        name: np.concatenate([np.empty(0, kind), *(getattr(part, name) for part in parts)])
        for name, kind in zip(names, _TYPES, strict=True)
    }
    return Observations(**arrays | {"late": np.concatenate(late) if late else None})
