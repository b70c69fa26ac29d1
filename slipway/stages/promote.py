"""Promote a version that its canary's evidence favours."""

from dataclasses import replace
from pathlib import Path

from slipway.base.failure import failure_kept
from slipway.records.canary import CanaryEvidence
from slipway.records.checks import Check
from slipway.registry.versions import Registry
from slipway.stages.canary import read_canary, reason
from slipway.stages.move import move
from slipway.stages.record import Known, new_record, of_version
from slipway.stages.run import RunRef, project
from slipway.stages.smoke import read_checks


@failure_kept()
def promote(
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
    """Move production from `stable` to `version`.

    Raises:
        Refused: the canary did not win, a check failed, or production has moved since.
    """
    registry, found = Registry(run.line(project())), read_canary(evidence)
    known = after_canary(of_version(registry, version), read_checks(smoked), found)
    known = replace(known, replaced=stable, bento=bento)
    record = new_record(run, registry, "rollout", "promote", reason(found), known)
    move(run, "rollout", record, data, report)


def after_canary(known: Known, smoked: list[Check], found: CanaryEvidence) -> Known:
    """What is known of a version once its canary has ended."""
    return replace(known, canary=found, checks=[*known.checks, *smoked, *found.verdict.checks])
