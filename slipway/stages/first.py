"""Put the first version into production."""

from dataclasses import replace
from pathlib import Path

from slipway.base.failure import failure_kept
from slipway.registry.versions import Registry
from slipway.stages.move import move
from slipway.stages.record import new_record, of_version
from slipway.stages.run import RunRef, project
from slipway.stages.smoke import read_checks

REASON = "nothing was live; the gate's absolute bounds and the smoke test passed"


@failure_kept()
def first(run: RunRef, *, version: int, bento: str, data: Path, smoked: Path, report: Path) -> None:
    """Deploy a version where nothing is live.

    Raises:
        Refused: a version is live already, or a check of this one failed.
    """
    registry = Registry(run.line(project()))
    known = of_version(registry, version)
    known = replace(known, bento=bento, checks=[*known.checks, *read_checks(smoked)])
    move(run, "rollout", new_record(run, registry, "rollout", "first", REASON, known), data, report)
