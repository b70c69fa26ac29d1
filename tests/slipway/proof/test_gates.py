"""A marker that does not say what it has to is told with its test."""

import pytest

from tests.slipway.proof.gates import Case, Malformed, gates
from tests.slipway.proof.guards import Guard

KNOWN = {
    name: (Guard(name, file="slipway/gate.py", line=line, start=0, code=b"", builds=False, calls=""),)
    for line, name in enumerate(("tie", "early"), start=1)
}
ROW = {
    "fed": "a candidate that ties",
    "stops": "gate",
    "exit": 3,
    "reason": "champion.log_loss",
    "untouched": "nothing registered",
}


def marked(test: str, *names: str, **row: object) -> tuple[pytest.Mark, Case]:
    """A marker on a test."""
    return pytest.mark.gate(*names, **row).mark, Case(test, long=False)


def test_the_tests_of_one_name_are_one_gate() -> None:
    """One has the row; gates come in the order of the flow."""
    found = gates(
        [
            marked("t.py::a", "tie"),
            marked("t.py::b", "tie", **ROW),
            marked("t.py::b", "early", **ROW | {"stops": "check", "guard": ["early", "tie"]}),
        ],
        KNOWN,
    )

    assert [("early", 1), ("tie", 2)] == [(gate.row.name, len(gate.cases)) for gate in found]
    assert [one.guards for one in found] == [KNOWN["early"] + KNOWN["tie"], KNOWN["tie"]]


@pytest.mark.parametrize(
    ("names", "changes", "said"),
    [
        ((), {}, "expected its name"),
        (("a", "b"), {}, "expected its name"),
        (("a",), {"stops": "nobody"}, "stops is 'nobody', expected one of"),
        (("a",), {"exit": 7}, "exit is 7, expected 0 to 4"),
        (("a",), {"reason": " "}, "reason is ' ', expected a text"),
        (("a",), {"found": "more"}, "has the fields"),
        (("a",), {}, "gate 'a': no guard in the sources has the id 'a'"),
        (("tie",), {"guard": []}, "guard is empty"),
        (("tie",), {"guard": ["tie", "absent"]}, "no guard in the sources has the id 'absent'"),
    ],
)
def test_a_malformed_marker_is_told(names: tuple[str, ...], changes: dict[str, object], said: str) -> None:
    """With the test that carries it."""
    with pytest.raises(Malformed) as caught:
        gates([marked("t.py::a", *names, **ROW | changes)], KNOWN)

    assert str(caught.value).startswith("t.py::a: ")
    assert said in str(caught.value)


def test_one_name_has_one_row() -> None:
    """Neither none nor two that differ."""
    with pytest.raises(Malformed, match=r"^t\.py::a: no test has the whole row of 'tie'$"):
        gates([marked("t.py::a", "tie")], {})
    tie = {"tie": KNOWN["tie"]}
    with pytest.raises(Malformed, match=r"^t\.py::b: another test says something else of 'tie'$"):
        gates([marked("t.py::a", "tie", **ROW), marked("t.py::b", "tie", **ROW | {"exit": 4})], tie)


def test_a_guard_that_no_gate_names_is_told() -> None:
    """It would never be disabled."""
    with pytest.raises(Malformed, match=r"^early \(slipway/gate\.py:2\): no gate names this guard$"):
        gates([marked("t.py::a", "tie", **ROW)], KNOWN)
