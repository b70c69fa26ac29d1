"""What fails in a process is a file for whoever started it: whole, or absent."""

from pathlib import Path

import pytest

from slipway.base.errors import NotReady, Refused, SlipwayError, UsageError
from slipway.base.failure import MOST, PLACE, failure_kept, read_failure
from tests.slipway.root import REPOSITORY


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that the environment names."""
    monkeypatch.setenv(PLACE, str(tmp_path / "error.json"))
    return tmp_path / "error.json"


@failure_kept()
def fail(error: Exception) -> None:
    """Raise it."""
    raise error


@pytest.mark.parametrize("error", [Refused("no: 3"), UsageError("ü\nß"), SlipwayError("")])
def test_a_foreseen_error_comes_back_as_it_was(place: Path, error: SlipwayError) -> None:
    """With its kind and its words."""
    with pytest.raises(type(error)):
        fail(error)
    failure = read_failure(place)
    back = failure and failure.foreseen()

    assert (type(back), str(back)) == (type(error), str(error))
    assert failure is not None
    assert failure.exit_code == error.exit_code


def test_one_that_knows_more_comes_back_as_its_kind(place: Path) -> None:
    """What a user can do about it is in the line."""
    with pytest.raises(NotReady):
        fail(NotReady("slow", 7))
    failure = read_failure(place)

    assert failure is not None
    assert (failure.error, failure.message) == ("SlipwayError", "slow")


def test_one_that_nobody_foresaw_is_short(place: Path) -> None:
    """Its name and how it begins, in one line."""
    with pytest.raises(ValueError, match="a"):
        fail(ValueError("a\n" * MOST))
    failure = read_failure(place)

    assert failure is not None
    assert failure.foreseen() is None
    assert (failure.error, failure.message) == ("ValueError", ("a " * MOST)[:MOST])


def test_nothing_is_written_where_nothing_asks_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does a place that cannot be written hide the error, or success leave a file."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Refused):
        fail(Refused("no"))
    monkeypatch.setenv(PLACE, "/dev/null/error.json")
    with pytest.raises(Refused):
        fail(Refused("no"))
    monkeypatch.setenv(PLACE, str(tmp_path / "error.json"))
    with failure_kept():
        pass

    assert list(tmp_path.iterdir()) == []
    assert read_failure(tmp_path / "error.json") is None


def test_each_stage_of_a_pipeline_says_what_failed() -> None:
    """Else its task would seem to have been killed."""
    stages = sorted(path.stem for path in (REPOSITORY / "components").glob("[a-z]*.py"))

    assert len(stages) > 10
    for name in stages:
        text = (REPOSITORY / "slipway" / "stages" / f"{name}.py").read_text(encoding="utf-8")
        assert f"@failure_kept()\ndef {name}(" in text
