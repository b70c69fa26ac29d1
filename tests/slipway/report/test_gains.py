"""What the trees of the candidate split by, in its report."""

from slipway.records.decision import DecisionRecord
from slipway.report import render
from tests.slipway.report import sample
from tests.slipway.report.reading import Reading


def split_by(gains: dict[str, float] | None) -> DecisionRecord:
    """A record whose chosen model has these gains."""
    evidence = sample.evidence()
    scores = [one.model_copy(update={"gains": gains if one.chosen else None}) for one in evidence.validation]
    return sample.record(evaluation=evidence.model_copy(update={"validation": scores}))


def told(gains: dict[str, float] | None) -> str:
    """The text of the report."""
    return Reading(render(split_by(gains), sample.card(), None)).text


def test_the_greatest_come_first_and_the_rest_is_counted() -> None:
    """Fifteen of them; what the figure is, is said."""
    shown = told({f"input {place}": place / 210 for place in range(21)} | {"<b>hostile": 0.0})

    assert "What the trees split by Gain in training" in shown
    assert "It says nothing of new rows and nothing of causes" in shown
    assert "input 20 9.5 % input 19 9.0 %" in shown
    assert "And 7 more, with 7.1 % together." in shown


def test_a_model_without_splits_says_nothing() -> None:
    """Nor does a record of an older slipway."""
    assert "What the trees split by" not in told(None)
    assert "<b>" not in render(split_by({"<b>": 1.0}), sample.card(), None).split("What the trees")[1][:900]
