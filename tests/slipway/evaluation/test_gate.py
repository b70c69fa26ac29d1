"""The gate blocks: each rule is fed the one case that it must stop."""

import math
from typing import Any

import pytest

from slipway.base.errors import SlipwayError
from slipway.records.evidence import UNBOUNDED, Evidence, Interval
from slipway.settings import Card
from slipway.settings.card import Gate
from slipway.settings.criterion import Criterion
from tests.slipway.evaluation.bad import (
    BAD,
    CASES,
    Change,
    between,
    candidate,
    champion,
    compared,
    evidence,
    farther,
    holdout,
    judged,
    measured_as,
    one_slice,
    timed,
)
from tests.slipway.report.sample import card

SLICES = [("device", "phone"), ("device", "tablet")]
NAN = Interval.model_construct(value=math.nan, low=math.nan, high=math.nan)
NO_NUMBERS: dict[str, Change] = {
    "candidate.normalised_entropy": measured_as(normalised_entropy=NAN),
    "candidate.auc": measured_as(auc=NAN),
    "candidate.calibration": measured_as(calibration=NAN),
    "candidate.latency_ratio": timed(ratio=NAN),
    "candidate.latency": timed(p99_ms=math.nan),
    "candidate.size": candidate(size_mb=math.nan),
    "baseline.log_loss": compared("baseline", difference=NAN),
    "champion.log_loss": compared("champion", difference=NAN),
    "slice.device.phone": one_slice(NAN),
}


def failures(found: Evidence, policy: Card | None = None) -> list[str]:
    """The codes of the checks that refuse."""
    return [check.code for check in judged(found, policy or card()).failures]


def policy(**gate: object) -> Card:
    """The card with another gate."""
    return Card.model_validate(card().model_dump() | {"gate": gate})


def test_a_better_candidate_passes() -> None:
    """Good evidence is let through."""
    verdict = judged(evidence(), card())

    assert verdict.passed, verdict.failures
    assert len(verdict.checks) > 12


@pytest.mark.parametrize("code", CASES)
def test_each_rule_refuses_alone(code: str) -> None:
    """One bad observation refuses, and the reason names it and nothing else."""
    found = BAD[code][1](evidence(slices=SLICES))

    assert [code] == failures(found)
    assert not judged(found, card()).passed


def test_every_rule_has_its_bad_case() -> None:
    """A rule that is added without one fails here."""
    made = [judged(change(evidence(slices=SLICES[:1])), card()) for _, change in BAD.values()]

    assert {check.code for verdict in made for check in verdict.checks} == set(BAD)


@pytest.mark.parametrize("code", NO_NUMBERS)
def test_what_is_no_number_passes_no_rule(code: str) -> None:
    """Every comparison with NaN is false; none may be read as good news."""
    assert [code] == failures(NO_NUMBERS[code](evidence(slices=SLICES)))


@pytest.mark.parametrize("part", ["value", "low", "high"])
def test_an_interval_holds_numbers(part: str) -> None:
    """NaN does not even become evidence; what is unbounded is the largest number."""
    with pytest.raises(ValueError, match="finite number"):
        Interval.model_validate({"value": 0.0, "low": 0.0, "high": 0.0} | {part: math.nan})

    assert Interval(value=0.0, low=-math.inf, high=math.inf).high == UNBOUNDED


UNKNOWN = Interval(value=0.0, low=-math.inf, high=math.inf)


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("candidate.normalised_entropy", measured_as(normalised_entropy=UNKNOWN)),
        ("candidate.auc", measured_as(auc=UNKNOWN)),
        ("candidate.calibration", measured_as(calibration=UNKNOWN)),
        ("candidate.latency_ratio", timed(ratio=UNKNOWN)),
        ("baseline.log_loss", compared("baseline", difference=UNKNOWN)),
        ("champion.log_loss", compared("champion", difference=UNKNOWN)),
    ],
)
def test_what_is_not_known_passes_no_rule(code: str, change: Change) -> None:
    """And is said in a word, not in three hundred digits."""
    refusing = judged(change(evidence()), card()).failures

    assert [code] == [check.code for check in refusing]
    assert "[unbounded, unbounded]" in refusing[0].found


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        (measured_as(normalised_entropy=between(0.9, 0.9999)), []),
        (measured_as(normalised_entropy=between(0.9, 1.0)), ["candidate.normalised_entropy"]),
        (measured_as(auc=between(0.55, 0.7)), []),
        (measured_as(auc=between(0.5499, 0.7)), ["candidate.auc"]),
        (measured_as(calibration=between(0.9, 1.1)), []),
        (measured_as(calibration=between(0.8999, 1.0)), ["candidate.calibration"]),
        (measured_as(calibration=between(1.0, 1.1001)), ["candidate.calibration"]),
        (timed(ratio=between(8, 10)), []),
        (timed(ratio=between(8, 10.001)), ["candidate.latency_ratio"]),
        (timed(p99_ms=100.0), []),
        (candidate(size_mb=100.0), []),
        (holdout(units=30), []),
        (compared("baseline", difference=between(-0.002, -1e-9)), []),
        (compared("baseline", difference=between(-0.002, 0.0)), ["baseline.log_loss"]),
        (compared("champion", difference=between(-0.002, -1e-9)), []),
        (one_slice(Interval(value=0.02, low=0.001, high=0.039)), []),
        (one_slice(Interval(value=0.0201, low=0.001, high=0.039)), ["slice.device.phone"]),
        (one_slice(Interval(value=0.0201, low=0.0, high=0.04)), []),
    ],
)
def test_each_bound_is_where_the_card_says(change: Change, codes: list[str]) -> None:
    """At the bound and just beyond it; an interval counts by the end that speaks against the candidate."""
    assert codes == failures(change(evidence(slices=SLICES)))


