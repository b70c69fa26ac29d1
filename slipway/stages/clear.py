"""Let a barred version be rolled out again: a decision like any other, with a record."""

from uuid import uuid4

from slipway.base.errors import Refused
from slipway.base.provenance import who
from slipway.records.explained import barred
from slipway.registry.versions import Registry
from slipway.settings import Line
from slipway.stages.record import Known, keep, new_record
from slipway.stages.run import RunRef


def clear(line: Line, version: int, reason: str) -> None:
    """Take the bar from a version, and from any with the same bits.

    Raises:
        Refused: no reason, it is not barred, or is not what was registered.
        UsageError: there is no such version.
    """
    if not reason.strip():
        raise Refused("clearing a version needs a reason")  # guard clear.reason_given
    registry = Registry(line)
    registry.require_movable()  # guard registry.embedded
    found, chain = registry.get(version), registry.require_intact()
    digest = registry.registered(found, chain).digest
    if found.digest != digest:
        raise Refused(
            f"{registry.name} version {version}: registered was {str(digest)[:12]}…, its tag says "
            f"{found.digest[:12]!r}: it was changed, so nothing is cleared; train anew"
        )  # guard clear.recorded
    if found.barred is None and digest not in barred(chain):
        raise Refused(f"{registry.name} version {version} is not barred")  # guard clear.barred
    known = Known(version=version, version_digest=digest, replaced=registry.resolve("production"))
    told = f"{who()} clears it: {reason}; it was barred: {found.barred or 'its bar was taken away'}"
    run = standing(line, "clear")
    # First the record: a kill before the bar is gone leaves a version that is barred, and may be cleared.
    keep(registry, new_record(run, registry, "clear", "cleared", told, known), None)
    registry.clear(version)


def standing(line: Line, what: str) -> RunRef:
    """A run of its own for a decision that is about no data."""
    return RunRef(
        id=f"{what}-{uuid4().hex[:8]}",
        system=line.system,
        size=line.size,
        revision="WORKSPACE",
        fingerprint="none",
    )
