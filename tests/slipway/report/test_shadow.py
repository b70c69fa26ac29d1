"""The section on the shadow."""

import pytest

from slipway.records.decision import DecisionRecord
from slipway.records.evidence import Interval
from slipway.report import markdown, render
from slipway.settings import load_card
from slipway.stages.canary import reason
from tests.slipway.report import sample, shadows
from tests.slipway.root import ROOT


def page(record: DecisionRecord) -> str:
    """The whole page."""
    return render(record, load_card(ROOT, "ad_click"), sample.split())


def test_a_shadow_that_decided_is_drawn_before_its_canary() -> None:
    """With what pairs cannot show, and what the canary had to prove."""
    found = page(shadows.promoted())

    assert found.index('id="shadow"') < found.index('id="canary"')
    assert "scored the same requests" in found
    assert "Verdict: <b>passed</b> after 1,500 of 6,000 requests" in found
    assert "The quality was decided by the shadow" in found
    assert 'aria-label="Difference of both versions over 1,500 requests"' in found
    assert "shadow passed: candidate" in markdown(shadows.promoted())


@pytest.mark.parametrize(("outcome", "word"), [("abort", "aborted"), ("inconclusive", "inconclusive")])
def test_a_shadow_that_kept_a_version_back_has_no_canary(outcome: str, word: str) -> None:
    """The headline names the shadow, and the section of the canary says why it is empty."""
    record = shadows.kept("abort" if outcome == "abort" else "inconclusive")
    found = page(record)

    assert f"The shadow of version 8 was {word}" in found
    assert f"No canary: the shadow of version 8 was {word}, and no user met it." in found
    assert "no canary" in markdown(record)


def test_where_outcomes_depend_on_the_answer_it_says_why_there_was_none() -> None:
    """And the canary says on which requests it was judged."""
    none = shadows.shadow().model_copy(update={"decides": False, "looks": [], "offered": 0})
    canary = sample.canary("promote").model_copy(update={"shadow": none})
    overall = Interval(value=0.031, low=0.021, high=0.041)
    last = canary.looks[-1].model_copy(update={"triggered": 0.4, "overall": overall})
    canary = canary.model_copy(update={"looks": [*canary.looks[:-1], last]})
    record = sample.record(canary=canary)
    found = page(record)

    assert "stable +0.031 [+0.021, +0.041]" in markdown(record)
    assert reason(canary).startswith("against version 7 it gained +0.0310 [+0.0210, +0.0410] of reward")

    assert "No shadow: what comes of a request depends on the answer" in found
    assert "The versions may differ on 40.0 % of the requests" in found
    assert 'id="shadow"' not in page(sample.promoted())
