"""Every place where the product says no is a gate with a row, or is listed here with a reason."""

from pathlib import Path

import pytest

from tests.slipway.proof.guards import guards
from tests.slipway.proof.refusals import Refusal, refusals
from tests.slipway.root import REPOSITORY

ALLOWED: dict[str, str] = {}
"""Places without a row, each with the reason."""
SOURCE = """
class Desk:
    def ask(self, said):
        if said:
            raise errors.Refused(f"{said}: not allowed") from None%s
        raise ValueError("not allowed")%s


def require(failed):
    for one in failed:
        raise Refused(one)


def main():
    require([])%s
    Desk().ask("")%s
"""


def test_every_refusal_is_a_gate() -> None:
    """So each is disabled in turn by the mutation proof, and a test notices.

    A guard that no gate names is a fault of the markers, told with the table.
    """
    found = [*refusals(REPOSITORY / "slipway")]
    every = [guard for places in guards(REPOSITORY).values() for guard in places]
    bare = [str(one) for one in found if not any(one.is_disabled_by(guard) for guard in every)]

    assert len(found) > 40
    assert sorted(bare) == sorted(ALLOWED)


@pytest.mark.parametrize(
    ("place", "named"),
    [(0, [True, False]), (1, [False, False]), (2, [False, True]), (3, [True, False]), (None, [False, False])],
)
def test_a_refusal_is_named_by_itself_or_by_its_call(
    tmp_path: Path, place: int | None, named: list[bool]
) -> None:
    """Errors that are no refusals are left alone."""
    (tmp_path / "slipway").mkdir()
    marks = tuple("  # guard one" if number == place else "" for number in range(4))
    (tmp_path / "slipway" / "ask.py").write_text(SOURCE % marks)
    found = [*refusals(tmp_path / "slipway")]
    every = [guard for places in guards(tmp_path).values() for guard in places]

    assert [one.function for one in found] == ["Desk.ask", "require"]
    assert [any(one.is_disabled_by(guard) for guard in every) for one in found] == named


def test_a_refusal_is_told_by_its_place() -> None:
    """As the list above has it."""
    assert str(Refusal("a.py", 7, "f")) == "a.py:7: in f"
