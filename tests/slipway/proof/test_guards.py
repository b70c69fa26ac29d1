"""The guards of a source are found by their ids, or it is said why one cannot be."""

import pytest

from tests.slipway.proof.guards import Guard, guards_of
from tests.slipway.root import REPOSITORY

SOURCE = b'''"""Caf\xc3\xa9; `# guard no.comment`."""
from checks import _check


class Gate:
    def decide(self, rows, role):
        text = "\xc3\xa9"; yield _check("a.rows", rows > 3)
        yield _check(
            code=f"a.columns.{role}",
            passed=rows < 9,
        )
        yield _check(f"{role}.seen", rows < 9)  # guard seen
        if rows > 99: raise ValueError(
            f"{rows} rows: "
            "too many"
        )  # guard most
        self.lock.require(rows)  # guard lock
        return self.lock.require(rows)


def require(rows):
    # guard lock
    raise ValueError("no rows")


def _check(code, passed):
    return Check(code=code, passed=passed)
'''


def test_guards_are_found_by_their_ids() -> None:
    """A check by its code, up to where that varies; others by a comment at their end or above them."""
    found = guards_of(SOURCE, "slipway/gate.py")

    assert [(one.id, one.line, one.builds, one.calls) for one in found] == [
        ("a.rows", 7, True, ""),
        ("a.columns", 8, True, ""),
        ("seen", 12, True, ""),
        ("most", 13, False, ""),
        ("lock", 17, False, "require"),
        ("lock", 23, False, ""),
    ]
    assert str(found[3]) == "most (slipway/gate.py:13)"
    assert found[0].code == b'_check("a.rows", rows > 3)'
    assert all(SOURCE[one.start :].startswith(one.code) for one in found)


def test_an_id_goes_where_its_guard_goes() -> None:
    """Another file, function or line: the same guard."""
    moved = SOURCE.replace(b"class Gate:", b"\n\n\nclass Door:").replace(b"def decide", b"async def enter")
    found = guards_of(moved, "slipway/door.py")

    assert [one.id for one in found] == [one.id for one in guards_of(SOURCE, "slipway/gate.py")]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("x = 1  # guard a", "x.py:2: '# guard a' stands on no raise, check or call of its own"),
        ("# guard a", "x.py:2: '# guard a' stands on no"),
        ("raise ValueError  # guard", "x.py:2: '# guard': expected `# guard ID`"),
        ("raise ValueError  # guard: a", "x.py:2: '# guard: a': expected `# guard ID`"),
        ("raise ValueError  # guard A b", "x.py:2: '# guard A b': expected `# guard ID`"),
        ('return _check("a", True)  # guard b', "x.py:2: '# guard b' stands on 'a', which has that id"),
    ],
)
def test_a_comment_that_names_no_guard_is_told(line: str, said: str) -> None:
    """A guard that moved away from its id must not be taken for one that was disabled."""
    with pytest.raises(ValueError, match="^" + said):
        guards_of(f"def f():\n    {line}\n    x = 1\n".encode(), "x.py")


def test_what_a_check_is_made_by_is_no_guard() -> None:
    """The function that is given the code, and what is no function's."""
    assert guards_of(b'def _check(code):\n    return Check(code=code)\n\n\n_check("a")\n', "x.py") == []


def test_each_check_of_the_gate_has_an_id() -> None:
    """Also those whose code begins with a role: none is left out."""
    file = "slipway/evaluation/gate.py"
    source = (REPOSITORY / file).read_bytes()
    built: list[Guard] = [one for one in guards_of(source, file) if one.builds]

    assert len(built) == source.count(b" _check(") - 1
