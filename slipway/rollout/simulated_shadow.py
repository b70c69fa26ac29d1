"""A shadow without servers: pairs that differ by an effect, and by the noise that a holdout's pairs have."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from slipway.base.provenance import now
from slipway.records.shadow import ShadowVerdict
from slipway.rollout.controller import batches
from slipway.rollout.paired import Pairs
from slipway.rollout.shadow import judge_pairs, limits
from slipway.rollout.worlds import World
from slipway.settings.card import Rollout
from slipway.tasks import Metric


class Requests(Protocol):
    """Requests that a simulated rollout offers, those of the warm-up first, in the order of their times."""

    @property
    def units(self) -> Sequence[str]:
        """Who asks, [requests]."""
        ...

    @property
    def unit_codes(self) -> NDArray[np.int64]:
        """The same as numbers from 0, [requests]."""
        ...

    @property
    def labels(self) -> NDArray[np.float64]:
        """What came of each, whatever was answered, float64 [requests]."""
        ...

    def earned(self, random: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What each earns by stable's answer, and by none, [requests] each."""
        ...

    def due(self, first: int, last: int, waited: bool) -> NDArray[np.bool_]:
        """Which outcomes of the requests `first` to `last` can be known by then, [requests]."""
        ...


@dataclass(frozen=True)
class Pairing:
    """The requests of a shadow.

    Attributes:
        deviation: of a pair's difference, times the root of the design effect of units.
    """

    requests: Requests
    deviation: float


def shadowed(
    pairing: Pairing, plan: Rollout, metric: Metric, world: World, random: np.random.Generator
) -> tuple[ShadowVerdict, int]:
    """How a shadow ends in a world, and after how many requests; the world's spells are the servers'."""
    earned, failed = pairing.requests.earned(random)
    answered = world.answered(random, earned, failed, pairing.requests.labels)
    noise = random.normal(0.0, pairing.deviation, len(earned))
    candidate = np.where(answered.error[1], answered.metric[1], answered.metric[1] + noise)
    verdict, end = ShadowVerdict(outcome="inconclusive", checks=[]), 0
    for requests in batches(plan.shadow.requests, plan.batch_requests):
        end += requests
        last = end == plan.shadow.requests
        pairs = Pairs(
            unit=pairing.requests.unit_codes[:end],
            stable=answered.metric[0, :end],
            candidate=candidate[:end],
            stable_failed=answered.error[0, :end],
            candidate_failed=answered.error[1, :end],
            label=pairing.requests.labels[:end],
            due=pairing.requests.due(0, end, last),
        )
        verdict = judge_pairs(pairs, plan, metric, now(), last, limits(None, 0.0, 1.0)).verdict
        if verdict.outcome != "continue":
            break
    return verdict, end
