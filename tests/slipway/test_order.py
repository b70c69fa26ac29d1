"""What goes first is there."""

from tests.slipway.order import FIRST, rank
from tests.slipway.root import REPOSITORY


def test_what_goes_first_is_there() -> None:
    """Each file once; a name that no file has would put nothing first."""
    assert len(set(FIRST)) == len(FIRST)
    assert [name for name in FIRST if not (REPOSITORY / name).is_file()] == []


def test_a_test_has_the_place_of_its_file() -> None:
    """And those of all other files come after them, in the order in which they were."""
    assert [rank(f"{name}::test_a") for name in (*FIRST, "tests/repo/test_docs.py")] == [
        *range(len(FIRST) + 1)
    ]
