"""Evidence counts only for the model, the data and the champion that it is about."""

import pytest

from slipway.stages.register import about_this
from slipway.stages.run import RunRef
from tests.slipway.report.sample import evidence

FOUND = evidence()
RUN = RunRef(
    id="r",
    system="ad_click",
    size="full",
    revision="WORKSPACE",
    fingerprint=FOUND.holdout.fingerprint,
)
LIVE = 7
"""The champion of the sample evidence."""
PLACE = 2
"""Of its candidate among those of the holdout."""


def test_evidence_about_this_run_is_let_through() -> None:
    """System, model, data and champion agree."""
    assert all(check.passed for check in about_this(FOUND, RUN, FOUND.candidate.digest, LIVE, PLACE))


def other(code: str, fed: str) -> pytest.MarkDecorator:
    """The row of evidence about something else; that nothing is registered is for `test_refusals.py`."""
    return pytest.mark.gate(
        code,
        fed=fed,
        stops="register",
        exit=3,
        reason=code,
        untouched="nothing registered, no alias moved",
    )


@pytest.mark.parametrize(
    ("code", "run", "digest", "live"),
    [
        pytest.param(
            "evidence.system",
            RUN.model_copy(update={"system": "fraud"}),
            FOUND.candidate.digest,
            LIVE,
            marks=other("evidence.system", "evidence about another system"),
        ),
        pytest.param(
            "evidence.candidate",
            RUN,
            "another model",
            LIVE,
            marks=other("evidence.candidate", "evidence about another model"),
        ),
        pytest.param(
            "evidence.data",
            RUN.model_copy(update={"fingerprint": "other"}),
            FOUND.candidate.digest,
            LIVE,
            marks=other("evidence.data", "evidence from other data"),
        ),
        pytest.param(
            "evidence.champion",
            RUN,
            FOUND.candidate.digest,
            8,
            marks=other("evidence.champion", "evidence against a champion that is live no more"),
        ),
        pytest.param(
            "evidence.champion",
            RUN,
            FOUND.candidate.digest,
            None,
            marks=pytest.mark.gate("evidence.champion"),
        ),
    ],
)
def test_evidence_about_something_else_is_refused(
    code: str, run: RunRef, digest: str, live: int | None
) -> None:
    """Also where production moved between the evaluation and the registration."""
    assert [code] == [check.code for check in about_this(FOUND, run, digest, live, PLACE) if not check.passed]


@pytest.mark.parametrize(
    "place",
    [
        pytest.param(
            None,
            marks=other("evidence.use", "evidence that names another place on the holdout than was counted"),
        ),
        pytest.param(3, marks=pytest.mark.gate("evidence.use")),
    ],
)
def test_a_use_of_the_holdout_that_was_not_counted_is_refused(place: int | None) -> None:
    """Its intervals are narrower than it has paid for."""
    checks = about_this(FOUND, RUN, FOUND.candidate.digest, LIVE, place)

    assert ["evidence.use"] == [check.code for check in checks if not check.passed]


def test_who_was_not_compared_with_a_champion_pays_nothing() -> None:
    """Neither a first version, nor one that was counted when there was a champion."""
    alone = evidence(champion=False)

    assert alone.use is None
    for place in (None, 4):
        [*_, found] = about_this(alone, RUN, alone.candidate.digest, None, place)
        assert (found.code, found.passed) == ("evidence.use", True)
