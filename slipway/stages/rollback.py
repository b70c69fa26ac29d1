"""Move production back to the previous version: one command, a reason required."""

from dataclasses import replace
from uuid import uuid4

from slipway.base.errors import Refused
from slipway.base.provenance import who
from slipway.records.decision import DecisionRecord
from slipway.registry.versions import Registry
from slipway.settings import Line
from slipway.stages.move import move, recover
from slipway.stages.package import package
from slipway.stages.record import new_record, of_version
from slipway.stages.run import RunRef


def roll_back(line: Line, reason: str) -> DecisionRecord:
    """Put `previous` into production, verify its traffic, and bar the version that was live.

    A canary that is under way is asked to stop, and waited for; its rollout ends as aborted.

    Raises:
        Refused: there is nothing to go back to, no reason, or somebody moved an alias by hand.
    """
    if not reason.strip():
        raise Refused("a rollback needs a reason")  # guard rollback.reason_given
    stop = f"{who()} rolls back: {reason}"
    # Only once a half-done move is settled is it known which version is live.
    recover(line, stop)
    registry = Registry(line)
    chain = registry.require_intact()
    bad, good = registry.explained("production", chain), registry.explained("previous", chain)
    if bad is None or good is None:
        # guard rollback.target
        raise Refused(f"{registry.name}: production is {bad}, previous is {good}; a rollback needs both")
    trained = registry.training_record(good, chain)
    # Nothing is measured anew: the run names the data that the version was trained on.
    run = RunRef(
        id=f"rollback-{uuid4().hex[:8]}",
        system=line.system,
        size=line.size,
        revision=trained.revision,
        fingerprint=trained.data_fingerprint,
    )
    known = replace(of_version(registry, good), replaced=bad, bento=package(run, good))
    record = new_record(run, registry, "rollback", "rollback", reason, known)
    move(run, "rollback", record, None, None, stop)
    return record
