"""The decision in words."""

from typing import get_args

import pytest

from slipway.records.decision import Decision
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
