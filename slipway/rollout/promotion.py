"""Moving `production`: who may, in which order, and what a restart makes of a half-done move.

The order is: write the intent, shift traffic, verify it, set `previous`, set `production`, keep the record,
drop the intent. Traffic is the fact and aliases follow: a restart that finds an intent asks the traffic which
side it is on.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, Literal

from filelock import FileLock, Timeout

from slipway.base.atomic import write_text
from slipway.base.documents import Document, read
from slipway.base.errors import Refused, SlipwayError
from slipway.records.checks import Check
from slipway.records.decision import DecisionRecord
from slipway.records.explained import lived
from slipway.registry.versions import ModelVersion, Registry
from slipway.rollout.target import Deployed, Placement

UNREADABLE = "delete it if `slipway status` finds that aliases and traffic agree, else bring it back"
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
    """Moves `production` of one line, one at a time on this machine."""

    def __init__(
        self, registry: Registry, placement: Placement, keep: Callable[[DecisionRecord], None]
    ) -> None:
        """Take what a move needs.

        Args:
            keep: writes the record of a move that was carried out; may be called again after a kill.
        """
        self.registry, self.placement, self.keep = registry, placement, keep
        self.intent, self.lock = registry.line.intent, registry.line.lock

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the lock of this line; it is freed by the operating system when its holder dies."""
        self.lock.parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.lock, timeout=0):
                yield
        except Timeout as error:
            raise Refused(
                f"another process is moving production of {self.registry.name}; try again later"
            ) from error  # guard promote.alone

    def move(self, record: DecisionRecord) -> None:
        """Carry out a decision that moves `production`.

        Raises:
            Refused: a rule forbids it; nothing was changed.
            SlipwayError: the traffic could not be shifted, or did not follow and was sent back.
        """
        with self.alone():
            self._recover()
            version, production = self.registry.get(_required(record)), self.registry.resolve("production")
            live = None if production is None else self.registry.get(production)
            answering = self.placement.answering() if production is None else production
            been = lived(self.registry.chain()) if record.decision == "rollback" else {}
            checks = permitted(record, version, live, answering, been)
            if failed := [str(check) for check in checks if not check.passed]:
                raise Refused("; ".join(failed))  # guard promote.earned
            write_text(self.intent, Intent(record=record).model_dump_json(indent=2))
            try:
                self.placement.shift(Deployed(number=version.number, digest=version.digest))
            # Any other end, such as a kill, leaves the intent: `_recover` then asks where the traffic is.
            except SlipwayError:
                self.intent.unlink()
                raise
            answering = self.placement.answering()
            if answering != version.number:
                # The intent goes last, so that a kill before it is recovered from.
                self.placement.restore()
                self.intent.unlink()
                # guard traffic.follows
                raise SlipwayError(f"{self.registry.name}: {_named(answering)} answers, not {version.number}")
            self._settle(record)

    def recover(self) -> str | None:
        """Finish or drop what a killed promoter left; returns what was done, None if there was nothing.

        Raises:
            SlipwayError: traffic is on neither side of it.
        """
        with self.alone():
            return self._recover()

    def _recover(self) -> str | None:
        if not self.intent.is_file():
            return None
        record = read(self.intent, Intent, UNREADABLE).record
        begun, answering = f"a {record.decision} of version {record.version}", self.placement.answering()
        if answering == record.version:
            self._settle(record)
            return f"{begun} had moved traffic and was finished"
        if answering == record.replaced:
            self.intent.unlink()
            return f"{begun} had not moved traffic and was dropped"
        raise SlipwayError(
            f"{begun} was begun over {_named(record.replaced)}, but {_named(answering)} answers; "
            f"send traffic to one of them, or delete {self.intent} to leave it as it is"
        )  # guard recovery.one_side

    def _settle(self, record: DecisionRecord) -> None:
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
        self.intent.unlink()


def _required(record: DecisionRecord) -> int:
    if record.version is None:
        raise Refused(f"record {record.id} names no version")  # guard promote.version
    return record.version
