"""The rules for moves of production, each alone."""

import pytest

from slipway.registry import ModelVersion
from slipway.rollout.promotion import permitted
from tests.report import sample


def version(**changes: object) -> ModelVersion:
    """The version that `sample.record` promotes."""
    known = {"number": 8, "digest": sample.digest("version"), "run": "r", "barred": None, "aliases": ()}
    return ModelVersion(**(known | changes))  # type: ignore[arg-type] - values of five types


@pytest.mark.parametrize(
    ("code", "changes", "found", "live"),
    [
        ("version.digest", {}, version(digest="another"), 7),
        ("promote.earned", {"canary": None}, version(), 7),
        ("promote.earned", {"canary": sample.aborted().canary}, version(), 7),
        ("promote.earned", {"version": 9}, version(number=9), 7),
        ("first.nothing_live", {"decision": "first", "replaced": 7}, version(), 7),
        ("checks.passed", {"checks": sample.gate_checks(better=False)}, version(), 7),
        ("rollback.previous", {"decision": "rollback"}, version(), 7),
        ("rollback.reason", {"decision": "rollback", "reason": " "}, version(aliases=("previous",)), 7),
        ("decision.moves", {"decision": "registered"}, version(), 7),
    ],
)
def test_no_other_way_is_permitted(
    code: str, changes: dict[str, object], found: ModelVersion, live: int | None
) -> None:
    """Each rule forbids alone."""
    checks = permitted(sample.record(**changes), found, live, live)

    assert [code] == [check.code for check in checks if not check.passed]
