"""Disabling a guard changes that guard and nothing else."""

from dataclasses import dataclass, replace

import pytest

from slipway.records.checks import Check
from tests.slipway.proof.disable import PASSING, disabled
from tests.slipway.proof.guards import Guard, guards_of
from tests.slipway.proof.test_guards import SOURCE

LONG = """raise ValueError(
            f"{rows} rows: "
            "too many"
        )"""


def guard(name: str, number: int = 0) -> Guard:
    """One of the source, by its id and its place among those of that id."""
    return [one for one in guards_of(SOURCE, "gate.py") if one.id == name][number]


@pytest.mark.parametrize(
    ("found", "before", "after"),
    [
        (guard("a.rows"), '_check("a.rows", rows > 3)', '_passing(_check("a.rows", rows > 3))'),
        (guard("seen"), '_check(f"{role}.seen", rows < 9)', '_passing(_check(f"{role}.seen", rows < 9))'),
        (guard("most"), LONG, "pass"),
        (guard("lock"), "        self.lock.require(rows)  #", "        pass  #"),
        (guard("lock", 1), 'raise ValueError("no rows")', "pass"),
    ],
)
def test_a_guard_is_disabled_and_the_rest_stays(found: Guard, before: str, after: str) -> None:
    """A check is wrapped, a raise and a call are passed over."""
    changed = disabled(SOURCE, found)

    assert changed.removesuffix(PASSING) == SOURCE.replace(before.encode(), after.encode(), 1)


def test_a_source_that_was_changed_is_told() -> None:
    """Something else would be disabled."""
    with pytest.raises(ValueError, match=r"most \(gate.py:13\): the file was changed since the guard was"):
        disabled(b"# " + SOURCE, guard("most"))
    with pytest.raises(ValueError, match="the file was changed"):
        disabled(SOURCE, replace(guard("most"), code=b"raise"[::-1]))


@dataclass(frozen=True)
class Rule:
    """A check in a frame, as the canary's rules are."""

    check: Check
    stops: bool


def test_a_disabled_check_passes() -> None:
    """Bare, or in a rule that stops; what it found stays."""
    made: dict[str, object] = {}
    exec(PASSING, made)  # noqa: S102 - the text under test
    failed = Check(code="a", passed=False, found="1", allowed="0")
    passed = Check(code="a", passed=True, found="1", allowed="0")

    assert made["_passing"](failed) == passed  # type: ignore[operator]
    assert made["_passing"](Rule(failed, True)) == Rule(passed, False)  # type: ignore[operator]
