"""Disabling a guard changes that guard and nothing else, or says why it cannot."""

from dataclasses import dataclass

import pytest

from slipway.records.checks import Check
from tests.slipway.proof.disable import PASSING, Guard, disabled

SOURCE = b'''"""Caf\xc3\xa9."""

def _check(code, passed):
    return (code, passed)


class Gate:
    def decide(self, rows, role):
        text = "\xc3\xa9"; yield _check("a.rows", rows > 3)
        yield _check(
            f"{role}.rows",  # a comment
            passed=rows < 9,
        )
        if rows > 99: raise ValueError(
            f"{rows} rows: "
            "too many"
        )
        self.lock.require(rows)
        return self.lock.require(rows)


def require(rows):
    if not rows:
        raise ValueError("no rows")
    if rows > 10:
        raise ValueError("no rows above 10")
'''
LONG = """raise ValueError(
            f"{rows} rows: "
            "too many"
        )"""


def guard(function: str, token: str) -> Guard:
    """A guard of the source above."""
    return Guard("gate.py", function, token)


@pytest.mark.parametrize(
    ("function", "token", "before", "after"),
    [
        ("Gate.decide", "a.rows", '_check("a.rows", rows > 3)', '_passing(_check("a.rows", rows > 3))'),
        ("Gate.decide", "too many", LONG, "pass"),
        ("Gate.decide", "lock.require", "        self.lock.require(rows)\n", "        pass\n"),
        ("require", "above 10", 'raise ValueError("no rows above 10")', "pass"),
    ],
)
def test_a_guard_is_disabled_and_the_rest_stays(function: str, token: str, before: str, after: str) -> None:
    """A check is wrapped, a raise and a call are passed over."""
    found = disabled(SOURCE, guard(function, token))

    assert found.removesuffix(PASSING) == SOURCE.replace(before.encode(), after.encode(), 1)


def test_an_exact_code_comes_before_a_part_of_one() -> None:
    """Codes that are made of a role and a name are given in parts."""
    found = disabled(SOURCE, guard("Gate.decide", ".rows"))
    assert b'_passing(_check(\n            f"{role}.rows"' in found

    with pytest.raises(ValueError, match="found line 14, line 9, line 10"):
        disabled(SOURCE, guard("Gate.decide", "rows"))


@pytest.mark.parametrize(
    ("function", "token", "said"),
    [
        ("Gate.decide", "absent", "found nothing"),
        ("require", "no rows", "found line 24, line 26"),
        ("Gate.absent", "a.rows", "0 definitions of 'absent' in gate.py"),
        ("Gate", "a.rows", "Gate is no function"),
        ("Gate.decide", "quire", "found nothing"),
    ],
)
def test_what_names_no_guard_is_told(function: str, token: str, said: str) -> None:
    """A guard that moved must not be taken for one that was disabled."""
    with pytest.raises(ValueError, match=said):
        disabled(SOURCE, guard(function, token))


@pytest.mark.parametrize("text", ["gate.py", "gate.py:decide", "gate.py::token"])
def test_a_guard_has_three_parts(text: str) -> None:
    """File, function, token."""
    with pytest.raises(ValueError, match="expected file:function:token"):
        Guard.parse(text)


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
