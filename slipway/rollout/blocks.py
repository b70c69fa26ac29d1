"""Shares compared within blocks of time: a server fails, or is slow, in spells, so time is a cluster.

A request tells nothing on its own where its neighbours met the same fault, and two equal arms with a server
each have their spells at different times. What repeats is the block, some hundred consecutive requests of
both arms, so each block gives one number, and the confidence sequence runs over blocks.
"""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from slipway.records.evidence import Interval
from slipway.rollout.observations import Observations
from slipway.rollout.sequential import Counted, confidence_sequence, rate_difference

LEAST = 12
"""Blocks, before their spread says anything; the sequence is asymptotic."""
LEAST_EVENTS = 5
"""Blocks that hold an event: the spread of fewer is that of the others, which is zero."""
LAGS = 3
"""Blocks apart within which one spell, or the load of the machine, makes blocks alike."""
BROKEN = 0.05
"""A rise of an error rate that nobody waits for twelve blocks to act on."""
FEWEST_UNITS = 20
"""Of the canary in a block whose answers all failed."""
STAKE = 0.9
"""How much of the evidence is put on the next block being worse for the canary."""


@dataclass(frozen=True)
class Blocks:
    """A share of answers, such as of errors, block by block.

    Attributes:
        rise: float64 [blocks]; the canary's share minus stable's.
        weight: float64 [blocks]; n_c n_s / (n_c + n_s) of its requests in both arms.
        events: bool [blocks]; whether either arm had one.
        step: int64 [blocks]; the rollout's step in which each began.
        by_unit: variance of the weighted sum of rises, if units were all that varies.
    """

    rise: NDArray[np.float64]
    weight: NDArray[np.float64]
    events: NDArray[np.bool_]
    step: NDArray[np.int64]
    by_unit: float

    @classmethod
    def of(cls, seen: Observations, hits: NDArray[np.bool_]) -> Self:
        """Compare both arms in each block that has requests of both; hits are [requests]."""
        shares, requests = _shares(seen, hits)
        both = requests.min(axis=1, initial=np.inf) > 0
        weight = np.where(both, requests.prod(axis=1) / np.maximum(requests.sum(axis=1), 1), 0.0)
        # How much each request moves the sum of its block, apart from what all of its block and arm have.
        scale = (weight[:, None] / np.maximum(requests, 1)).ravel()
        cell = seen.block * 2 + seen.canary
        residuals = (hits - shares.ravel()[cell]) * scale[cell] * np.where(seen.canary, 1, -1)
        return cls(
            rise=(shares[:, 1] - shares[:, 0])[both],
            weight=weight[both],
            events=shares.max(axis=1, initial=0)[both] > 0,
            step=_first(seen)[both],
            by_unit=float(np.square(np.bincount(seen.unit, residuals)).sum()),
        )

    def interval(self, target: float, alpha: float) -> Interval | None:
        """The canary's share minus stable's, always valid; None where blocks do not tell.

        Weighted by effective size, as the decision metric is: then a block only adds to the sum. Each end
        errs with a chance of alpha on its own, for they are read by different rules.

        Args:
            target: the summed weight at which the interval shall be tightest.
        """
        count, total = len(self.rise), float(self.weight.sum())
        if count < LEAST or self.events.sum() < LEAST_EVENTS:
            return None
        rise = float(self.weight @ self.rise) / total
        deviation = math.sqrt(max(self._by_block(), self.by_unit)) / total
        return confidence_sequence(rise, deviation, total, target, 2 * alpha)

    def _by_block(self) -> float:
        """Variance of the weighted sum of rises within steps, were blocks drawn anew.

        A canary that is worse under the load of a later step alone is so in every block of it, which is no
        noise. Neighbours that met the same spell are: their products count too, with falling weights (Newey
        and West, Econometrica 55, 1987), over as many lags as make the variance largest.
        """
        steps = np.unique(self.step, return_inverse=True)[1]
        mean = np.bincount(steps, self.weight * self.rise) / np.bincount(steps, self.weight)
        own = self.weight * (self.rise - mean[steps])
        products = np.array([own[lag:] @ own[: len(own) - lag] for lag in range(LAGS + 1)])
        spread = max(
            products[0] + 2 * sum((1 - lag / (lags + 1)) * products[lag] for lag in range(1, lags + 1))
            for lags in range(LAGS + 1)
        )
        return float(spread) * len(own) / (len(own) - len(mean))


