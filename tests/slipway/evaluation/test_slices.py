"""What a slice that is too small shows is nothing, and a critical one must be shown to be good."""

import math
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest

from slipway.evaluation.measure import Measurement
from slipway.evaluation.slices import TOLD, Sliced, slices
from slipway.records.checks import Check
from slipway.records.evidence import MIN_EVENTS, Evidence, Interval, SmallSlice, SmallSlices
from slipway.settings import Card
from slipway.settings.card import Gate, SliceName
from tests.slipway.evaluation.bad import NOTHING, between, evidence, judged, one_slice
from tests.slipway.evaluation.test_measure import LABELS, NOISY, SETTINGS, TASK, TRUE, UNITS
from tests.slipway.report.sample import card

PHONE, TV = ("device", "phone"), ("device", "tv")
CRITICAL = pytest.mark.gate(
    "critical_slice",
    fed="a slice that the card marks as critical, and that is worse, too small to tell, or not there",
    stops="gate",
    exit=3,
    reason="critical_slice.COLUMN.VALUE",
    untouched=NOTHING,
)
SMALL = pytest.mark.gate(
    "small_slice",
    fed="slices that too few rows, users or outcomes have for an interval",
    stops="gate",
    exit=0,
    reason="small_slice.COLUMN.VALUE: not shown",
    untouched="no slice is said to have passed that nothing is known of, and none refuses",
)


def critical(*names: tuple[str, str]) -> Card:
    """The card with slices that it marks."""
    marked = [{"column": column, "value": value} for column, value in names]
    return Card.model_validate(card().model_dump() | {"gate": {"critical_slices": marked}})


def with_small(found: Evidence, more: int = 0, rows: int = 12) -> Evidence:
    """The same evidence with some rows of a television, and other slices that are only counted."""
    tv = SmallSlice(column="device", value="tv", rows=rows, units=9, outcomes=1, suffice=4_500_000)
    small = SmallSlices(least_rows=500, slices=[tv], more=more)
    return found.model_copy(update={"small_slices": small})


def check(found: Evidence, code: str, policy: Card) -> Check:
    """One check of the gate."""
    return next(one for one in judged(found, policy).checks if one.code == code)


@SMALL
def test_a_slice_that_is_too_small_is_not_shown_and_refuses_nothing() -> None:
    """It is told with the size that would do; those that are only counted have one line."""
    found = with_small(evidence(slices=[PHONE]), more=3_412)
    verdict = judged(found, card())
    tv, others = (check(found, f"small_slice.{name}", card()) for name in ("device.tv", "others"))

    assert verdict.passed
    assert verdict.failures == []
    assert (tv.answer, others.answer) == ("not shown", "not shown")
    assert tv.found == (
        "12 rows of 9 units and 1 rows with the rarer label; a holdout of about 4,500,000 rows would suffice"
    )
    assert tv.allowed == "500 rows of 30 units and 30 rows with the rarer label for an interval"
    assert others.found == "3,412 smaller slices"


@CRITICAL
@pytest.mark.parametrize(
    ("relative", "answer"),
    [
        (between(-0.01, 0.02), "good"),
        (between(-0.01, 0.0201), "not shown"),
        (between(0.021, 0.03), "bad"),
        (Interval(value=0.0, low=-math.inf, high=math.inf), "not shown"),
        (Interval.model_construct(value=math.nan, low=math.nan, high=math.nan), "not shown"),
    ],
)
def test_a_critical_slice_must_be_shown_to_be_good(relative: Interval, answer: str) -> None:
    """What is within noise passes any other slice."""
    found = one_slice(relative)(evidence(slices=[PHONE]))
    said = check(found, "critical_slice.device.phone", critical(PHONE))

    assert said.answer == answer
    assert judged(found, critical(PHONE)).passed is (answer == "good")
    assert (said.needed is not None) is (answer == "not shown" and relative.high < 1)


@CRITICAL
@pytest.mark.parametrize("rows", [12, 0])
def test_a_critical_slice_that_is_too_small_or_not_there_refuses(rows: int) -> None:
    """The same evidence passes a card that does not mark it."""
    found = evidence(slices=[PHONE])
    found = with_small(found) if rows else found
    refusing = judged(found, critical(TV)).failures

    assert [(one.code, one.answer) for one in refusing] == [("critical_slice.device.tv", "not shown")]
    assert refusing[0].found.startswith("12 rows of" if rows else "no row of the holdout has it")
    assert judged(found, card()).passed


