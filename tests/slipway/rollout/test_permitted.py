"""The rules for moves of production, each alone."""

import pytest

from slipway.records.checks import Check
from slipway.registry.model_version import ModelVersion
from slipway.rollout.promotion import permitted
from tests.slipway.report import sample, shadows


def version(**changes: object) -> ModelVersion:
    """The version that `sample.record` promotes."""
    known = {"number": 8, "digest": sample.digest("version"), "run": "r", "barred": None, "aliases": ()}
    return ModelVersion(**(known | changes))  # type: ignore[arg-type] - values of five types


LIVE = version(number=7, digest="live")
KEPT_BACK = sample.canary("promote").model_copy(update={"shadow": shadows.shadow("abort")})
OPEN = Check(code="canary.latency", passed=False, shown=False, found="", allowed="at most 0.1")
"""What is not shown does not permit either."""


@pytest.mark.parametrize(
    ("code", "changes", "found", "live"),
    [
        ("version.new", {}, version(), version(number=7)),
        ("version.digest", {}, version(digest="another"), LIVE),
        ("promote.earned", {"canary": None}, version(), LIVE),
        ("promote.earned", {"canary": sample.aborted().canary}, version(), LIVE),
        ("promote.earned", {"canary": sample.inconclusive().canary}, version(), LIVE),
        ("promote.earned", {"canary": KEPT_BACK}, version(), LIVE),
        ("promote.earned", {"version": 9}, version(number=9), LIVE),
        ("first.nothing_live", {"decision": "first", "replaced": 7}, version(), LIVE),
        ("checks.passed", {"checks": sample.gate_checks(better=False)}, version(), LIVE),
        ("checks.passed", {"checks": [OPEN]}, version(), LIVE),
        ("rollback.previous", {"decision": "rollback"}, version(), LIVE),
        ("rollback.reason", {"decision": "rollback", "reason": " "}, version(aliases=("previous",)), LIVE),
        ("decision.moves", {"decision": "registered"}, version(), LIVE),
    ],
)
def test_no_other_way_is_permitted(
    code: str, changes: dict[str, object], found: ModelVersion, live: ModelVersion
) -> None:
    """Each rule forbids alone."""
    checks = permitted(sample.record(**changes), found, live, live.number)

    assert [code] == [check.code for check in checks if not check.passed]


@pytest.mark.parametrize(("digest", "allowed"), [(sample.digest("version"), True), ("another", False)])
def test_a_rollback_leads_to_what_was_live_before(digest: str, allowed: bool) -> None:
    """Under that number and by those bits; else it would be a way round the canary."""
    checks = permitted(sample.record(decision="rollback"), version(), LIVE, LIVE.number, {8: digest})

    assert all(check.passed for check in checks) is allowed


def test_what_refuses_nothing_does_not_keep_a_winner_back() -> None:
    """A slice that was too small to be shown is told in the record, and no more than told."""
    small = OPEN.model_copy(update={"code": "small_slice.device.tv", "optional": True})
    record = sample.record(checks=[small])

    assert all(check.passed for check in permitted(record, version(), LIVE, LIVE.number))
