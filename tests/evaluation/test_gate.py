"""The gate blocks: each rule is fed the one case that it must stop."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from slipway.evaluation.evidence import Comparison, Evidence, Interval, ModelMetrics
from slipway.evaluation.gate import decide
from slipway.settings.card import ChampionRule
from tests.report.sample import card
from tests.report.sample import evidence as measured

Change = Callable[[Evidence], Evidence]


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


def compared(other: str, **changes: object) -> Change:
    """The same evidence with another comparison."""

    def changed(one: Comparison) -> Comparison:
        return one.model_copy(update=changes) if one.other == other else one

    return lambda found: found.model_copy(update={"comparisons": [changed(one) for one in found.comparisons]})


def one_bad_slice(other: str) -> Change:
    """The candidate is far worse on the first slice."""

    def change(found: Evidence) -> Evidence:
        slices = next(one for one in found.comparisons if one.other == other).slices
        bad = slices[0].model_copy(update={"relative": between(0.05, 0.2)})
        return compared(other, slices=[bad, *slices[1:]])(found)

    return change


def between(low: float, high: float) -> Interval:
    """An interval around its middle."""
    return Interval(value=(low + high) / 2, low=low, high=high)


def slow(**changes: object) -> Change:
    """The same evidence with a candidate of other latency."""
    return lambda found: candidate(latency=found.candidate.latency.model_copy(update=changes))(found)


BAD: dict[str, Change] = {
    "candidate.finite": candidate(finite=False),
    "candidate.not_constant": candidate(distinct_scores=1),
    "candidate.normalised_entropy": candidate(normalised_entropy=between(0.9, 1.01)),
    "candidate.auc": candidate(auc=between(0.5, 0.7)),
    "candidate.calibration": candidate(calibration=between(1.15, 1.25)),
    "candidate.latency_ratio": slow(ratio=between(11, 12)),
    "candidate.latency": slow(p99_ms=101.0),
    "candidate.size": candidate(size_mb=101.0),
    "baseline.log_loss": compared("baseline", log_loss=between(-0.001, 0.001)),
    "champion.log_loss": compared("champion", log_loss=between(-0.001, 0.0)),
    "champion.scored": lambda found: found.model_copy(
        update={"champion": None, "champion_problem": "its own code could not answer"}
    ),
    "slice.device.phone": one_bad_slice("champion"),
}


def failures(found: Evidence) -> list[str]:
    """The codes of the checks that refuse."""
    return [check.code for check in decide(found, card()).failures]


def test_a_better_candidate_passes() -> None:
    """Good evidence is let through."""
    verdict = decide(evidence(), card())

    assert verdict.passed, verdict.failures
    assert len(verdict.checks) > 12


@pytest.mark.parametrize("code", BAD)
def test_each_rule_refuses_alone(code: str) -> None:
    """One bad observation refuses, and the reason names it and nothing else."""
    found = BAD[code](evidence(slices=[("device", "phone"), ("device", "tablet")]))

    assert [code] == failures(found)
    assert not decide(found, card()).passed


def test_a_candidate_that_saw_the_holdout_is_refused() -> None:
    """Training rows may not reach into the holdout."""
    found = evidence()

    assert ["candidate.holdout_unseen"] == failures(candidate(train_end=found.holdout.start)(found))


def test_a_champion_that_saw_the_holdout_is_refused() -> None:
    """A comparison that favours the champion unfairly is no comparison."""
    found = evidence()

    assert ["champion.holdout_unseen"] == failures(champion(train_end=found.holdout.end)(found))


def test_the_first_model_passes_on_the_absolute_bounds() -> None:
    """Without a champion nothing is compared with one."""
    codes = [check.code for check in decide(evidence(champion=False), card()).checks]

    assert decide(evidence(champion=False), card()).passed
    assert not [code for code in codes if code.startswith("champion.")]


def test_the_baseline_itself_may_be_first() -> None:
    """A candidate that is the baseline need not beat itself."""
    found = evidence(champion=False)
    found = found.model_copy(update={"candidate": found.baseline.model_copy(update={"role": "candidate"})})
    found = compared("baseline", log_loss=Interval(value=0, low=0, high=0))(found)

    assert decide(found, card()).passed


def test_a_tie_keeps_the_incumbent() -> None:
    """The champion's own copy is not promoted."""
    found = compared("champion", log_loss=Interval(value=0, low=0, high=0))(evidence())

    assert ["champion.log_loss"] == failures(found)


def test_not_worse_needs_the_policy_to_say_so() -> None:
    """A margin lets a tie through, and nothing beyond the margin."""
    gate = card().gate.model_copy(update={"champion": ChampionRule(rule="not_worse", margin=0.002)})
    lenient = card().model_copy(update={"gate": gate})
    tie = compared("champion", log_loss=between(-0.001, 0.001))(evidence())
    worse = compared("champion", log_loss=between(-0.001, 0.003))(evidence())

    assert decide(tie, lenient).passed
    assert not decide(worse, lenient).passed


def test_a_slice_worse_within_noise_is_let_through() -> None:
    """A small slice cannot refuse by chance alone."""
    found = evidence(slices=[("device", "phone")])
    noisy = next(one for one in found.comparisons if one.other == "champion").slices[0]
    noisy = noisy.model_copy(update={"relative": between(-0.01, 0.09)})

    assert decide(compared("champion", slices=[noisy])(found), card()).passed
