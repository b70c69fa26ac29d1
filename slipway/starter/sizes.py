"""How large parts, steps and bounds are, by the rows that there are: pure functions."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from slipway.data.manifest import PARTS, Part
from slipway.rollout.sequential import rate_difference
from slipway.settings.card import Decision, Gate, Guardrails, Rollout, Step
from slipway.settings.data import Split

MANY = 150_000
"""Rows; a table with more has a small size, and smaller shares suffice to decide."""
SMALL = 100_000
"""Rows of the small size of a table with more than `MANY`."""
MOST_TRAFFIC = 30_000
"""Requests of a canary; a laptop sends a thousand a second."""
PROVES = 0.3
"""Of the requests, the share that a canary has after a shadow, to show errors, latency and assignment."""
FEWEST_OF_CANARY = 650
"""Its requests where that share is less and the shadow keeps half: thirteen blocks of the shortest length."""
BLOCKS = 20
"""Into which a canary's requests fall where they are few; errors and latency are compared from 12 on."""
SPARE = 1.5
"""Room in the bound of a rise, for arms of other sizes than planned and for an error or two."""


@dataclass(frozen=True)
class PartSize:
    """Rows of one part.

    Attributes:
        positives: those with the label 1; of several classes, those of the most frequent one.
        outcomes: what the gate counts for the task: see `Task.outcomes_in`.
    """

    rows: int
    positives: int
    outcomes: int


@dataclass(frozen=True)
class Sizes:
    """The numbers of a card that depend on how many rows there are.

    Attributes:
        holdout: the part that decides.
        min_outcomes: of the holdout; None where it has as many as the card's default asks for.
        shadow_requests: before the canary; None where outcomes depend on the answer, and it decides.
        max_rise: of the share of errors, and of unknown outcomes; None where the card's default can be shown.
    """

    holdout: PartSize
    min_outcomes: int | None
    min_slice_rows: int
    min_data_in_leaf: int
    num_leaves: int
    warmup_requests: int
    shadow_requests: int | None
    batch_requests: int
    block_requests: int
    steps: tuple[Step, ...]
    min_requests: int
    max_rise: float | None


def small_rows(rows: int) -> int | None:
    """Rows of the small size, None for all."""
    return SMALL if rows > MANY else None


def more_rows(limit: int, rows: int) -> int | None:
    """Rows of a small size that spans more time than one of `limit` rows, None for all."""
    return 2 * limit if 3 * limit < rows else None


def split_shares(rows: int) -> Split:
    """The shares of the parts; few rows give more to those that must decide."""
    if rows < MANY:
        return Split(validation=0.1, holdout=0.2, replay=0.25)
    return Split(validation=0.1, holdout=0.15, replay=0.2)


def sizes(parts: Mapping[Part, PartSize], depends: bool = True) -> Sizes:
    """The numbers of a card, as they suit parts of these sizes.

    Args:
        parts: of the smallest size, for a card has one set of numbers for all of its sizes.
        depends: whether outcomes depend on the answer, so that the canary has to decide all by itself.
    """
    traffic, holdout = parts["replay"].rows, parts["holdout"]
    # The card's default, but no more than a tenth of little traffic.
    warmup = min(_default("warmup_requests"), traffic // 10)
    offered = min(traffic - warmup, MOST_TRAFFIC)
    shadow = None if depends else offered - _proving(offered)
    steps = _steps(offered - (shadow or 0))
    tried = sum(step.requests for step in steps)
    last = steps[-1].requests * steps[-1].weight // 100
    return Sizes(
        holdout=holdout,
        min_outcomes=_min_outcomes(holdout),
        min_slice_rows=max(100, _rounded(holdout.rows // 20)),
        min_data_in_leaf=min(max(parts["train"].rows // 1000, 20), 100),
        num_leaves=15 if parts["train"].rows < 20_000 else 31,
        warmup_requests=warmup,
        shadow_requests=shadow,
        batch_requests=min(max(_rounded(offered // 40), 50), 1000),
        block_requests=min(max(_rounded(tried // BLOCKS), 50), _default("block_requests")),
        steps=steps,
        # The card's default, or nine tenths of what is expected: a hash gives no arm its exact share.
        min_requests=min(200, max(1, last * 9 // 10)),
        max_rise=_max_rise(steps),
    )


def _proving(offered: int) -> int:
    """Requests of a canary whose quality a shadow decides on the others."""
    return max(int(PROVES * offered), min(FEWEST_OF_CANARY, offered // 2))


def _default(key: str) -> int:
    return int(Rollout.model_fields[key].default)


def _min_outcomes(holdout: PartSize) -> int | None:
    """Nine tenths of what there is, for the next version of the table may have a few less."""
    enough = holdout.outcomes >= Gate().min_outcomes
    return None if enough else max(1, holdout.outcomes * 9 // 10)


def _max_rise(steps: tuple[Step, ...]) -> float | None:
    """Bound of a rise that is shown to be kept where no request fails; None where the default is no tighter.

    So few requests promote nothing under a tighter one, whatever the canary is like.
    """
    requests = sum(step.requests for step in steps)
    canary = sum(step.requests * step.weight for step in steps) / 100
    shown = SPARE * rate_difference((0.0, requests - canary), (0.0, canary), Decision().alpha).high
    return None if shown <= Guardrails().max_error_rate_rise else math.ceil(1000 * shown) / 1000


def _steps(offered: int) -> tuple[Step, ...]:
    """Rising shares of the units; most requests where the arms are equal, for there they tell most."""
    # A tenth of so few requests tells nothing.
    if offered < 2000:
        return (Step(weight=50, requests=offered),)
    first, second = _rounded(offered * 15 // 100), _rounded(offered * 25 // 100)
    last = offered - first - second
    return Step(weight=10, requests=first), Step(weight=25, requests=second), Step(weight=50, requests=last)


def _rounded(number: int) -> int:
    """Two digits of it."""
    unit = int("1" + "0" * max(len(str(number)) - 2, 0))
    return number // unit * unit


PROVISIONAL = sizes(dict.fromkeys(PARTS, PartSize(rows=1000, positives=500, outcomes=500)))
"""For a card that is only ingested with, which no size has a part in."""
