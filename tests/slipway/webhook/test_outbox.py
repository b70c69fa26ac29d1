"""What waits is kept until it is taken, tried again later and later, and never without end."""

from datetime import UTC, datetime, timedelta

import pytest

from slipway.webhook import outbox as module
from slipway.webhook.outbox import Outbox, is_due, refused, settled
from tests.slipway.webhook.conftest import waiting

AT = datetime(2026, 11, 30, tzinfo=UTC)


def test_pauses_grow() -> None:
    """And then stay."""
    one, pauses = waiting(), []
    for _ in range(8):
        one = refused(one, AT, "answered 500")
        pauses.append((one.due - AT).total_seconds())
    assert pauses == [1, 2, 60, 300, 1800, 7200, 7200, 7200]
    assert (one.tries, one.failed) == (8, "answered 500")


@pytest.mark.parametrize(
    ("seconds", "due"), [(-1, True), (0, True), (1, False), (7200, False), (7201, True), (10**8, True)]
)
def test_a_clock_that_was_set_back_makes_nothing_wait(seconds: int, due: bool) -> None:
    """A pause that is longer than any is none."""
    assert is_due(waiting(due=AT + timedelta(seconds=seconds)), AT) is due


@pytest.mark.parametrize(
    ("decided", "held", "minutes", "left"),
    [
        (True, False, 999, True),
        (False, True, 999, True),
        (False, False, 9, False),
        (False, None, 999, False),
        (False, False, 11, None),
    ],
)
def test_what_was_never_decided_is_never_told(
    decided: bool, held: bool | None, minutes: int, left: bool | None
) -> None:
    """It waits while its process may still decide, and while nobody knows."""
    one = waiting(decided=decided, begun=AT - timedelta(minutes=minutes))
    found = settled(one, AT, lambda _: held)
    assert left is (None if found is None else found.decided)


def test_there_is_an_end_to_what_is_kept(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest go."""
    monkeypatch.setattr(module, "MOST", 3)
    for number in range(5):
        outbox.put(waiting(f"{number}-r"))
    assert [one.name for one in outbox.waiting()] == ["2-r", "3-r", "4-r"]


def test_what_is_no_message_stops_none(outbox: Outbox) -> None:
    """Such as one of a newer slipway, which will send it."""
    outbox.put(waiting("2-r"))
    (outbox.folder / "1-r.json").write_text('{"schema_version": 2}')
    assert [one.name for one in outbox.waiting()] == ["2-r"]
    assert (outbox.folder / "1-r.json").exists()
