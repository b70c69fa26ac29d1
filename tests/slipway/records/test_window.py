"""Of thousands of records some are read, and what they say is what all of them would."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.base.errors import UsageError
from slipway.records.decision import DecisionRecord, record_id
from slipway.records.history import as_of, moment, told
from slipway.records.kept import Entry, Kept
from slipway.records.window import Window
from tests.slipway.report import sample

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MADE = sample.record(evaluation=None, canary=None)
HOURS = st.lists(
    st.tuples(st.integers(-5, 30), st.sampled_from(["refused", "first", "promote", "rollback"])), max_size=12
)
"""Of each decision how long after the one before, by a clock that may be set back, and what it was."""


LATE = datetime(2100, 1, 1, tzinfo=UTC)
"""No record is dated later."""


def decided(drawn: Sequence[tuple[int, str]]) -> list[DecisionRecord]:
    """Decisions as slipway keeps them: ids go on where a clock was set back."""
    found: list[DecisionRecord] = []
    at = NOON
    for number, (hours, decision) in enumerate(drawn):
        at += timedelta(hours=hours)
        name = record_id(at, f"r{number}", found[-1].id if found else None)
        found.append(MADE.model_copy(update={"id": name, "at": at, "decision": decision, "version": number}))
    return found


def entries(records: Sequence[DecisionRecord]) -> list[Entry]:
    """The same, not read yet."""
    return [
        Entry(Kept("r", one.id, b"", None), "", one.decision, one.version, one.replaced, one.version_digest)
        for one in records
    ]


@given(HOURS, st.integers(-10, 200), st.integers(1, 4))
def test_a_moment_is_told_as_by_all_records(drawn: list[tuple[int, str]], hours: int, last: int) -> None:
    """What was in production, and the newest decisions before."""
    records, at, window = decided(drawn), NOON + timedelta(hours=hours), Window(last=last)
    by_id = {one.id: one for one in records}
    asked: list[str] = []

    def read(one: Entry) -> DecisionRecord:
        asked.append(one.id)
        return by_id[one.id]

    due = as_of(records, at, system="s", size="full", now=LATE)
    found = as_of(map(read, window.until(entries(records), at)), at, system="s", size="full", now=LATE)
    assert told(found) == told(due)
    assert (found.production, found.record) == (due.production, due.record)
    assert list(window.cut(found.decisions)) == due.decisions[-last:]
    # The newest, the last move, and the one that is too late; more only where a clock was set back.
    if all(hours >= 0 for hours, _ in drawn):
        assert len(asked) <= last + 2


@given(HOURS, st.integers(-10, 200), st.none() | st.integers(1, 4))
def test_since_a_moment_are_those_that_all_records_say(
    drawn: list[tuple[int, str]], hours: int, last: int | None
) -> None:
    """By the times in them, though they are chosen by their ids."""
    records, since = decided(drawn), NOON + timedelta(hours=hours)
    window = Window(last=None, since=since)
    by_id = {one.id: one for one in records}

    found = [by_id[one.id] for one in window.newest(entries(records)) if window.holds(by_id[one.id])]
    assert found == [one for one in records if one.at >= since]
    assert list(Window(last).newest(records)) == (records if last is None else records[-last:])


def test_a_day_begins_and_ends() -> None:
    """Since a day is from its beginning, at a day its end."""
    from datetime import time

    assert moment("2026-03-01", "--since", time.min) == datetime(2026, 3, 1, tzinfo=UTC)
    assert moment("2026-03-01") > datetime(2026, 3, 1, 23, 59, tzinfo=UTC)
    with pytest.raises(UsageError, match=r"--since: found 'soon'.* \(the beginning of that day\)"):
        moment("soon", "--since", time.min)