def rise(seen: Observations, hits: NDArray[np.bool_], target: float, alpha: float) -> Interval:
    """How much higher a share is in the canary, with what the evidence leaves open.

    Over blocks, whose spread holds spells, or over units where these vary more. While fewer than five blocks
    hold an event, the exact interval over units (Rao and Scott) bounds the rise, for blocks without an event
    have no spread; it does not speak against the canary, since one spell may be all that there is. What is
    not known is anything from -1 to 1.
    """
    blocks = Blocks.of(seen, hits)
    if blocks.events.sum() < LEAST_EVENTS:
        stable, canary = (counted(hits[arm], seen.unit[arm]) for arm in (~seen.canary, seen.canary))
        exact = rate_difference(stable, canary, alpha)
        return Interval(value=exact.value, low=-1.0 if hits.any() else exact.low, high=exact.high)
    found = blocks.interval(target, alpha)
    if found is None:
        estimate = float(blocks.weight @ blocks.rise) / float(blocks.weight.sum())
        return Interval(value=estimate, low=-1.0, high=1.0)
    return found


def broken(seen: Observations, hits: NDArray[np.bool_], size: int, alpha: float) -> str | None:
    """Why nobody should wait for twelve blocks; None where nothing is that bad.

    Either no answer of the canary was sound in a whole block, which a spell of half a block cannot do. Or
    block after block the canary is worse by more than five points, exactly by unit: whichever server is in
    a spell, the other is as likely to be, so evidence that grows by 1.9 for such a block, and shrinks to a
    tenth for one in which stable is worse, is ever above 1 / alpha with a chance of at most alpha. Every
    second block is asked, for one spell may reach into two.

    Args:
        size: requests of a whole block.
    """
    evidence = 1.0
    shares, requests = _shares(seen, hits)
    whole = (requests.sum(axis=1) >= size) & (requests.min(axis=1, initial=np.inf) > 0)
    unsound = (shares[:, 1] == 1) & (shares[:, 0] < 1)
    # No interval is beyond a limit that its estimate is not beyond.
    for block in np.flatnonzero(whole & (unsound | (abs(shares[:, 1] - shares[:, 0]) > BROKEN))):
        places = np.flatnonzero(seen.block == block)
        its = places[seen.canary[places]]
        units = len(np.unique(seen.unit[its]))
        if unsound[block] and units >= FEWEST_UNITS:
            return f"no sound answer among {len(its):,} of one block"
        if block % 2:
            continue
        stable, canary = (counted(hits[arm], seen.unit[arm]) for arm in (places[~seen.canary[places]], its))
        found = rate_difference(stable, canary, alpha)
        evidence *= 1 + STAKE * (int(found.low > BROKEN) - int(found.high < -BROKEN))
        if evidence >= 1 / alpha:
            return f"more than {BROKEN:g} higher in block after block"
    return None


def counted(hits: NDArray[np.bool_], units: NDArray[np.int64]) -> Counted:
    """Hits of all requests of an arm, as many as tell as much if they were independent."""
    effect = design_effect(hits, units)
    return float(hits.sum()) / effect, len(hits) / effect


def design_effect(hits: NDArray[np.bool_], units: NDArray[np.int64]) -> float:
    """How many requests of this arm tell as much as one independent request would, at least 1.

    The clustered variance of the share over the binomial one (Rao and Scott, A simple method for the analysis
    of clustered binary data, Biometrics 48, 1992): it makes exact intervals approximate, but a single unit
    whose requests all fail is then no evidence against an arm.
    """
    if not hits.any():
        return 1.0
    requests, share = np.bincount(units), float(hits.mean())
    # Where all requests hit, nothing tells how alike a unit's are: the worst is assumed.
    if share == 1:
        return float(np.square(requests).sum() / len(hits))
    # How far each unit is from what its number of requests alone would give.
    residuals = np.bincount(units, hits) - share * requests
    return max(1.0, float(np.square(residuals).sum()) / (len(hits) * share * (1 - share)))


def _shares(seen: Observations, hits: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The share of requests that are hits and the requests, [blocks, 2] each; stable's first."""
    blocks, cell = int(seen.block.max(initial=-1)) + 1, seen.block * 2 + seen.canary
    requests = np.bincount(cell, minlength=2 * blocks).reshape(blocks, 2).astype(np.float64)
    return np.bincount(cell, hits, 2 * blocks).reshape(blocks, 2) / np.maximum(requests, 1), requests


def _first(seen: Observations) -> NDArray[np.int64]:
    """The step of the first request of each block, [blocks]."""
    found = np.full(int(seen.block.max(initial=-1)) + 1, np.iinfo(np.int64).max)
    # The last that is written stays.
    found[seen.block[::-1]] = seen.step[::-1]
    return found
