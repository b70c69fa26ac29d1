"""Move production; the one way that `first`, `promote` and `rollback` take."""

from functools import partial
from pathlib import Path

from slipway.base.errors import SlipwayError
from slipway.records.decision import DecisionRecord
from slipway.registry import turns
from slipway.registry.versions import Registry
from slipway.rollout.promotion import Promoter
from slipway.rollout.targets import bind
from slipway.settings import Line
from slipway.stages.record import Kind, keep, refusals_kept
from slipway.stages.run import RunRef, project, say

MOVED = {"first": "FirstDeployed", "promote": "Promoted", "rollback": "RolledBack"}


def move(
    run: RunRef,
    kind: Kind,
    record: DecisionRecord,
    data: Path | None,
    report: Path | None,
    stop: str | None = None,
) -> None:
    """Carry out a record that moves production.

    Args:
        stop: why a canary that has the traffic must give it up; None to be refused where there is one.

    Raises:
        Refused: a rule forbids it; the refusal is kept in place of the record.
    """
    registry = Registry(run.line(project()))
    registry.require_movable()  # guard registry.embedded
    target, publish = bind(registry.line), partial(keep, registry, data=data, report=report)
    try:
        # A lease that somebody holds is a refusal as well, and gets its record.
        with refusals_kept(run, kind, record.version), target.lease.held(stop):
            Promoter(registry, target.placement, publish).move(record)
    except SlipwayError:
        # It was begun for a record that is not kept now.
        registry.end_run(record.run or "", "FAILED")
        if registry.resolve("canary") == record.version:  # its traffic is gone already
            registry.point("canary", None)
        raise
    target.announce(MOVED[record.decision], f"version {record.version} is in production: {record.reason}")
    say(f"version {record.version} is in production")


def recover(line: Line, stop: str | None = None) -> str | None:
    """Finish or drop a move that was killed; returns what was done, None if there was nothing to do.

    Args:
        stop: as for `move`.
    """
    # Before the registry is opened: mostly there is nothing to recover.
    if (left := turns.look(line)).begun is None and left.outlived is None:
        return None
    registry, target = Registry(line), bind(line)
    with target.lease.held(stop):
        return Promoter(registry, target.placement, partial(keep, registry, data=None)).recover()
