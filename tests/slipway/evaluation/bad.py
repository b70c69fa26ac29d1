"""Good evidence, and for each rule of the gate the same evidence with the one fault that it must stop."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from slipway.evaluation.gate import decide
from slipway.records.checks import GateVerdict
from slipway.records.environment import Parity
from slipway.records.evidence import Comparison, Evidence, Interval, ModelMetrics
from slipway.settings import Card
from tests.slipway.report.sample import evidence as measured

Change = Callable[[Evidence], Evidence]
NOTHING = "nothing registered, no alias moved"


def judged(found: Evidence, policy: Card) -> GateVerdict:
    """What the gate says by a card."""
    return decide(found, policy.task, policy.gate, policy.problem.p99_latency_ms)


def evidence(champion: bool = True, slices: list[tuple[str, str]] | None = None) -> Evidence:
    """Good evidence: everybody was trained on rows from before the holdout."""
    found = measured(champion=champion, slices=slices)
    before = found.holdout.start - timedelta(seconds=1)
    models = {"candidate": found.candidate, "baseline": found.baseline, "champion": found.champion}
    older = {role: one and one.model_copy(update={"train_end": before}) for role, one in models.items()}
    return found.model_copy(update=older)


def candidate(**changes: object) -> Change:
    """The same evidence with another candidate."""
    return lambda found: found.model_copy(update={"candidate": found.candidate.model_copy(update=changes)})


def champion(**changes: object) -> Change:
    """The same evidence with another champion."""

    def change(found: Evidence) -> Evidence:
        live: ModelMetrics | None = found.champion
        return found.model_copy(update={"champion": live and live.model_copy(update=changes)})

    return change


def measured_as(**metrics: Interval) -> Change:
    """The same evidence with other metrics of the candidate."""
    return lambda found: candidate(metrics=found.candidate.metrics | metrics)(found)


def compared(other: str, **changes: object) -> Change:
    """The same evidence with another comparison."""

    def changed(one: Comparison) -> Comparison:
        return one.model_copy(update=changes) if one.other == other else one

    return lambda found: found.model_copy(update={"comparisons": [changed(one) for one in found.comparisons]})


def one_slice(relative: Interval, other: str = "champion") -> Change:
    """The candidate differs so much on the first slice."""

    def change(found: Evidence) -> Evidence:
        slices = next(one for one in found.comparisons if one.other == other).slices
        bad = slices[0].model_copy(update={"relative": relative})
        return compared(other, slices=[bad, *slices[1:]])(found)

    return change


def between(low: float, high: float) -> Interval:
    """An interval around its middle."""
    return Interval(value=(low + high) / 2, low=low, high=high)


def farther(interval: Interval) -> Change:
    """The candidate's ratio lies so much farther from 1 than the champion's."""
    return compared("champion", farther={"calibration": interval})


def timed(**changes: object) -> Change:
    """The same evidence with a candidate of other latency."""
    return lambda found: candidate(latency=found.candidate.latency.model_copy(update=changes))(found)


def holdout(**changes: object) -> Change:
    """The same evidence from another holdout."""
    return lambda found: found.model_copy(update={"holdout": found.holdout.model_copy(update=changes)})


def unscored(found: Evidence) -> Evidence:
    """The live version could not be measured."""
    changes = {"champion": None, "champion_problem": "its own code could not answer"}
    left = [one for one in found.comparisons if one.other != "champion"]
    return found.model_copy(update=changes | {"comparisons": left})


def unlike(found: Evidence) -> Evidence:
    """The live version does not give its own scores here."""
    parity = Parity(rows=200, tolerance=1e-6, here=0.03, differing=["lightgbm 4.8.0, kept 4.7.0"])
    return unscored(found).model_copy(update={"champion_problem": None, "parity": parity, "use": None})


BAD: dict[str, tuple[str, Change]] = {
    "evidence.task": (
        "evidence of another task, of which the card's bounds say nothing",
        lambda found: found.model_copy(update={"task": "binary"}),
    ),
    "candidate.finite": (
        "a candidate with a score that is NaN, infinite or outside [0, 1]",
        candidate(finite=False),
    ),
    "candidate.not_constant": (
        "a candidate that scores every row alike",
        candidate(distinct_scores=1),
    ),
    "holdout.units": (
        "a holdout of 29 users, too few for any interval",
        holdout(units=29),
    ),
    "holdout.outcomes": (
        "a holdout of 99 clicks",
        holdout(labels={"base_rate": 99 / 150_000}),
    ),
    "holdout.counted": (
        "a comparison with the champion whose use of the holdout nobody counted, or at another level",
        lambda found: found.model_copy(update={"use": None}),
    ),
    "candidate.holdout_unseen": (
        "a candidate trained on rows up to the holdout's first",
        lambda found: candidate(train_end=found.holdout.start)(found),
    ),
    "champion.holdout_unseen": (
        "a champion trained on the holdout's rows",
        lambda found: champion(train_end=found.holdout.start)(found),
    ),
    "candidate.outcomes_known": (
        "a candidate that learned from outcomes that became known when the holdout had begun",
        lambda found: candidate(train_known_until=found.holdout.start)(found),
    ),
    "champion.outcomes_known": (
        "a champion that learned from outcomes that became known when the holdout had begun",
        lambda found: champion(train_known_until=found.holdout.start)(found),
    ),
    "candidate.normalised_entropy": (
        "a candidate that is not shown to know more than the base rate",
        measured_as(normalised_entropy=between(0.9, 1.01)),
    ),
    "candidate.auc": (
        "a candidate whose AUC is not shown to reach the bound",
        measured_as(auc=between(0.5, 0.7)),
    ),
    "candidate.calibration": (
        "a candidate that predicts a fifth too many clicks, and is not shown to be closer than the champion",
        measured_as(calibration=between(1.15, 1.25)),
    ),
    "candidate.latency_ratio": (
        "a candidate eleven times as slow as the baseline",
        timed(ratio=between(11, 12)),
    ),
    "candidate.latency": (
        "a candidate whose p99 of single requests is over the budget",
        timed(p99_ms=101.0),
    ),
    "candidate.size": (
        "a candidate larger than allowed",
        candidate(size_mb=101.0),
    ),
    "baseline.log_loss": (
        "a candidate that is no better than the baseline beyond noise",
        compared("baseline", difference=between(-0.001, 0.001)),
    ),
    "candidate.new": (
        "the champion's own bits, trained once more",
        candidate(digest=evidence().champion.digest),
    ),
    "champion.log_loss": (
        "a candidate that ties with the champion, or is worse",
        compared("champion", difference=between(-0.001, 0.0)),
    ),
    "champion.scored": (
        "a champion that cannot be scored by its own code",
        unscored,
    ),
    "champion.parity": (
        "a champion that does not give the scores that it keeps, as a library was upgraded",
        unlike,
    ),
    "slice.device.phone": (
        "a candidate that is better over all and worse on one slice",
        one_slice(between(0.05, 0.2)),
    ),
}
"""By the code of the rule: what is fed, and the change that feeds it."""


def mark(code: str) -> pytest.MarkDecorator:
    """The row of one rule."""
    fed, _ = BAD[code]
    name = "slice" if code.startswith("slice.") else code
    reason = "slice.COLUMN.VALUE" if name == "slice" else code
    fields: dict[str, Any] = {"fed": fed, "stops": "gate", "exit": 3, "reason": reason, "untouched": NOTHING}
    if name.endswith((".holdout_unseen", ".outcomes_known")):
        fields["guard"] = name.split(".")[1]
    elif name.endswith((".normalised_entropy", ".auc", ".calibration", ".log_loss")):
        fields["guard"] = name.partition(".")[0]
    return pytest.mark.gate(name, **fields)


CASES = [pytest.param(code, marks=mark(code)) for code in BAD]
"""The codes as parameters of a test that proves each."""
