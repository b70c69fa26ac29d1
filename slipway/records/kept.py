"""What lies in a registry of the records of a line, and what holds of it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from slipway.records.history import MOVES
from slipway.records.seal import Link

Kind = Literal["changed", "missing", "absent", "forged", "unsigned", "fork", "cut", "unexplained"]
ADDED: frozenset[Kind] = frozenset({"forged", "unsigned", "absent"})
"""What somebody put there: it counts for nothing, and so it takes nothing away."""


@dataclass(frozen=True)
class Break:
    """One thing that nobody but slipway's own runs should have been able to do.

    Attributes:
        of: the id of a record, an alias or a version.
        back: what happened and how to undo it, where that is known.
    """

    kind: Kind
    of: str
    says: str
    back: str = ""

    @property
    def perhaps_lost(self) -> bool:
        """Whether a record of ours may be gone, and not merely one that nobody here kept be there.

        A tag alone stops nobody, for anybody who can write can write one; but whoever looks wants to know.
        """
        return self.kind not in ADDED or self.kind == "absent"

    @property
    def key(self) -> str:
        """What an accepting record names it by; that record names what was cut off, which then is missing."""
        return f"{'missing' if self.kind == 'cut' else self.kind} {self.of}"

    def __str__(self) -> str:
        return f"{self.kind}: {self.of}: {self.says}"


@dataclass(frozen=True)
class Kept:
    """A record as it lies in the registry.

    Attributes:
        id: the name of its file.
        seal: what lies beside it, None where nothing does.
        signature: of a seal that holds none, for it was signed after its run; empty where nobody did.
        fault: why content and seal could not be read; empty where they were.
    """

    run: str
    id: str
    content: bytes
    seal: bytes | None
    signature: str = ""
    fault: str = ""


@dataclass(frozen=True)
class Entry:
    """A record that holds.

    Attributes:
        kept: where it lies.
        sha256: by which others name it.
        signer: None where it is from before there were seals.
    """

    kept: Kept
    sha256: str
    decision: str
    version: int | None
    replaced: int | None
    digest: str | None
    before: tuple[Link, ...] = ()
    accepts: tuple[str, ...] = ()
    signer: str | None = None

    @property
    def id(self) -> str:
        """Of the record."""
        return self.kept.id

    @property
    def link(self) -> Link:
        """As others name it."""
        return Link(id=self.id, sha256=self.sha256)


@dataclass(frozen=True)
class Chain:
    """The records of a line that hold, by id in the order of decisions, and what is broken.

    Attributes:
        heads: what the next record has to name.
        accepted: breaks that a later record names, signed like any other.
        waiting: records with a seal that nobody has signed yet, as where a workflow signs after a run.
        pending: moves of production without a signature that counts, in the order of decisions, which the
            lease of the line or a record that holds names by their seals. They say where production is, and
            no more: what has to be proven rests on `entries`.
    """

    entries: Mapping[str, Entry]
    heads: tuple[Link, ...]
    breaks: tuple[Break, ...] = ()
    accepted: tuple[Break, ...] = ()
    waiting: tuple[Entry, ...] = ()
    pending: tuple[Entry, ...] = ()

    @property
    def losses(self) -> list[Break]:
        """Breaks by which something that was decided is gone."""
        return [one for one in self.breaks if one.kind not in ADDED]

    @property
    def begun(self) -> bool:
        """Whether anything is sealed."""
        return any(one.signer for one in self.entries.values())

    @property
    def signers(self) -> Counter[str]:
        """How many records each identity signed."""
        return Counter(one.signer for one in self.entries.values() if one.signer)

    @property
    def older(self) -> int:
        """How many records are from before there were seals."""
        return sum(one.signer is None for one in self.entries.values())

    @property
    def known(self) -> dict[str, Entry]:
        """The records that hold and those that are pending, by id in the order of decisions."""
        return dict(sorted([*self.entries.items(), *((one.id, one) for one in self.pending)]))

    @property
    def moves(self) -> list[Entry]:
        """The records that moved production and hold, oldest first."""
        return [one for one in self.entries.values() if one.decision in MOVES]

    @property
    def newest_move(self) -> Entry | None:
        """The record that moved production last, pending or not."""
        return next((one for one in reversed(self.known.values()) if one.decision in MOVES), None)

    def before(self, decision: str) -> tuple[Link, ...]:
        """What the next record has to name; of two moves that are not signed yet, one knows of the other."""
        if decision not in MOVES or not self.pending:
            return self.heads
        named = {link.id for one in self.pending for link in one.before}
        found = (*self.heads, *(one.link for one in self.pending))
        return tuple(link for link in found if link.id not in named)

    def registered(self, version: int) -> list[Entry]:
        """The records that say that a version was registered; more than one would be a riddle."""
        return [
            one for one in self.entries.values() if (one.decision, one.version) == ("registered", version)
        ]
