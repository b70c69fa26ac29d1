"""Which of thousands of decisions are read: each takes a millisecond, and mostly the newest are asked for.

An id begins with a moment that is never before the one that its record names, and ids stand in the order of
decisions; so they tell what need not be read.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from slipway.records.decision import STAMP, DecisionRecord
from slipway.records.history import MOVES
from slipway.records.kept import Entry

NEWEST = 20
"""Decisions that are shown where nobody asks for more."""
T = TypeVar("T")


@dataclass(frozen=True)
class Window:
    """What is asked for.

    Attributes:
        last: the newest so many; None for all.
        since: those from then on; None for all.
    """

    last: int | None = NEWEST
    since: datetime | None = None

    def newest(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        """Of records in the order of decisions those that may be in it; `holds` says it once one is read."""
        start = 0 if self.since is None else bisect_left(entries, _mark(self.since), key=lambda one: one.id)
        return self.cut(entries[start:])

    def holds(self, record: DecisionRecord) -> bool:
        """Whether it is in it, where a clock that was set back had its id run ahead of it."""
        return self.since is None or record.at >= self.since

    def cut(self, found: Sequence[T]) -> Sequence[T]:
        """The newest so many."""
        return found if self.last is None else found[max(0, len(found) - self.last) :]

    def until(self, entries: Sequence[Entry], at: datetime) -> Iterator[Entry]:
        """Of records in the order of decisions those that say what was in production at a moment.

        First those that are not after it for sure, of which only the last move and the newest count, then
        the others, of which nobody needs any after the first that is later.
        """
        # No sign of an id comes after this one.
        end = bisect_right(entries, f"{_mark(at)}~", key=lambda one: one.id)
        sure = entries[:end]
        newest = self.cut(sure)
        yield from [one for one in sure[: len(sure) - len(newest)] if one.decision in MOVES][-1:]
        yield from newest
        yield from entries[end:]


def _mark(at: datetime) -> str:
    return at.astimezone(UTC).strftime(STAMP)[:-3]
