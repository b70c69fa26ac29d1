"""What ends a canary from outside its evidence, and what keeps it from ending."""

import pytest

from slipway.records.canary import Look
from slipway.rollout.limits import min_duration, not_before
from tests.slipway.report import sample


def look(outcome: str) -> Look:
    """The last look of a canary that ended so."""
    last = sample.canary().looks[-1]
    return last.model_copy(update={"verdict": last.verdict.model_copy(update={"outcome": outcome})})


@pytest.mark.parametrize(
    ("said", "ended", "becomes"),
    [
        ("promote", False, "continue"),
        ("inconclusive", False, "continue"),
        ("promote", True, "inconclusive"),
        ("inconclusive", True, "inconclusive"),
        ("abort", False, "abort"),
        ("continue", False, "continue"),
    ],
)
def test_live_traffic_goes_on_until_the_days_are_over(said: str, ended: bool, becomes: str) -> None:
    """Only harm is acted on before."""
    found = look(said)
    early = not_before(found, min_duration(86_399.0, 1.0), ended)

    assert early.verdict.outcome == becomes
    assert not_before(found, min_duration(86_400.0, 1.0), ended) == found
    if said in ("promote", "inconclusive"):
        assert (early.verdict.checks[0].code, early.verdict.checks[0].passed) == (
            "canary.min_duration",
            False,
        )
