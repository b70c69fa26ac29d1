"""What people say to a rollout that is under way: pause it, go on, approve what comes next."""

from datetime import datetime
from typing import Literal

from slipway.base.documents import Document, Kind, parse
from slipway.base.errors import Refused, SlipwayError
from slipway.base.strict import Moment
from slipway.records.checks import Check
from slipway.rollout.target import Lease, Note, TrafficState

PROMOTION = "promotion"
READ_AGAIN = "`slipway rollout abort` ends that rollout"
"""Advice about a note that cannot be read."""


class Pause(Document):
    """Somebody has it stay as it is, for as long as they like."""

    schema_version: Literal[1] = 1
    by: str
    at: Moment
    reason: str

    def __str__(self) -> str:
        return f"paused by {self.by} at {self.at:%Y-%m-%d %H:%M:%S}: {self.reason}"


class Waiting(Document):
    """What it does next only once somebody has approved it.

    Attributes:
        id: of this wait, so that no approval of another one counts.
        of: what is to be approved.
    """

    schema_version: Literal[1] = 1
    id: str
    of: str
    since: Moment
    until: Moment

    def __str__(self) -> str:
        return f"waits until {self.until:%Y-%m-%d %H:%M:%S} for approval of {self.of}"


class Approval(Document):
    """Somebody has approved what it waits for."""

    schema_version: Literal[1] = 1
    id: str
    of: str
    by: str
    at: Moment
    reason: str

    def __str__(self) -> str:
        why = f": {self.reason}" if self.reason else ""
        return f"{self.by} approved {self.of} at {self.at:%Y-%m-%d %H:%M:%S}{why}"


def approved(of: str, given: Approval | None, hours: float) -> Check:
    """Whether somebody has approved what comes next, as the record has it.

    Args:
        hours: that were waited for it.
    """
    return Check(
        code="canary.approved",
        passed=given is not None,
        shown=given is not None,
        found=f"nobody approved {of} within {hours:g} hours" if given is None else str(given),
        allowed=f"an approval of {of}",
    )


class Notes:
    """The notes about one rollout, wherever its lease keeps them."""

    def __init__(self, lease: Lease) -> None:
        self.lease = lease

    def pause(self) -> Pause | None:
        """Who has it paused, None where nobody has."""
        return self._read("pause", Pause)

    def waiting(self) -> Waiting | None:
        """What it waits for, None where it does not."""
        return self._read("waiting", Waiting)

    def approved(self, waiting: Waiting) -> Approval | None:
        """Who has approved this very wait."""
        found = self._read("approval", Approval)
        return found if found is not None and found.id == waiting.id else None

    def write(self, name: Note, said: Document | None) -> None:
        """Leave a note, or take it away."""
        self.lease.write(name, None if said is None else said.model_dump_json())

    def _read(self, name: Note, kind: type[Kind]) -> Kind | None:
        text = self.lease.note(name)
        return None if text is None else parse(text.encode(), kind, f"the note `{name}`", READ_AGAIN)


def pause(lease: Lease, traffic: TrafficState | None, by: str, at: datetime, reason: str) -> Pause:
    """Have the rollout that is under way stay as it is.

    Raises:
        Refused: there is none, or no reason.
    """
    _, weight = _on_trial(lease, traffic)
    if not weight:
        # guard rollout.pausable
        raise Refused("the canary answers no user yet; expected one that has a share of the traffic")
    if not reason.strip():
        raise Refused("a pause needs a reason")  # guard rollout.why
    said = Pause(by=by, at=at, reason=reason)
    Notes(lease).write("pause", said)
    return said


def go_on(lease: Lease, traffic: TrafficState | None) -> Pause:
    """End a pause; returns what it was.

    Raises:
        Refused: nothing is paused.
    """
    _on_trial(lease, traffic)
    notes = Notes(lease)
    if (found := notes.pause()) is None:
        raise Refused("no pause is there to end")  # guard rollout.paused
    notes.write("pause", None)
    return found


def approve(lease: Lease, traffic: TrafficState | None, by: str, at: datetime, reason: str) -> Approval:
    """Approve what the rollout that is under way waits for, and nothing that comes later.

    Raises:
        Refused: it waits for nothing.
    """
    _on_trial(lease, traffic)
    notes = Notes(lease)
    if (waiting := notes.waiting()) is None:
        # guard rollout.waits
        raise Refused("the rollout waits for no approval; one given before would approve what nobody saw")
    said = Approval(id=waiting.id, of=waiting.of, by=by, at=at, reason=reason)
    notes.write("approval", said)
    return said


def abort(lease: Lease, traffic: TrafficState | None, by: str, reason: str) -> int:
    """End the canary that is under way, whose rollout keeps the record; returns its version.

    Raises:
        Refused: there is none, or no reason, or its rollout does not let go.
    """
    version, _ = _on_trial(lease, traffic)
    if not reason.strip():
        raise Refused("an abort needs a reason")  # guard rollout.why
    with lease.held(f"{by} aborts: {reason}"):
        return version


def _on_trial(lease: Lease, traffic: TrafficState | None) -> tuple[int, int]:
    """The version of the canary that is under way, and its weight."""
    if traffic is None or traffic.canary is None:
        raise Refused("no canary is under way")  # guard rollout.under_way
    if (gone := lease.left()) is not None:
        raise Refused(gone)  # guard rollout.holder_gone
    return traffic.canary.number, traffic.weight


def told(lease: Lease) -> str | None:
    """What a rollout that is under way is held by, in words; None where it goes on."""
    notes = Notes(lease)
    try:
        found = notes.pause() or notes.waiting()
    except SlipwayError as error:  # the note is at fault, and not who asks
        return str(error)
    return None if found is None else str(found)