OFF = measured_as(calibration=between(1.15, 1.25))


@pytest.mark.gate("candidate.calibration")
@pytest.mark.parametrize(
    ("change", "codes"),
    [
        (farther(between(-0.2, -1e-9)), []),
        (farther(between(-0.2, 0.0)), ["candidate.calibration"]),
        (farther(NAN), ["candidate.calibration"]),
        (compared("champion", farther={}), ["candidate.calibration"]),
        (compared("baseline", farther={"calibration": between(-0.3, -0.2)}), ["candidate.calibration"]),
    ],
)
def test_beyond_its_bounds_who_is_shown_to_be_closer_than_the_champion_passes(
    change: Change, codes: list[str]
) -> None:
    """What is no closer, or only closer than the baseline, or within noise, does not."""
    assert codes == failures(change(OFF(evidence())))


@pytest.mark.gate("candidate.calibration")
def test_within_its_bounds_nobody_has_to_be_closer() -> None:
    """And whoever is undefined is closer to nothing."""
    assert failures(farther(between(0.01, 0.02))(evidence())) == []
    found = farther(between(-0.2, -0.1))(evidence())
    unmeasured = {name: one for name, one in found.candidate.metrics.items() if name != "calibration"}
    assert failures(candidate(metrics=unmeasured)(found)) == ["candidate.calibration"]


@pytest.mark.gate("candidate.calibration")
def test_bounds_follow_the_size_of_the_holdout_unless_the_card_says_them() -> None:
    """Of 300 labels among 3,000 rows a perfect model may be off by a quarter."""
    small = holdout(rows=3000, labels={"base_rate": 0.1})(evidence())

    assert failures(OFF(small)) == []
    assert failures(OFF(small), policy(calibration=[0.9, 1.1])) == ["candidate.calibration"]
    assert failures(OFF(evidence())) == ["candidate.calibration"]


def test_the_first_model_passes_on_the_absolute_bounds() -> None:
    """Without a champion nothing is compared with one."""
    codes = [check.code for check in judged(evidence(champion=False), card()).checks]

    assert judged(evidence(champion=False), card()).passed
    assert not [code for code in codes if code.startswith("champion.")]


def test_the_baseline_itself_may_be_first() -> None:
    """A candidate that is the baseline need not beat itself."""
    found = evidence(champion=False)
    found = found.model_copy(update={"candidate": found.baseline.model_copy(update={"role": "candidate"})})
    found = compared("baseline", difference=Interval(value=0, low=0, high=0))(found)

    assert judged(found, card()).passed


def test_without_a_champion_slices_are_held_against_the_baseline() -> None:
    """The first model that is no baseline has slices too."""
    found = one_slice(between(0.05, 0.2), "baseline")(evidence(champion=False, slices=SLICES))

    assert ["slice.device.phone"] == failures(found)


@pytest.mark.gate("champion.log_loss")
def test_a_tie_keeps_the_incumbent() -> None:
    """The champion's own copy is not promoted."""
    found = compared("champion", difference=Interval(value=0, low=0, high=0))(evidence())

    assert ["champion.log_loss"] == failures(found)


@pytest.mark.gate(
    "evidence.comparison",
    fed="evidence that lacks the comparison with the champion, or with the baseline",
    stops="gate",
    exit=1,
    reason="the evidence holds no comparison with the champion",
    untouched="no verdict",
)
@pytest.mark.parametrize("missing", ["baseline", "champion"])
def test_a_comparison_that_was_not_made_is_no_pass(missing: str) -> None:
    """Nothing is decided without it."""
    found = evidence()
    left = [one for one in found.comparisons if one.other != missing]

    with pytest.raises(SlipwayError, match=f"no comparison with the {missing}"):
        judged(found.model_copy(update={"comparisons": left}), card())


