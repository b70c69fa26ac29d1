"""Every place where the product says no is a gate with a row, or is listed here with a reason."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.slipway.proof.disable import Guard
from tests.slipway.proof.refusals import Refusal, refusals
from tests.slipway.root import REPOSITORY

ALLOWED: dict[str, str] = {}
"""Places without a row, each with the reason."""
SOURCE = """
class Desk:
    def ask(self, said):
        if said:
            raise errors.Refused(f"{said}: not allowed") from None
        raise ValueError("not allowed")


def require(failed):
    for one in failed:
        raise Refused(one)
"""


@pytest.fixture(scope="module")
def guards() -> list[Guard]:
    """The guards of every row, collected in a process of its own: pytest does not run in pytest."""
    code = (
        "from pathlib import Path; from tests.slipway.proof.gates import collect; "
        "print(*(guard for gate in collect(Path.cwd()) for guard in gate.row.guards), sep='\\n')"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return [Guard.parse(line) for line in ran.stdout.splitlines()]


def test_every_refusal_is_a_gate(guards: list[Guard]) -> None:
    """So each is disabled in turn by the mutation proof, and a test notices."""
    found = [*refusals(REPOSITORY / "slipway")]
    bare = [str(one) for one in found if not any(one.is_disabled_by(guard) for guard in guards)]

    assert len(found) > 40
    assert sorted(bare) == sorted(ALLOWED)


@pytest.mark.parametrize(
    ("guard", "named"),
    [
        ("desk/ask.py:Desk.ask:not allowed", [True, False]),
        ("desk/ask.py:ask:not allowed", [False, False]),
        ("desk/other.py:Desk.ask:not allowed", [False, False]),
        ("desk/main.py:main:require", [False, True]),
        ("desk/main.py:main:desk.ask", [True, False]),
    ],
)
def test_a_refusal_is_named_by_its_words_or_by_its_call(
    tmp_path: Path, guard: str, named: list[bool]
) -> None:
    """Errors that are no refusals are left alone."""
    (tmp_path / "desk").mkdir()
    (tmp_path / "desk" / "ask.py").write_text(SOURCE)
    found = [*refusals(tmp_path / "desk")]

    assert [one.place for one in found] == [("desk/ask.py", "Desk.ask"), ("desk/ask.py", "require")]
    assert [one.is_disabled_by(Guard.parse(guard)) for one in found] == named


def test_a_refusal_is_told_by_its_place_and_words() -> None:
    """As the list above has it."""
    assert str(Refusal(("a.py", "f"), (": ", "not allowed"))) == "a.py:f: not allowed"
