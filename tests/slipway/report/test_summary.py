"""The decision in words."""

from typing import get_args

import pytest

from slipway.records.checks import Check
from slipway.records.decision import Decision, DecisionRecord
from slipway.report.summary import STYLES, checks, other, ten_lines
from tests.slipway.report import sample
from tests.slipway.report.conftest import KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_the_summary_has_ten_lines(kind: str) -> None:
    """Whatever a record lacks, ten lines say what was decided and why."""
    lines = ten_lines(KINDS[kind]())
    assert len(lines) == 10
    assert all(word and line for word, line in lines)


def test_every_decision_has_a_style() -> None:
    """A new kind of decision cannot be forgotten here."""
    assert set(STYLES) == set(get_args(Decision))


def test_checks_are_not_repeated() -> None:
    """A canary's checks that the record holds too are listed once."""
    record = sample.promoted()
    assert record.canary is not None
    both = sample.record(checks=[*record.checks, *record.canary.verdict.checks])
    assert len(checks(both)) == len(checks(record))


def line_of_checks(record: DecisionRecord) -> str:
    """Of the ten."""
    return dict(ten_lines(record))["Checks"]


def test_the_line_of_checks_tells_three_answers() -> None:
    """What is not shown is no pass, and no failure either."""
    assert line_of_checks(sample.promoted()) == "16 of 16 passed"
    assert line_of_checks(sample.refused()) == "10 of 11 passed; failed: champion.log_loss"
    assert line_of_checks(sample.inconclusive()) == (
        "14 of 16 passed; not shown: canary.error_rate, canary.metric"
    )
    assert line_of_checks(sample.aborted()) == (
        "14 of 16 passed; failed: canary.error_rate; not shown: canary.latency"
    )


def test_many_of_one_answer_are_cut() -> None:
    """Three are named, and that there are more is told."""
    open_ = [Check(code=f"c.{n}", passed=False, shown=False, found="", allowed="") for n in range(4)]
    assert line_of_checks(sample.refused().model_copy(update={"checks": open_})) == (
        "0 of 4 passed; not shown: c.0, c.1, c.2 …"
    )


def test_checks_are_told_failed_open_passed() -> None:
    """Whatever order they were made in; among equals that order stays."""
    answers = [check.answer for check in checks(sample.aborted())]
    assert answers == ["bad", "not shown", *["good"] * 14]


def test_a_refusal_names_the_champion_that_stays() -> None:
    """Also where the record itself does not say what was in production."""
    refused = sample.refused().model_copy(update={"replaced": None})
    assert other(refused) == ("Stays in production", "version 7")


def test_what_is_live_is_not_made_up() -> None:
    """A champion that could not be scored is not taken for none."""
    evidence = sample.evidence(champion=False)
    odd = evidence.model_copy(update={"champion_problem": "its process ended with 1"})
    refused = sample.refused().model_copy(update={"replaced": None})
    assert other(refused.model_copy(update={"evaluation": odd}))[1] == "not recorded"
    assert other(refused.model_copy(update={"evaluation": evidence}))[1] == "nothing is yet"
