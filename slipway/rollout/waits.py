"""Holds a rollout where it is, while people have it paused or have not approved what comes next."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4

from slipway.records.checks import Check
from slipway.rollout.hold import Notes, Waiting, approved
from slipway.rollout.target import Over

POLL_S = 0.5
"""Seconds between two looks at what people have said."""


@dataclass
class Waits:
    """The waits of one canary.

    Attributes:
        notes: what people say to it.
        hours: that an approval may take.
        over: whether nothing may be waited for any more.
        watch: guards users meanwhile, until it is told that the wait is over.
        rest: sleeps so many seconds.
        tell: says a line to people.
        approvals: those that were given, for the record.
        missing: the one that was not given in time.
    """

    notes: Notes
    hours: float
    over: Over
    watch: Callable[[Over], None]
    now: Callable[[], datetime]
    timer: Callable[[], float]
    rest: Callable[[float], None]
    tell: Callable[[str], None]
    approvals: list[Check] = field(default_factory=list)
    missing: Check | None = None
    spent: float = 0.0
    since: float | None = None

    def seconds(self) -> float:
        """How long it was held so far: none of that is time in which it could have shown anything."""
        return self.spent + (0.0 if self.since is None else self.timer() - self.since)

    def while_paused(self) -> None:
        """Return once nobody has it paused, or it is over."""
        if (found := self.notes.pause()) is None:
            return
        self.tell(f"{found}; `slipway rollout pause --end` has it go on")
        self._while(lambda: self.notes.pause() is not None)

    def for_approval(self, of: str) -> None:
        """Return once somebody has approved what comes next, nobody has in time, or it is over."""
        begun = self.now()
        waiting = Waiting(id=uuid4().hex, of=of, since=begun, until=begun + timedelta(hours=self.hours))
        until = self.timer() + 3600 * self.hours
        self.notes.write("waiting", waiting)
        self.tell(f"{waiting}; `slipway rollout approve` gives it")
        try:
            self._while(lambda: self.notes.approved(waiting) is None and self.timer() < until)
        finally:
            self.notes.write("waiting", None)
        if self.over():
            return
        check = approved(of, self.notes.approved(waiting), self.hours)
        if check.passed:
            self.approvals.append(check)
            self.tell(check.found)
        else:
            self.missing = check

    def _while(self, waits: Callable[[], bool]) -> None:
        self.since = self.timer()
        try:
            while waits() and not self.over():
                self.watch(lambda: self.over() or not waits())
                self.rest(POLL_S)
        finally:
            self.spent, self.since = self.seconds(), None