def test_the_default_policy_is_strict() -> None:
    """A card that says nothing asks for better, beyond noise."""
    assert Gate().champion == Criterion(rule="better", margin=0.0)
    assert failures(compared("champion", difference=between(-0.001, 1e-9))(evidence())) == [
        "champion.log_loss"
    ]


@pytest.mark.parametrize(
    ("high", "codes"),
    [
        (0.001, []),
        (math.nextafter(0.002, 0), []),
        (0.002, ["champion.log_loss"]),
        (math.nextafter(0.002, 1), ["champion.log_loss"]),
        (0.003, ["champion.log_loss"]),
    ],
)
@pytest.mark.gate("champion.log_loss")
def test_not_worse_is_held_to_its_margin(high: float, codes: list[str]) -> None:
    """A margin lets a tie through: just under it, and nothing at it or over."""
    tie = compared("champion", difference=Interval(value=0.0, low=-0.004, high=high))(evidence())

    assert failures(tie, policy(champion={"rule": "not_worse", "margin": 0.002})) == codes
    assert failures(tie) == ["champion.log_loss"]


MARGIN = pytest.mark.gate(
    "settings.criterion",
    fed="a rule `not_worse` without a margin, or a margin that the rule `better` would ignore",
    stops="settings",
    exit=2,
    reason="gate.champion: not_worse needs a margin above 0, and better takes none",
    untouched="no card, so nothing runs",
)
CALIBRATION = pytest.mark.gate(
    "settings.gate.calibration",
    fed="bounds of a task's metric that do not hold its ideal, such as a calibration of 1",
    stops="settings",
    exit=2,
    reason="gate.calibration: found [1.1, 0.9]; a bound below 1 and one above it are needed",
    untouched="no card, so nothing runs",
)


@pytest.mark.parametrize(
    ("gate", "said"),
    [
        pytest.param({"champion": {"rule": "not_worse"}}, "needs a margin", marks=MARGIN),
        pytest.param({"champion": {"rule": "better", "margin": 0.1}}, "takes none", marks=MARGIN),
        pytest.param({"calibration": (1.1, 0.9)}, "a bound below 1", marks=CALIBRATION),
        pytest.param({"calibration": (1.0, 1.1)}, "a bound below 1", marks=CALIBRATION),
        ({"calibration": (0.9, math.inf)}, "finite number"),
        ({"calibration": 1.0}, "expected two numbers"),
        ({"min_auc": 0.4}, r"gate\.min_auc: found 0\.4, expected 0\.5 or more"),
        ({"min_auc": (0.6, 0.7)}, "expected one number"),
        (
            {"max_squared_error": 1.0},
            r"gate\.max_squared_error: unknown key; for the task 'click' bounds are",
        ),
        ({"champion": {"rule": "not_worse", "margin": math.inf}}, "finite number"),
        ({"champion": {"rule": "not_worse", "margin": math.nan}}, "finite number"),
        ({"max_slice_regression": math.inf}, "finite number"),
        ({"max_slice_regression": math.nan}, "finite number"),
        ({"max_latency_ratio": math.inf}, "finite number"),
        ({"max_normalised_entropy": math.nan}, "finite number"),
        ({"max_size_mb": math.inf}, "finite number"),
        ({"min_auc": math.nan}, "finite number"),
        ({"champion": {"rule": "not_worse", "margin": -0.1}}, "greater than or equal to 0"),
    ],
)
def test_a_policy_that_stops_nothing_is_no_policy(gate: dict[str, Any], said: str) -> None:
    """An infinite bound would pass everything without a word."""
    with pytest.raises(ValueError, match=said):
        policy(**gate)


def test_a_slice_worse_within_noise_is_let_through() -> None:
    """A small slice cannot refuse by chance alone."""
    assert failures(one_slice(between(-0.01, 0.09))(evidence(slices=SLICES))) == []


def test_a_version_from_before_outcomes_had_a_time_is_judged_by_its_rows() -> None:
    """It cannot say when the last outcome became known that it learned from."""
    assert failures(champion(train_known_until=None)(evidence())) == []


def test_a_champion_that_saw_the_holdout_to_its_end_is_refused() -> None:
    """A comparison that favours the champion unfairly is no comparison."""
    found = evidence()

    assert ["champion.holdout_unseen"] == failures(champion(train_end=found.holdout.end)(found))
