"""Promote a version that its canary's evidence favours."""

from pathlib import Path

from slipway.base.failure import failure_kept
from slipway.records.canary import CanaryEvidence
from slipway.registry.versions import Registry
from slipway.stages.canary import read_canary, reason
from slipway.stages.move import move
from slipway.stages.record import new_record, of_version
from slipway.stages.run import RunRef, project
from slipway.stages.smoke import read_checks


@failure_kept()
def promote(
    run: RunRef, version: int, stable: int, bento: str, data: Path, smoked: Path, evidence: Path, report: Path
) -> None:
    """Move production from `stable` to `version`."""
    registry, found = Registry(run.line(project())), read_canary(evidence)
    known = canary_fields(registry, version, stable, bento, smoked, found)
    record = new_record(run, registry, "rollout", "promote", reason(found), **known)
    move(run, "rollout", record, data, report)


def canary_fields(
    registry: Registry, version: int, stable: int, bento: str, smoked: Path, found: CanaryEvidence
) -> dict[str, object]:
    """What a canary's end knows, as fields of a record."""
    known = of_version(registry, version)
    checks = [*known["checks"], *read_checks(smoked), *found.verdict.checks]
    return known | {"replaced": stable, "bento": bento, "canary": found, "checks": checks}
