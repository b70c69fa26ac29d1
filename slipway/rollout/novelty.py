"""The lift by exposure: what units do on meeting the canary first, and once they are used to it."""

import numpy as np
from numpy.typing import NDArray

from slipway.records.canary import Exposure
from slipway.rollout.guardrails import weight_at_the_end
from slipway.rollout.observations import Observations
from slipway.rollout.sequential import confidence_sequence
from slipway.settings.card import Rollout

EXPOSURES = 4
"""Groups: a unit's first, second and third request to the canary, and all later ones."""
LEAST = 30
"""Units of each arm in a group, below which no interval is given: it would be asymptotic in name only."""


def exposures(seen: Observations, plan: Rollout) -> list[Exposure]:
    """Canary minus stable by how often a unit had met the canary.

    A request of the canary is counted from the unit's first one there. A unit of stable might as well have
    met the canary since any of the steps so far: its request stands for each of them, with the share that the
    units of that step have among the canary's, and is counted from the step's beginning. Then both arms hold
    the same mix of units, however many requests each sends, as long as answers do not change how many.

    Differences of steps are combined by effective size, and intervals are by unit and hold at every look,
    each of them for itself. Nothing is decided by them.
    """
    seen = seen.where(np.argsort(seen.unit, kind="stable"))
    steps, met = len(plan.steps), _since(seen, seen.canary)
    weights = np.array([step.weight for step in plan.steps], np.float64)
    entered = np.diff(weights, prepend=0.0)
    since = [_since(seen, seen.step >= step) for step in range(steps)]
    groups = [_Group(seen) for _ in range(EXPOSURES)]
    for step in range(steps):
        here = (seen.step == step) & seen.known
        for number, group in enumerate(groups):
            canary = np.where(here & seen.canary & (_number(met) == number), 1.0, 0.0)
            stable = np.zeros(len(seen))
            for entry in range(step + 1):
                chosen = here & ~seen.canary & (_number(since[entry]) == number)
                stable += np.where(chosen, entered[entry] / weights[step], 0.0)
            group.add(canary, stable)
    return [
        group.exposure(f"{number + 1}{'+' if number == EXPOSURES - 1 else ''}", plan)
        for number, group in enumerate(groups)
    ]


def _since(seen: Observations, counted: NDArray[np.bool_]) -> NDArray[np.int64]:
    """How many counted requests of the unit there were up to each one, itself included; sorted by unit."""
    total = np.cumsum(counted)
    starts = np.flatnonzero(np.diff(seen.unit, prepend=-1))
    before = np.append(0, total)[starts]
    return np.asarray(total - np.repeat(before, np.diff(np.append(starts, len(seen)))), np.int64)


def _number(count: NDArray[np.int64]) -> NDArray[np.int64]:
    """The group of a unit's so-manieth request, from 0; -1 for none."""
    return np.minimum(count, EXPOSURES) - 1


class _Group:
    """One number of exposures: the differences of the steps so far, and how each unit moves their sum."""

    def __init__(self, seen: Observations) -> None:
        self.seen = seen
        self.size = self.sum = 0.0
        self.moves = np.zeros(len(seen))
        self.requests = np.zeros(2)
        self.units = np.zeros((2, int(seen.unit.max(initial=-1)) + 1), np.bool_)

    def add(self, canary: NDArray[np.float64], stable: NDArray[np.float64]) -> None:
        """Compare the arms in one step.

        Args:
            canary: float64 [requests]; the weight of each request in the canary's mean, 0 for none.
            stable: the same of stable's.
        """
        totals = np.array([stable.sum(), canary.sum()])
        if not totals.min() > 0:
            return
        metric = np.where(self.seen.known, self.seen.metric, 0.0)
        size = float(totals.prod() / totals.sum())
        means = [float(arm @ metric) / total for arm, total in zip((stable, canary), totals, strict=True)]
        self.sum += size * (means[1] - means[0])
        self.size += size
        self.moves += size * canary / totals[1] * (metric - means[1])
        self.moves -= size * stable / totals[0] * (metric - means[0])
        self.requests += totals
        for arm, weight in enumerate((stable, canary)):
            self.units[arm, self.seen.unit[weight > 0]] = True

    def exposure(self, name: str, plan: Rollout) -> Exposure:
        """What is told of it."""
        stable, canary = (round(float(total)) for total in self.requests)
        lift = None
        if self.units.sum(axis=1).min() >= LEAST:
            variance = float(np.square(np.bincount(self.seen.unit, self.moves)).sum())
            if variance > 0:
                target = weight_at_the_end(plan) / EXPOSURES
                deviation, alpha = float(np.sqrt(variance)) / self.size, plan.decision.alpha
                lift = confidence_sequence(self.sum / self.size, deviation, self.size, target, alpha)
        return Exposure(number=name, stable=stable, canary=canary, lift=lift)
