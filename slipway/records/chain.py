"""Whether the decision records of a line are those that were kept: a pure function of what lies there.

Every record has a seal, which is signed and names the records before it, like a commit of Git its parents:
writers that know nothing of each other make two branches, and the next record joins them. Records from before
there were seals are where the chain begins: the first seal names them all, each by its digest.
What nobody has signed yet counts for nothing, but a move of production whose seal the lease names.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from itertools import pairwise
from typing import Any

from slipway.base.documents import parse
from slipway.base.errors import Refused, SlipwayError
from slipway.records.history import MOVES
from slipway.records.kept import ADDED, Break, Chain, Entry, Kept, Kind
from slipway.records.seal import Link, Seal, hexdigest


@dataclass
class _Findings:
    entries: dict[str, Entry] = field(default_factory=dict)
    unsealed: list[Kept] = field(default_factory=list)
    waiting: list[Entry] = field(default_factory=list)
    forged: list[Entry] = field(default_factory=list)
    """With a signature that does not count, which anybody may have laid beside it."""
    pending: dict[str, Entry] = field(default_factory=dict)
    breaks: list[Break] = field(default_factory=list)
    sealed: set[tuple[str, str]] = field(default_factory=set)
    """Of a run, what somebody who counts signed and is not there any more."""

    def tell(self, kind: Kind, of: str, says: str) -> None:
        self.breaks.append(Break(kind, of, says))

    @property
    def lost(self) -> set[str]:
        return {one.of for one in self.breaks if one.kind not in ADDED}


def judge(
    kept: Sequence[Kept],
    line: str,
    signed_by: Callable[[bytes, str], str],
    seen: Sequence[Link] = (),
    ended: Mapping[str, str] | None = None,
    leased: Link | None = None,
) -> Chain:
    """Hold the records of a line against each other.

    Args:
        kept: all that lie there, in any order; what was cut off while it was written counts for nothing.
        line: the registered name of the line.
        signed_by: who signed these bytes with this signature; raises Refused where nobody who counts did.
        seen: the heads that were there when the chain was last looked at from here.
        ended: the record that a run's tag names, by run, of runs that ended after they had kept it.
        leased: the record that moved production last, as the lease of the line names it: whoever writes to
            the registry does not write there.
    """
    found = _Findings()
    for one in sorted(kept, key=lambda one: (one.id, one.run)):
        _take(found, one, line, signed_by)
    _take_pending(found, leased)
    pins = {link.id: (link, one) for one in found.entries.values() for link in one.before}
    _take_unsealed(found, pins, begun=bool(found.entries or seen))
    for link, by in pins.values():
        _hold(found, link, f"as record {by.id} names it", "missing")
    for link in seen:
        _hold(found, link, "as it was when this machine last looked", "cut")
    for link in [leased] if leased else []:
        _hold(found, link, "as the lease of the line names it", "cut")
    _hold_tags(found, kept, ended or {})
    _hold_moves(found)
    entries = dict(sorted(found.entries.items()))
    named = {link.id for one in entries.values() for link in one.before}
    heads = [one.link for one in entries.values() if one.id not in named]
    # Named though it is gone: then its loss is told everywhere, and not on this machine alone.
    heads += [link for link in seen if link.id not in entries and link.id not in named]
    known = {key for one in entries.values() for key in one.accepts}
    return Chain(
        entries=entries,
        heads=tuple(heads),
        breaks=tuple(one for one in found.breaks if one.key not in known),
        accepted=tuple(one for one in found.breaks if one.key in known),
        waiting=tuple(found.waiting),
        pending=tuple(sorted(found.pending.values(), key=lambda one: one.id)),
    )


def _take(found: _Findings, one: Kept, line: str, signed_by: Callable[[bytes, str], str]) -> None:
    """Take a record with its seal, or say what is wrong with it."""
    if one.fault:
        found.tell("unsigned", one.id, f"in run {one.run}: {one.fault}")  # guard chain.readable
    if one.seal is None or _json(one.seal) is None:
        if _json(one.content) is not None:
            found.unsealed.append(one)
        return
    try:
        seal = parse(one.seal, Seal, f"in run {one.run}: its seal")
    except SlipwayError as error:
        found.tell("unsigned", one.id, str(error))  # guard chain.seal
        return
    place = (seal.line, seal.run, seal.id)
    if place != (line, one.run, one.id):
        elsewhere = f"{seal.id} in run {seal.run} of {seal.line}"
        # guard chain.place
        found.tell("forged", one.id, f"in run {one.run}: its seal is of {elsewhere}")
        return
    signer, signature = None, seal.signature or one.signature
    try:
        signer = signed_by(seal.statement(), signature) if signature else None
    except Refused as error:
        found.tell("forged", one.id, f"in run {one.run}: {error}")  # guard chain.signature
        if hexdigest(one.content) == seal.sha256:
            found.forged.append(_entry(one, seal, None))
        return
    if (content := hexdigest(one.content)) != seal.sha256:
        if signer is not None:
            found.sealed.add((one.run, one.id))
        if _json(one.content) is not None:
            # guard chain.changed
            found.tell("changed", one.id, f"in run {one.run}: {_differs(content, seal.sha256, signer)}")
        return
    entry = _entry(one, seal, signer)
    if signer is None:
        found.waiting.append(entry)
    else:
        found.entries[one.id] = entry


def _take_pending(found: _Findings, leased: Link | None) -> None:
    """Tell what nobody has signed, and take of it the moves that the lease or what holds names by their seal.

    A seal that is named so is whole, and so is what it says of the one before it.
    """
    links = [leased] if leased else []
    links += [link for one in found.entries.values() for link in one.before]
    named = {(link.id, link.sha256) for link in links}
    # The newest first, for each names the one before it.
    for one in sorted([*found.waiting, *found.forged], key=lambda one: one.id, reverse=True):
        if (one.id, one.sha256) in named and one.decision in MOVES:
            found.pending[one.id] = one
            named |= {(link.id, link.sha256) for link in one.before}
    for one in found.waiting:
        says = "nobody has signed its seal"
        if one.id in found.pending:
            says = "it moved production, and its seal waits to be signed; until then only a rollback follows"
        # guard chain.signed
        found.tell("unsigned", one.id, f"in run {one.kept.run}: {says}")


def _entry(one: Kept, seal: Seal, signer: str | None) -> Entry:
    return Entry(
        one,
        hexdigest(one.seal or b""),
        seal.decision,
        seal.version,
        seal.replaced,
        seal.digest,
        tuple(seal.before),
        tuple(seal.accepts),
        signer,
    )


def _differs(found: str, due: str, by: str | None) -> str:
    return f"sha256 {found[:12]}…, but {by or 'nobody'} signed {due[:12]}…"


def _take_unsealed(found: _Findings, pins: Mapping[str, tuple[Link, Entry]], begun: bool) -> None:
    """Records from before there were seals: those that a seal names, or all where there is none yet."""
    for one in found.unsealed:
        content, pin = _json(one.content) or {}, pins.get(one.id)
        if begun and pin is None:
            # guard chain.unsigned
            found.tell("unsigned", one.id, f"in run {one.run}: it has no seal, and no sealed one names it")
        elif one.id != content.get("id") or one.run != content.get("run"):
            elsewhere = f"{content.get('id')!s:.80} of run {content.get('run')!s:.80}"
            found.tell("forged", one.id, f"in run {one.run}: it says that it is {elsewhere}")
        else:
            found.entries[one.id] = Entry(
                one,
                hexdigest(one.content),
                str(content.get("decision")),
                _number(content.get("version")),
                _number(content.get("replaced")),
                str(content.get("version_digest")),
            )


def _hold(found: _Findings, link: Link, where: str, absent: Kind) -> None:
    """Hold what lies there against a name that somebody had for it."""
    entry = found.entries.get(link.id) or found.pending.get(link.id)
    if entry is None:
        if link.id not in found.lost:
            found.tell(absent, link.id, f"expected {link.sha256[:12]}…, {where}")  # guard chain.missing
    elif entry.sha256 != link.sha256:
        for places in (found.entries, found.pending):
            places.pop(link.id, None)
        # guard chain.replaced
        found.tell("changed", link.id, f"{entry.sha256[:12]}…, expected {link.sha256[:12]}…, {where}")


def _hold_tags(found: _Findings, kept: Sequence[Kept], ended: Mapping[str, str]) -> None:
    lost = found.lost
    gone = {(run, name) for run, name in ended.items() if name not in found.entries and name not in lost}
    there = {key for one in kept if (key := (one.run, one.id)) in gone and _json(one.content) is not None}
    for run, name in sorted(gone - there):
        if (run, name) in found.sealed:
            found.tell("missing", name, f"run {run} ended and its tag names it")  # guard chain.tag
        elif name not in {one.of for one in found.breaks}:
            # Anybody who can write can write a tag; what was kept has its seal there.
            # guard chain.tag_added
            found.tell("absent", name, f"run {run} ended and its tag names it, but no seal of it lies there")


def _hold_moves(found: _Findings) -> None:
    """Production moves under a lock, so of two moves one knows of the other."""
    moves = [one.id for one in found.entries.values() if one.decision in MOVES]
    # Of each record, the moves among those before it. What a lost one knew is taken to be all before it.
    known: dict[str, frozenset[str]] = {}
    for name in TopologicalSorter(
        {one.id: [link.id for link in one.before] for one in found.entries.values()}
    ).static_order():
        entry = found.entries.get(name)
        if entry is None:
            known[name] = frozenset(move for move in moves if move < name)
        else:
            own = {name} & set(moves)
            known[name] = frozenset(own).union(*(known[link.id] for link in entry.before))
    for one, other in pairwise(sorted(moves)):
        signed = found.entries[one].signer and found.entries[other].signer
        if signed and one not in known[other] and other not in known[one]:
            # guard chain.fork
            found.tell("fork", other, f"it moved production without knowing of {one}, which did so too")


def _json(content: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _number(found: object) -> int | None:
    return found if isinstance(found, int) else None
