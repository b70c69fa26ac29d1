"""Moving `production`: who may, in which order, and what a restart makes of a half-done move.

The order is: write the intent, shift traffic, verify it, set `previous`, set `production`, keep the record,
drop the intent. Traffic is the fact and aliases follow: a restart that finds an intent asks the traffic which
side it is on.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any, Literal

from slipway.base.documents import Document, parse
from slipway.base.errors import Refused, SlipwayError
from slipway.records.checks import Check
from slipway.records.decision import DecisionRecord
from slipway.records.explained import lived
from slipway.registry.model_version import ModelVersion
from slipway.registry.turns import bind
from slipway.registry.turns.turn import Outlived, Turn, Turns
from slipway.registry.versions import Registry
from slipway.rollout.target import Deployed, Placement

UNREADABLE = "bring it back, or move it away: `slipway recover` then goes by the records"
"""Advice about an intent that cannot be read."""


class Intent(Document):
    """A move of `production` that has begun."""

    schema_version: Literal[1, 2, 3] = 3
    record: DecisionRecord

    @classmethod
    def renewed(cls, content: dict[str, Any]) -> dict[str, Any]:
        """Earlier versions held a record of that version."""
        if content.get("schema_version") not in (1, 2):
            return content
        return content | {"schema_version": 3, "record": DecisionRecord.renewed(content["record"])}


def permitted(
    record: DecisionRecord,
    version: ModelVersion,
    live: ModelVersion | None,
    answering: int | None,
    before: Mapping[int, str] = MappingProxyType({}),
) -> list[Check]:
    """The rules of the three ways in which `production` moves, each as a check.

    Args:
        record: the decision about to be carried out.
        version: the version it would put into production.
        live: what the alias points at now.
        answering: what traffic is answered by now; asked for where the alias says that nothing is live.
        before: the digests of the versions that were ever in production, by number.
    """
    digest, production = record.version_digest or "", None if live is None else live.number
    failed = [check.code for check in record.checks if check.refuses]
    checks = [
        _rule(
            "production.unmoved",
            production == record.replaced,
            f"production is {_named(production)}",
            f"{_named(record.replaced)}, as when this began",
        ),
        # A rollback between two numbers of the same bits would bar both, and stop half-way.
        _rule(
            "version.new",
            live is None or version.digest != live.digest,
            _named(version.number),
            "not the live one, nor its bits under another number",
        ),
        _rule("version.not_barred", version.barred is None, version.barred or "not barred", "not barred"),
        _rule("version.digest", version.digest == digest, version.digest[:12], f"{digest[:12]}, as judged"),
    ]
    if record.decision == "first":
        nothing = production is None and answering is None
        checks.append(_rule("first.nothing_live", nothing, _named(answering or production), "nothing live"))
    elif record.decision == "promote":
        checks.append(_earned(record))
    elif record.decision == "rollback":
        # What was never live has to earn it: a rollback is no way round the canary.
        was = "previous" in version.aliases or before.get(version.number) == version.digest
        found = ", ".join(version.aliases) or "no alias, and never in production"
        checks.append(_rule("rollback.previous", was, found, "previous, or in production before"))
        checks.append(_rule("rollback.reason", bool(record.reason.strip()), repr(record.reason), "a reason"))
    else:
        checks.append(_rule("decision.moves", False, record.decision, "first, promote or rollback"))
    if record.decision in ("first", "promote"):
        checks.append(_rule("checks.passed", not failed, ", ".join(failed) or "all", "all"))
    return checks


def _earned(record: DecisionRecord) -> Check:
    canary = record.canary
    found = "no canary" if canary is None else f"canary of {canary.canary}: {canary.verdict.outcome}"
    earned = (
        canary is not None
        and canary.verdict.outcome == "promote"
        and (canary.canary, canary.stable) == (record.version, record.replaced)
        and (canary.shadow is None or canary.shadow.verdict.outcome == "pass")
    )
    return _rule(
        "promote.earned", earned, found, f"a canary of {record.version} against {record.replaced} that won"
    )


def _rule(code: str, passed: bool, found: str, allowed: str) -> Check:
    return Check(code=code, passed=passed, found=found, allowed=allowed)


def _named(version: int | None) -> str:
    return "nothing" if version is None else f"version {version}"


class Promoter:
    """Moves `production` of one line, one at a time wherever its registry is used."""

    def __init__(
        self,
        registry: Registry,
        placement: Placement,
        keep: Callable[[DecisionRecord], None],
        turns: Turns | None = None,
    ) -> None:
        """Take what a move needs.

        Args:
            keep: writes the record of a move that was carried out; may be called again after a kill.
            turns: who may move it and when, by default as the registry has it.
        """
        self.registry, self.placement, self.keep = registry, placement, keep
        self.turns = turns or bind(registry.line)

    def move(self, record: DecisionRecord) -> None:
        """Carry out a decision that moves `production`.

        Raises:
            Refused: a rule forbids it, or somebody else is moving it; nothing was changed. Or another process
                took the turn while this one was stopped: what that one left is in place.
            SlipwayError: the traffic could not be shifted, or did not follow and was sent back.
        """
        try:
            with self.turns.taken() as turn:
                self._recover(turn)
                self._move(turn, record)
        except Outlived as error:
            if self._give_way() != record:
                raise Refused(f"{error}; what it left was put back") from error  # guard promote.outlived

    def recover(self) -> str | None:
        """Finish or drop what a killed promoter left; returns what was done, None if there was nothing.

        Raises:
            SlipwayError: traffic is on neither side of it.
        """
        with self.turns.taken() as turn:
            return self._recover(turn)

    def _move(self, turn: Turn, record: DecisionRecord) -> None:
        version, production = self.registry.get(_required(record)), self.registry.resolve("production")
        live = None if production is None else self.registry.get(production)
        answering = self.placement.answering() if production is None else production
        been = lived(self.registry.chain()) if record.decision == "rollback" else {}
        checks = permitted(record, version, live, answering, been)
        if failed := [str(check) for check in checks if not check.passed]:
            raise Refused("; ".join(failed))  # guard promote.earned
        if record.decision != "rollback":
            self.registry.require_signed()
        turn.begin(_text(record))
        try:
            self.placement.shift(Deployed(number=version.number, digest=version.digest))
        # Any other end, such as a kill, leaves the intent: `_recover` then asks where the traffic is.
        except SlipwayError:
            turn.end(None)
            raise
        answering = self.placement.answering()
        if answering != version.number:
            # The intent goes last, so that a kill before it is recovered from.
            self.placement.restore()
            turn.end(None)
            # guard traffic.follows
            raise SlipwayError(f"{self.registry.name}: {_named(answering)} answers, not {version.number}")
        # From here on whoever takes the turn finds the traffic moved, and finishes this.
        turn.require()
        self._settle(turn, record)

    def _recover(self, turn: Turn) -> str | None:
        if turn.left.begun is None:
            return self._undo_late(turn)
        record = _read(turn.left.begun, turn.place)
        begun, answering = f"a {record.decision} of version {record.version}", self.placement.answering()
        if answering == record.version:
            self._settle(turn, record)
            return f"{begun} had moved traffic and was finished"
        if answering == record.replaced:
            turn.end(None)
            return f"{begun} had not moved traffic and was dropped"
        raise SlipwayError(
            f"{begun} was begun over {_named(record.replaced)}, but {_named(answering)} answers; "
            f"send traffic to one of them, or delete {turn.place} to leave it as it is"
        )  # guard recovery.one_side

    def _settle(self, turn: Turn, record: DecisionRecord, answered: bool = False) -> None:
        """From verified traffic to a complete record; every step may be repeated."""
        if record.decision == "rollback" and record.replaced is not None:
            self.registry.bar(record.replaced, record.reason)
            self.registry.unstage_barred()
        elif record.replaced is not None:
            self.registry.point("previous", record.replaced)
        self.registry.point("production", _required(record))
        # What was live before this version is not known: a rollback leads one step back, and no further.
        if record.decision == "rollback":
            self.registry.point("previous", None)
        self.registry.point("canary", None)
        self.keep(record)
        turn.end(_text(record), answered, self.registry.to_be_signed(record.id))

    def _give_way(self) -> DecisionRecord | None:
        """Put back what was settled last, over what this process wrote after its turn; None is nothing."""
        with self.turns.taken(wait=True) as turn:
            self._recover(turn)
            return self._restate(turn)

    def _restate(self, turn: Turn) -> DecisionRecord | None:
        if turn.left.settled is None:
            # No alias was written: whoever takes a turn finishes what has moved traffic.
            with suppress(SlipwayError):  # nor was any traffic moved
                self.placement.restore()
            turn.end(None, answered=True)
            return None
        last = _read(turn.left.settled, turn.place)
        if self.placement.answering() != last.version:
            self.placement.shift(Deployed(number=_required(last), digest=last.version_digest))
        self._settle(turn, last, answered=True)
        return last

    def _undo_late(self, turn: Turn) -> str | None:
        """Somebody who outlived their turn may have moved aliases and then been killed.

        An alias that is neither as it was settled nor as they would have it was moved by hand, and is left.
        """
        if turn.left.outlived is None or turn.left.settled is None:
            return None
        late, due = _read(turn.left.outlived, turn.place), _read(turn.left.settled, turn.place)
        found = self.registry.resolve("production"), self.registry.resolve("previous")
        if found == _points(due) or any(
            one not in those for one, *those in zip(found, _points(late), _points(due), strict=True)
        ):
            return None
        self._restate(turn)
        return f"a {late.decision} of version {late.version} had outlived its turn and was undone"


def _points(record: DecisionRecord) -> tuple[int | None, int | None]:
    """The versions that `production` and `previous` point at after a move."""
    return record.version, None if record.decision == "rollback" else record.replaced


def _text(record: DecisionRecord) -> str:
    return Intent(record=record).model_dump_json(indent=2)


def _read(text: str, place: str) -> DecisionRecord:
    return parse(text.encode(), Intent, place, UNREADABLE).record


def _required(record: DecisionRecord) -> int:
    if record.version is None:
        raise Refused(f"record {record.id} names no version")  # guard promote.version
    return record.version
