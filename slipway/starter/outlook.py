"""Whether a canary of so few rows can find anything: a pure function, for the card and its person."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from slipway.rollout.events import rarer
from slipway.rollout.power import PAIRED, design_effect
from slipway.rollout.prospects import Basis, prospects, shadow_prospects
from slipway.settings.card import Guardrails, Rollout, Shadow
from slipway.starter.sizes import Sizes
from slipway.tasks import Offered, Outcomes, Task

WORTH, WORTH_BY_PAIRS = 0.05, 0.02
"""Of what the constant answer loses: a gain that a card begins with, for a person to decide on.

A canary of few rows finds no smaller one. Pairs do, and a shadow gives a version up that gains less.
"""


@dataclass(frozen=True)
class Noise:
    """What a request loses by the constant answer, before there is any model.

    Attributes:
        loss: on average.
        deviation: of one request, times the root of the design effect of units.
        rarer: the share of outcomes other than the most frequent one.
    """

    loss: float
    deviation: float
    rarer: float = 1.0

    @classmethod
    def of(cls, task: Task, outcomes: Outcomes, units: NDArray[np.int64]) -> "Noise":
        """Of rows that are requests each; units are codes from 0, [rows]."""
        offered = Offered(outcomes, None, np.zeros(len(outcomes)), np.arange(len(outcomes)))
        earned = task.presumed(task.decision("auto", "logged"), offered)
        deviation = float(earned.std()) * math.sqrt(design_effect(earned, units))
        return cls(-float(earned.mean()), deviation, float(rarer(task.observed(offered)).mean()))


@dataclass(frozen=True)
class Outlook:
    """What the plan of a new card can find.

    Attributes:
        min_effect: of the decision metric, per request.
        hopeless: whether a check of the plan is likelier not to be shown than to be.
        power: of the least powerful check.
        requests: about how many have the power 0.8; None where no number that anybody would send does.
        share: what `min_effect` is of what the constant answer loses.
    """

    min_effect: float
    hopeless: bool
    power: float
    requests: int | None
    share: float = WORTH


def outlook(sizes: Sizes, noise: Noise) -> Outlook | None:
    """Of the sizes of a card; None where no row is harder than another, so that nothing can be said."""
    share = WORTH if sizes.shadow_requests is None else WORTH_BY_PAIRS
    effect = float(f"{share * noise.loss:.2g}")
    if effect <= 0 or noise.deviation <= 0:
        return None
    rollout, basis = _rollout(sizes), Basis(noise.deviation, effect, "", None, None, noise.rarer)
    if sizes.shadow_requests is None:
        found = prospects(rollout, basis)
    else:
        pairs = replace(basis, deviation=noise.deviation / math.sqrt(PAIRED))
        found = [
            *shadow_prospects(rollout, pairs),
            *prospects(rollout, replace(basis, effect=None, rarer=None)),
        ]
    # By the worst case nobody is told that a table is too small.
    likely = [one for one in found if not one.worst]
    sized = [one.requests for one in likely]
    return Outlook(
        min_effect=effect,
        hopeless=any(one.hopeless for one in likely),
        power=min(one.power for one in likely),
        requests=None if None in sized else max(one for one in sized if one is not None),
        share=share,
    )


def _rollout(sizes: Sizes) -> Rollout:
    """The section of the card, as far as it decides what can be found."""
    rise = Guardrails().max_error_rate_rise if sizes.max_rise is None else sizes.max_rise
    return Rollout(
        shadow=Shadow() if sizes.shadow_requests is None else Shadow(requests=sizes.shadow_requests),
        steps=list(sizes.steps),
        warmup_requests=sizes.warmup_requests,
        block_requests=sizes.block_requests,
        guardrails=Guardrails(
            min_requests=sizes.min_requests, max_error_rate_rise=rise, max_unknown_rise=rise
        ),
        max_duration_minutes=1.0,
    )
