"""Withdraw a canary that did not earn promotion."""

from dataclasses import replace
from pathlib import Path

from slipway.base.failure import failure_kept
from slipway.records.decision import Decision
from slipway.registry.versions import Registry
from slipway.stages.canary import read_canary, reason
from slipway.stages.promote import after_canary
from slipway.stages.record import keep, new_record, of_version
from slipway.stages.run import RunRef, project, say
from slipway.stages.smoke import read_checks


@failure_kept()
def abort(
    run: RunRef,
    *,
    version: int,
    stable: int,
    bento: str,
    data: Path,
    smoked: Path,
    evidence: Path,
    report: Path,
) -> None:
    """Keep the record and drop the alias `canary`, unless policy holds it; production does not move."""
    registry, found = Registry(run.line(project())), read_canary(evidence)
    undecided = found.verdict.outcome == "inconclusive"
    held = undecided and registry.line.card.rollout.on_inconclusive == "hold"
    if not held and registry.resolve("canary") == version:  # another rollout may have begun meanwhile
        registry.point("canary", None)  # guard canary.withdrawn
    known = after_canary(of_version(registry, version), read_checks(smoked), found)
    # Of an abort, `replaced` is the version that stays in production.
    known = replace(known, replaced=stable, bento=bento)
    decision: Decision = "inconclusive" if undecided else "abort"
    keep(registry, new_record(run, registry, "rollout", decision, reason(found), known), data, report)
    say(f"version {version} does not go to production")
