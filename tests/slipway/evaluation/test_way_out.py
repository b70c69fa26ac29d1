"""Whoever cannot put a first version into production is told which key decides, and what helps."""

import json

import pytest
import yaml

from slipway.records.checks import Check, ways_out
from slipway.records.evidence import Evidence, Interval
from slipway.settings import Card
from tests.slipway.evaluation.bad import (
    BAD,
    Change,
    between,
    candidate,
    evidence,
    judged,
    measured_as,
    one_slice,
    timed,
)
from tests.slipway.report.sample import bent, card

FIRST: dict[str, Change] = {
    code: BAD[code][1]
    for code in (
        "candidate.normalised_entropy",
        "candidate.calibration",
        "candidate.latency_ratio",
        "candidate.latency",
        "candidate.size",
    )
} | {
    "candidate.auc": measured_as(auc=between(0.512, 0.7)),
    "slice.device.phone": one_slice(between(0.05, 0.2), "baseline"),
    "candidate.normalised_entropy, far off": measured_as(normalised_entropy=between(1.2, 1.3)),
    "candidate.calibration, below": measured_as(calibration=between(0.2311, 0.3)),
    "candidate.size, large": candidate(size_mb=1234567.891),
}


def first() -> Evidence:
    """Good evidence of a first version, with one slice."""
    return evidence(champion=False, slices=[("device", "phone")])


def refusing(found: Evidence, policy: Card | None = None) -> list[Check]:
    """The checks that refuse."""
    return judged(found, policy or card()).failures


@pytest.mark.parametrize("code", FIRST)
def test_the_value_that_is_named_admits_it_and_no_more(code: str) -> None:
    """Written into the card as it is told; a hundredth tighter does not."""
    found = FIRST[code](first())
    [check] = refusing(found)
    way = check.way_out
    assert way
    assert way.key
    assert way.value
    assert way.helps

    assert refusing(found, with_key(way.key, way.value)) == []
    assert [one.code for one in refusing(found, with_key(way.key, tightened(way.key, way.value)))] == [
        check.code
    ]


def with_key(key: str, value: str) -> Card:
    """The card with one more key, as a person would write it."""
    content, (section, name) = card().model_dump(mode="json"), key.split(".")
    content[section] = content[section] | {name: yaml.safe_load(value)}
    return Card.model_validate_json(json.dumps(content))


def tightened(key: str, value: str) -> str:
    """By two hundredths, to where what was found cannot be."""
    numbers = [float(one) for one in value.strip("[]").split(",")]
    if len(numbers) == 2:
        return f"[{numbers[0] + 0.02}, {numbers[1] - 0.02}]"
    return str(numbers[0] + (0.02 if "min_" in key else -0.02))


@pytest.mark.parametrize("code", FIRST)
def test_beside_a_champion_nothing_is_widened(code: str) -> None:
    """It stays in production, so nobody is without a next step."""
    if code.startswith("slice"):
        change: Change = one_slice(between(0.05, 0.2))
    else:
        change = FIRST[code]
    found = change(evidence(slices=[("device", "phone")]))

    assert [check.way_out for check in refusing(found)] == [None]
    unscored = found.model_copy(update={"champion": None, "champion_problem": "gone"})
    assert not any(check.way_out for check in refusing(unscored))


@pytest.mark.parametrize(
    "found",
    [
        Interval(value=0.0, low=-float("inf"), high=float("inf")),
        Interval(value=1.3, low=1.2, high=float("inf")),
    ],
)
def test_what_no_value_admits_is_said_so(found: Interval) -> None:
    """And what helps stands there all the same."""
    [check] = refusing(measured_as(calibration=found)(first()))

    assert check.way_out
    assert (check.way_out.key, check.way_out.value) == ("gate.calibration", None)
    assert check.way_out.means == "no value admits it"
    assert "newer rows" in check.way_out.helps


def test_an_auc_below_a_coin_has_no_bound() -> None:
    """The card may ask for no less than 0.5."""
    [check] = refusing(measured_as(auc=between(0.48, 0.7))(first()))

    assert check.way_out
    assert check.way_out.value is None


def test_what_helps_says_what_became_of_recalibration() -> None:
    """By what the candidate was bent, why not, or that nothing was tried."""
    told = []
    plain = bent().model_copy(
        update={"slope": 1.0, "intercepts": [0.0], "kept": 0.0, "problem": "12 units, fewer than 30"}
    )
    for done in (bent(), plain, None):
        found = candidate(recalibration=done)(FIRST["candidate.calibration"](first()))
        told.append(refusing(found)[0].way_out)

    assert [way.helps.rpartition("; ")[2] for way in told if way] == [
        "this candidate is recalibrated by slope 0.9712, intercept -0.0831",
        "this candidate is not recalibrated: not shown, 12 units, fewer than 30",
        "this candidate was not recalibrated",
    ]


def test_a_first_candidate_that_ties_with_the_baseline_is_told_to_send_that() -> None:
    """No key of the card lets it pass."""
    [check] = refusing(BAD["baseline.log_loss"][1](first()))

    assert check.way_out
    assert check.way_out.key is None
    assert "slipway train --baseline" in check.way_out.helps


def test_equal_advice_is_told_once() -> None:
    """After the ways out."""
    off = measured_as(calibration=between(1.15, 1.25), auc=between(0.52, 0.7))(first())
    words = [word for word, _ in ways_out(refusing(off))]

    assert words == ["Way out", "Way out", "Usually helps"]
    assert ways_out(judged(first(), card()).checks) == []


def test_a_slow_one_is_told_in_milliseconds() -> None:
    """Which is the budget of the card."""
    [check] = refusing(timed(p99_ms=101.2)(first()))

    assert check.way_out
    assert str(check.way_out).startswith("problem.p99_latency_ms decides; 102 would admit it, and then ")
