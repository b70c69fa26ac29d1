"""What was in production at a moment, and why: a pure function of the decision records."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile
from typing import Annotated

from pydantic import Field

from slipway.base.errors import UsageError
from slipway.base.strict import Moment, Strict
from slipway.records.decision import DecisionRecord

TOLERANCE = timedelta(minutes=5)
"""Clocks of two machines that differ by no more are taken to agree."""
MOVES = frozenset({"first", "promote", "rollback"})
"""The decisions that move production."""


class Past(Strict):
    """One moment of a line, by the times that its records name."""

    system: str
    size: str
    at: Moment
    production: Annotated[int | None, Field(description="the version in production, None where none was")]
    record: Annotated[str | None, Field(description="id of the decision that put it there")]
    decisions: Annotated[
        list[DecisionRecord], Field(description="the newest up to that moment, oldest first")
    ]


def moment(text: str, option: str = "--at", of_day: time = time.max) -> datetime:
    """Read an ISO date, by default the end of that day, or an ISO date and time; UTC unless it names a zone.

    Args:
        option: whose value it is, for the error.
        of_day: what a date alone means.

    Raises:
        UsageError: it is neither.
    """
    try:
        return datetime.combine(date.fromisoformat(text), of_day, UTC)
    except ValueError:
        pass  # not a date alone; it may have a time
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError) as error:  # a zone can move year 1 before the calendar begins
        raise UsageError(
            f"{option}: found {text!r}, expected an ISO date such as 2026-01-31 "
            f"(the {'end' if of_day == time.max else 'beginning'} of that day) or a date "
            "and time such as 2026-01-31T12:30 or 2026-01-31T12:30+01:00 (UTC where no zone is named)"
        ) from error  # guard history.at


def as_of(records: Iterable[DecisionRecord], at: datetime, *, system: str, size: str, now: datetime) -> Past:
    """What the records of a line, oldest first, say of a moment; none is asked for after the first later one.

    Where the clock was set back between two decisions, the later one counts from the moment of the earlier:
    what was decided up to a moment is always a beginning of the order of decisions. One that is dated in the
    future hides none that came after it: its clock was wrong, and it counts with the one before it.

    Args:
        now: what the clock says here.
    """
    latest = now + TOLERANCE
    # takewhile and no filter: with a filter, a clock set back would put late decisions before earlier ones.
    before = list(takewhile(lambda record: record.at <= at or record.at > latest, records))
    moves = [record for record in before if record.decision in MOVES]
    return Past(
        system=system,
        size=size,
        at=at,
        production=moves[-1].version if moves else None,
        record=moves[-1].id if moves else None,
        decisions=before,
    )


def behind(now: datetime, newest: DecisionRecord) -> str | None:
    """That a clock is behind the newest record, which came before, in words; None where they agree."""
    if newest.at <= now + TOLERANCE:
        return None
    return (
        f"the clock says {now:%Y-%m-%d %H:%M:%S} UTC, but record {newest.id} of before was dated "
        f"{newest.at:%Y-%m-%d %H:%M:%S}: one of the two clocks is wrong; what is decided now comes after it"
    )


def told(past: Past) -> str:
    """What was in production, in one line for people."""
    then = f"At {past.at:%Y-%m-%d %H:%M:%S} UTC"
    for move in past.decisions:
        if move.id == past.record:
            since = f"since {move.at:%Y-%m-%d %H:%M:%S}"
            return f"{then} version {move.version} was in production, {since}: {move.decision}, {move.reason}"
    return f"{then} nothing was in production."
