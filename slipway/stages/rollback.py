"""Move production back to the previous version: one command, a reason required."""

from dataclasses import replace
from uuid import uuid4

from slipway.base.errors import Refused
from slipway.base.provenance import who
from slipway.records.decision import DecisionRecord
from slipway.records.explained import lived
from slipway.records.kept import Chain
from slipway.registry.versions import Registry
from slipway.settings import Line
from slipway.stages.move import move, recover
from slipway.stages.package import package
from slipway.stages.record import new_record, of_version
from slipway.stages.run import RunRef


def roll_back(line: Line, reason: str, to: int | None = None) -> DecisionRecord:
    """Put `previous` or a version that was live before into production, verify it, and bar what was live.

    A canary that is under way is asked to stop, and waited for; its rollout ends as aborted.

    Args:
        to: the version to go back to; None is `previous`, which is not known after a rollback.

    Raises:
        Refused: there is nothing to go back to, no reason, or somebody moved an alias by hand.
        UsageError: there is no such version.
    """
    if not reason.strip():
        raise Refused("a rollback needs a reason")  # guard rollback.reason_given
    if to is not None:
        Registry(line).get(to)  # before anything begins: a wrong number is a wrong command line
    stop = f"{who()} rolls back: {reason}"
    # Only once a half-done move is settled is it known which version is live.
    recover(line, stop)
    registry = Registry(line)
    chain = registry.require_intact()
    bad = registry.explained("production", chain)
    good = registry.explained("previous", chain) if to is None else to
    if bad is None or good is None:
        others = ", ".join(map(str, _others(registry, chain, bad))) or "none"
        # guard rollback.target
        raise Refused(
            f"{registry.name}: production is {bad}, previous is {good}; a rollback needs both, or --to a "
            f"version that was in production before and is not barred: {others}"
        )
    # By what is signed: the last move may not be yet, and a rollback waits for no signature.
    if lived(chain).get(good) != registry.get(good).digest:
        raise Refused(
            f"{registry.name} version {good} was never in production; "
            f"`slipway rollout --version {good}` tries it"
        )  # guard rollback.lived
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


def _others(registry: Registry, chain: Chain, bad: int | None) -> list[int]:
    return [one for one in lived(chain) if one != bad and registry.get(one).barred is None]
