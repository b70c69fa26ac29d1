"""Turns between machines: a lease in a store that changes a value only for whoever has seen the last one.

Nobody's clock is compared with anybody else's. A holder counts up while it lives; whoever finds the same
count for `LAPSE_S` of its own takes the turn. A holder that was stopped for so long may still write to
MLflow, which checks nothing. It learns of that from the store, in the end at the latest, and puts things
right.
"""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import RLock
from typing import Literal, Protocol
from uuid import uuid4

from slipway.base.documents import Document, parse
from slipway.base.errors import Refused, SlipwayError
from slipway.base.provenance import who
from slipway.records.seal import Link
from slipway.registry.turns.beat import beating
from slipway.registry.turns.turn import Left, Outlived

BEAT_S = 2.0
"""Seconds between two counts of a holder; who asks meanwhile is refused after so long."""
LAPSE_S = 30.0
"""Seconds without one after which a holder counts as gone."""


class Store(Protocol):
    """Values by name, each with a mark that changes whenever it does.

    A row of PostgreSQL, an object of S3 with its ETag; of Kubernetes a Lease with its `resourceVersion`.
    """

    def read(self, name: str) -> tuple[str, str] | None:
        """Mark and value, None where there is none."""

    def swap(self, name: str, mark: str | None, value: str) -> str | None:
        """Write a value where the last one has this mark, None where there is none yet.

        Returns the new mark, or None where somebody else has written meanwhile: then nothing was.
        """

    def where(self, name: str) -> str:
        """The place of a value, for people, without a password."""


class Held(Document):
    """Who has the turn of a line, and what becomes of it.

    Attributes:
        holder: who, where and which process, None where nobody has it.
        beat: counted up by whoever writes.
        begun, settled, outlived, sealed: see `Left`.
    """

    schema_version: Literal[1] = 1
    holder: str | None = None
    beat: int = 0
    begun: str | None = None
    settled: str | None = None
    outlived: str | None = None
    sealed: Link | None = None

    @property
    def left(self) -> Left:
        """What the next one has to see to."""
        return Left(self.begun, self.settled, self.outlived, self.sealed)


class SharedTurns:
    """The turns of a line, in a store."""

    def __init__(self, store: Store, name: str, beat_s: float = BEAT_S, lapse_s: float = LAPSE_S) -> None:
        self.store, self.name, self.beat_s, self.lapse_s = store, name, beat_s, lapse_s

    @property
    def place(self) -> str:
        """The value's in the store."""
        return self.store.where(self.name)

    def look(self) -> Left:
        """What the store says."""
        return self._read()[1].left

    @contextmanager
    def taken(self, wait: bool = False) -> Iterator["SharedTurn"]:
        """Have the lease, and count while the block lasts."""
        turn = self._take(wait)
        try:
            with beating(self.beat_s, turn.require):
                yield turn
        finally:
            turn.leave()

    def _read(self) -> tuple[str | None, Held]:
        found = self.store.read(self.name)
        if found is None:
            return None, Held()
        mark, value = found
        return mark, parse(value.encode(), Held, self.place)

    def _take(self, wait: bool) -> "SharedTurn":
        seen, since = self._read(), time.monotonic()
        while True:
            mark, held = seen
            lapsed = time.monotonic() - since >= self.lapse_s
            if held.holder is None or lapsed:
                turn = SharedTurn(self, mark, _ours(held))
                if turn.written():
                    self._require_conditions(turn)
                    return turn
            time.sleep(min(self.beat_s, self.lapse_s) / 4)
            now = self._read()
            if now[0] == mark:
                continue
            if now[1].holder is not None and not wait:
                # Whoever counts is alive; of two that came at once, one has written first.
                raise Refused(
                    f"{self.place}: {now[1].holder} is moving production of {self.name}; try again later"
                )  # guard lease.alone
            seen, since = now, time.monotonic()

    def _require_conditions(self, turn: "SharedTurn") -> None:
        """A store that takes every write keeps nobody apart, and says nothing."""
        if self.store.swap(self.name, None, turn.held.model_dump_json()) is not None:
            raise Refused(
                f"{self.place}: written over though it was there, expected a store that heeds "
                "conditions (If-None-Match, If-Match); two machines could move production at once"
            )  # guard lease.conditions


class SharedTurn:
    """The turn, as long as the store holds what was written last."""

    def __init__(self, turns: SharedTurns, mark: str | None, held: Held) -> None:
        self.turns, self.mark, self.held = turns, mark, held
        self.alone = RLock()
        """Counting goes on beside whatever else is written."""

    @property
    def place(self) -> str:
        """The store's."""
        return self.turns.place

    @property
    def left(self) -> Left:
        """See `Held`."""
        return self.held.left

    def begin(self, intent: str) -> None:
        """In the lease itself, so that none is written by whoever has lost it."""
        self._write(begun=intent)

    def require(self) -> None:
        """Count up."""
        self._write()

    def end(self, settled: str | None, answered: bool = False, sealed: Link | None = None) -> None:
        """Drop what was begun; what was settled already may be settled again, by who did not seal it."""
        known = self.held.sealed if settled in (None, self.held.settled) else None
        self._write(
            begun=None,
            settled=settled or self.held.settled,
            outlived=None if answered else self.held.outlived,
            sealed=sealed or known,
        )

    def leave(self) -> None:
        """Let the next one have it at once; else it is found out."""
        with suppress(SlipwayError):
            self._write(holder=None)

    def written(self) -> bool:
        """Whether the store took what this turn says, over what it was made of."""
        store, name, value = self.turns.store, self.turns.name, self.held.model_dump_json()
        mark = store.swap(name, self.mark, value)
        if mark is None and (found := store.read(name)) is not None and found[1] == value:
            mark = found[0]  # it was taken, and the answer got lost: no two ever write the same
        if mark is not None:
            self.mark = mark
        return mark is not None

    def _write(self, **changes: str | Link | None) -> None:
        with self.alone:
            self.held = self.held.model_copy(update={**changes, "beat": self.held.beat + 1})
            if not self.written():
                raise Outlived(
                    f"{self.place}: this process was not heard of for {self.turns.lapse_s:g} s, and another "
                    f"one has the turn to move production of {self.turns.name}"
                )  # guard lease.outlived


def _ours(held: Held) -> Held:
    """What is written to take a turn; whoever did not give it back may still write elsewhere."""
    holder = f"{who()} on {socket.gethostname()} (process {os.getpid()}, {uuid4().hex[:8]})"
    outlived = held.outlived if held.holder is None else held.begun or held.outlived
    return held.model_copy(update={"holder": holder, "beat": held.beat + 1, "outlived": outlived})
