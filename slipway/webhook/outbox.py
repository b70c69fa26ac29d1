"""What is still to be told: a file for each decision, kept until a receiver has taken it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from slipway.base.atomic import write_text
from slipway.base.documents import Document, read
from slipway.base.errors import SlipwayError
from slipway.base.provenance import now
from slipway.base.strict import Moment
from slipway.records.decision import DecisionRecord
from slipway.records.seal import hexdigest
from slipway.settings import Line
from slipway.webhook.message import message

MOST = 1000
"""Messages that are kept; beyond that the oldest go."""
PAUSES_S = (1, 2, 60, 300, 1800, 7200)
"""Before the second try and those after it; the last one again and again."""
FORGOTTEN = timedelta(minutes=10)
"""After it, a decision that was about to be kept and is in no registry was never taken; its process says so
once more if it was only stopped."""


class Waiting(Document):
    """A message that nobody has taken yet.

    Attributes:
        name: of the message, the id of its record.
        run: that keeps the record; with system and size, where to look for it.
        decided: whether the record is kept; where a kill left it open, the registry knows.
        tries: that failed; `failed` says how the last one did.
        due: no earlier is it tried again.
    """

    schema_version: Literal[1] = 1
    name: str
    system: str
    size: Literal["full", "small"]
    run: str
    body: str
    begun: Moment
    decided: bool = False
    tries: int = 0
    due: Moment
    failed: str | None = None


def announce(line: Line, record: DecisionRecord, content: bytes, decided: bool) -> None:
    """Leave what is to be told of a decision, where `project.yaml` names somebody; no decision fails by it.

    Once before its record is kept and once after, so that a kill at any moment loses nothing.

    Args:
        content: the record as it is kept.
    """
    project = line.project
    if project.settings.webhook is None:
        return
    at = now()
    one = Waiting(
        name=record.id,
        system=line.system,
        size=line.size,
        run=record.run or "",
        body=message(record, hexdigest(content), project.settings.name, line.registered).model_dump_json(),
        begun=at,
        decided=decided,
        due=at,
    )
    try:
        Outbox(project.outbox).put(one)
    except OSError as error:
        print(f"» webhook: will not be told of {record.id}: {error}", flush=True)


def refused(one: Waiting, now: datetime, said: str) -> Waiting:
    """A message after another try that failed."""
    pause = timedelta(seconds=PAUSES_S[min(one.tries, len(PAUSES_S) - 1)])
    return one.model_copy(update={"tries": one.tries + 1, "due": now + pause, "failed": said})


def is_due(one: Waiting, now: datetime) -> bool:
    """Whether a message may be tried again; where the clock was set back, no time of before counts."""
    return not now < one.due <= now + timedelta(seconds=PAUSES_S[-1])


def settled(one: Waiting, now: datetime, holds: Callable[[Waiting], bool | None]) -> Waiting | None:
    """A message with what became of its decision; None where it was never taken.

    Args:
        holds: whether the registry has its record; None where that is not known.
    """
    held = one.decided or holds(one)
    if held:
        return one.model_copy(update={"decided": True})
    # Its process may be about to keep it.
    return None if held is False and now - one.begun > FORGOTTEN else one


class Outbox:
    """A folder of messages; each is written whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def lock(self) -> Path:
        """Held by whoever sends."""
        return self.folder.with_name(f"{self.folder.name}.lock")

    @property
    def empty(self) -> bool:
        """Whether nothing is left to tell."""
        return not self._files()

    def put(self, one: Waiting) -> None:
        """Keep a message, new or as it is now."""
        write_text(self._file(one), one.model_dump_json(indent=2))
        for path in self._files()[:-MOST]:
            path.unlink(missing_ok=True)

    def drop(self, one: Waiting) -> None:
        """It was taken, or there is nothing to tell."""
        self._file(one).unlink(missing_ok=True)

    def waiting(self) -> list[Waiting]:
        """All of them, oldest first; what is no message is left where it lies."""
        found = []
        for path in self._files():
            try:
                found.append(read(path, Waiting))
            except SlipwayError:  # another process has just delivered it, or a newer slipway wrote it
                continue
        return found

    def _file(self, one: Waiting) -> Path:
        return self.folder / f"{one.name}.json"

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("[!.]*.json"))
