"""How often the gate errs about a candidate that equals the champion, over all rows and over 30 slices.

On simulated holdouts: both models are the truth with noise of one law, so neither is better anywhere. And how
often the gate stops a candidate that is bad on one slice. It ends with an error where the gate errs more
often than one time in twenty, beyond the noise of the simulation.

python benchmarks/bench_slices.py [holdouts]
"""

import sys
import time
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.stats import norm

from slipway.evaluation.compose import HoldoutRows, Role, Subject, compose
from slipway.evaluation.gate import decide
from slipway.records.evidence import Comparison, Evidence, HoldoutUse, Interval, SliceDifference
from slipway.settings import Card
from slipway.settings.root import Project
from slipway.system import read_examples
from slipway.tasks.metrics import wilson
from tests.slipway.root import ROOT

Floats = NDArray[np.float64]
ROWS, USERS, VALUES = 15_000, 2_500, (25, 5)
START = datetime(2026, 1, 1)


def slice_card(least: int = 300, **gate: object) -> Card:
    """The card of the ad clicks with 30 slices of at least so many rows, and another gate."""
    card = Project(ROOT).card("ad_click")
    evaluation = card.evaluation.model_copy(
        update={"slices": ["placement", "device"], "min_slice_rows": least}
    )
    return card.model_copy(update={"evaluation": evaluation, "gate": card.gate.model_copy(update=gate)})


def simulated(card: Card, seed: int, damage: float = 0.0, rows: int = ROWS) -> Evidence:
    """A holdout in which candidate and champion differ by their noise alone, but for one damaged slice.

    Args:
        damage: added to the candidate's log odds in the first slice.
    """
    random = np.random.default_rng(seed)
    user = np.floor(USERS * random.random(rows) ** 1.5).astype(np.int64)
    placement = random.choice(VALUES[0], rows, p=random.dirichlet(np.full(VALUES[0], 10.0)))
    device = random.integers(0, VALUES[1], USERS)[user]
    odds = random.normal(-2.8, 0.6, USERS)[user] + random.normal(0.0, 0.8, rows)
    table = pa.table(
        {
            "request_id": np.arange(rows),
            "time": pa.array([START + timedelta(hours=hour) for hour in range(24)]).take(
                np.arange(rows) % 24
            ),
            "user_id": user,
            "placement": np.char.add("p", placement.astype(str)),
            "device": np.char.add("d", device.astype(str)),
            "clicked": (random.random(rows) < _probability(odds)).astype(np.int64),
        }
    )
    noise: dict[Role, float] = {"baseline": 1.0, "candidate": 0.3, "champion": 0.3}
    noisy: dict[Role, Floats] = {role: odds + random.normal(0.0, one, rows) for role, one in noise.items()}
    noisy["candidate"] += damage * (placement == np.bincount(placement).argmax())
    return compose(
        card.name,
        card.task,
        card.evaluation,
        HoldoutRows.of(card.task, read_examples(card.data, table), None),
        "simulated",
        [_subject(role, _probability(one)) for role, one in noisy.items()],
        [],
        card.models.seed,
        use=HoldoutUse.of(1, card.evaluation.confidence),
    )


def _subject(role: Role, scores: Floats) -> Subject:
    return Subject(
        role=role,
        model="simulated",
        version=None,
        digest=role,
        train_end=START - timedelta(days=1),
        size_mb=1.0,
        scores=scores,
        seconds=np.full(20, 1e-3),
    )


def codes(evidence: Evidence, card: Card) -> list[str]:
    """The rules that stop the candidate."""
    return [
        check.code for check in decide(evidence, card.task, card.gate, card.problem.p99_latency_ms).failures
    ]


def refused(evidence: Evidence, card: Card) -> bool:
    """Whether a slice stops the candidate."""
    return any(code.startswith("slice.") for code in codes(evidence, card))


def uncorrected(evidence: Evidence) -> Evidence:
    """The same evidence with the interval that each slice would have on its own."""
    return evidence.model_copy(update={"comparisons": [_alone(one) for one in evidence.comparisons]})


def _alone(comparison: Comparison) -> Comparison:
    tail = (1 - 0.95) / 2
    share = norm.ppf(1 - tail) / norm.ppf(1 - tail / len(comparison.slices))
    slices = [
        one.model_copy(update={"relative": _narrowed(one.relative, share)}) for one in comparison.slices
    ]
    return comparison.model_copy(update={"slices": slices})


def _narrowed(interval: Interval, share: float) -> Interval:
    half = (interval.high - interval.low) / 2 * share
    return Interval(value=interval.value, low=interval.value - half, high=interval.value + half)


def _probability(odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-odds)), np.float64)


def stopped(seed: int, damage: float) -> list[bool]:
    """What each case of `EQUAL` or, with damage, of `BAD` makes of one holdout."""
    strict, default = slice_card(max_slice_regression=0.0), slice_card()
    found = simulated(default, seed, damage)
    if damage:
        return [refused(found, default)]
    alone = uncorrected(found)
    return [
        refused(alone, strict),
        refused(alone, default),
        refused(found, strict),
        refused(found, default),
        "champion.log_loss" not in codes(found, default),
    ]


LEVEL = 0.05
EQUAL = [
    "equal, each slice on its own, any rise: refused",
    "equal, each slice on its own, the card's floor: refused",
    "equal, all slices together, any rise: refused",
    "equal, all slices together, the card's floor: refused",
    "equal, the rule champion.log_loss: passed",
]
BAD = ["one slice much worse, the card's floor: refused"]


def main(holdouts: int = 500) -> None:
    """Print one line per case: the rate with Wilson's 95 % interval."""
    begun = time.monotonic()
    wrong = []
    print(f"{holdouts} holdouts of {ROWS} rows, a fifth as many with a bad slice")
    for cases, damage, count in ((EQUAL, 0.0, holdouts), (BAD, 1.5, holdouts // 5)):
        hits = np.sum([stopped(seed, damage) for seed in range(count)], axis=0)
        for name, hit in zip(cases, hits.tolist(), strict=True):
            rate = wilson(hit, count, 0.95)
            print(f"{name:56} {hit:4} of {count}  {rate.value:6.1%} [{rate.low:.1%}, {rate.high:.1%}]")
            if "each slice on its own" not in name and not damage and rate.low > LEVEL:
                wrong.append(name)
    bad = [simulated(slice_card(), seed, 1.5).comparisons[-1].slices for seed in range(20)]
    rise = np.mean([slices[0].relative.value for slices in bad])
    print(f"{np.mean(list(map(len, bad))):.1f} slices on average, the least of {_least(bad)} rows; ", end="")
    print(f"the bad one's log loss rises by {rise:.1%}; {time.monotonic() - begun:.0f} s")
    if wrong:
        sys.exit(f"above {LEVEL:.0%}: {'; '.join(wrong)}")


def _least(found: list[list[SliceDifference]]) -> int:
    return min(one.rows for slices in found for one in slices)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