@CRITICAL
def test_the_way_out_of_a_first_version_names_the_mark() -> None:
    """Where no bound would do."""
    found = with_small(evidence(champion=False, slices=[PHONE]))
    (missing,) = judged(found, critical(TV)).failures
    unsure = one_slice(between(-0.01, 0.2), "baseline")(found)
    (wide,) = judged(unsure, critical(PHONE)).failures

    assert missing.way_out
    assert missing.way_out.key == "gate.critical_slices"
    assert wide.way_out
    assert (wide.way_out.key, wide.way_out.value) == ("gate.max_slice_regression", "0.21")


def sliced(values: object, labels: np.ndarray = LABELS, marked: Sequence[tuple[str, str]] = ()) -> Sliced:
    """The slices of one column, of which a hundred rows suffice."""
    gate = Gate(critical_slices=[SliceName(column=column, value=value) for column, value in marked])
    return slices(pa.table({"device": values}), labels, UNITS, TASK, SETTINGS, gate)


def test_a_slice_needs_rows_units_and_outcomes() -> None:
    """With one of them too few it is told, with the size of a holdout that has enough of it."""
    few = np.where(np.arange(6000) < 5950, "phone", "tv")
    one_user = np.where(np.isin(UNITS, np.arange(29)), "tv", "phone")
    rare = np.where(np.arange(6000) < 3000, "phone", "tv")
    labels = np.where((rare == "tv") & (np.cumsum((rare == "tv") & (LABELS == 1)) >= MIN_EVENTS), 0, LABELS)

    for values, known in ((few, LABELS), (one_user, LABELS), (rare, labels)):
        found = sliced(values, known)
        (small,) = found.small.slices
        assert [one.value for one in found.groups] == ["phone"]
        assert small.value == "tv"
        assert small.suffice
        assert small.suffice > 6000
    assert found.small.slices[0].outcomes == MIN_EVENTS - 1
    assert sliced(few).small.slices[0].suffice == 6000 * MIN_EVENTS / 10


def test_a_critical_slice_needs_as_many_outcomes_as_the_holdout() -> None:
    """With forty an end of its interval errs more often than it says, and what it shows counts."""
    values = np.where(np.arange(6000) < 5750, "phone", "tv")
    (small,) = sliced(values, marked=[TV]).small.slices

    assert MIN_EVENTS < small.outcomes < 100
    assert small.suffice == math.ceil(6000 * 100 / small.outcomes)
    assert [one.value for one in sliced(values).groups] == ["phone", "tv"]


def test_a_column_of_thousands_of_values_fills_no_record() -> None:
    """Twenty are told, and the rest counted; a critical one is told however small it is."""
    values = np.array([f"ad {number}" for number in np.arange(6000) // 3])
    found = sliced(values, marked=[("device", "ad 1999")]).small

    assert len(found.slices) == TOLD + 1
    assert (found.slices[0].value, found.slices[0].critical) == ("ad 1999", True)
    assert found.more == 2000 - TOLD - 1

    two = pa.table({"ad": values, "device": np.where(np.arange(6000) < 5950, "phone", "tv")})
    both = SETTINGS.model_copy(update={"slices": ["ad", "device"]})
    largest = slices(two, LABELS, UNITS, TASK, both, Gate()).small
    assert (largest.slices[0].value, len(largest.slices), largest.more) == ("tv", TOLD, 2001 - TOLD)


def test_a_critical_slice_has_an_interval_of_its_own() -> None:
    """At the level of the comparison; the others hold together without it."""
    values = np.array(["phone", "tablet", "tv"])[np.arange(6000) % 3]
    widths = {}
    for marked in ([], [TV]):
        groups = sliced(values, marked=marked).groups
        scores = {"candidate": TRUE, "champion": NOISY}
        compared = Measurement(TASK, scores, LABELS, UNITS, groups, SETTINGS, 0, {"champion": 0.005})
        for one in compared.comparison("champion").slices:
            widths[one.value, bool(marked)] = one.relative.high - one.relative.low

    assert widths["phone", True] / widths["phone", False] == pytest.approx(2.241 / 2.394, rel=1e-3)
    assert widths["tv", True] / widths["tv", False] == pytest.approx(2.576 / 2.394, rel=1e-3)
