"""Withdraw a canary that did not earn promotion."""

from pathlib import Path

from slipway.base.failure import failure_kept
from slipway.records.decision import Decision
from slipway.registry.versions import Registry
from slipway.stages.canary import read_canary, reason
from slipway.stages.promote import canary_fields
from slipway.stages.record import keep, new_record
from slipway.stages.run import RunRef, project, say


@failure_kept()
def abort(
    run: RunRef, version: int, stable: int, bento: str, data: Path, smoked: Path, evidence: Path, report: Path
) -> None:
    """Keep the record and drop the alias `canary`, unless policy holds it; production does not move."""
    registry, found = Registry(run.line(project())), read_canary(evidence)
    undecided = found.verdict.outcome == "inconclusive"
    held = undecided and registry.line.card.rollout.on_inconclusive == "hold"
    if not held and registry.resolve("canary") == version:  # another rollout may have begun meanwhile
        registry.point("canary", None)  # guard canary.withdrawn
    known = canary_fields(registry, version, stable, bento, smoked, found)
    decision: Decision = "inconclusive" if undecided else "abort"
    keep(registry, new_record(run, registry, "rollout", decision, reason(found), **known), data, report)
    say(f"version {version} does not go to production")
