"""Smoke-test a Bento, away from traffic."""

import tempfile
from pathlib import Path

from pydantic import TypeAdapter

from slipway.base.atomic import write_text
from slipway.base.errors import NotReady, Refused
from slipway.base.failure import failure_kept
from slipway.records.checks import Check
from slipway.registry.versions import Registry
from slipway.rollout.smoke import smoke_checks
from slipway.rollout.target import Deployed
from slipway.rollout.targets import bind
from slipway.stages.record import refusals_kept
from slipway.stages.run import RunRef, project, say

CHECKS = TypeAdapter(list[Check])


@failure_kept()
def smoke(run: RunRef, *, version: int, bento: str, checks: Path) -> None:
    """Serve the version away from traffic and hold it against its contract, its training and its budget.

    Raises:
        Refused: it does not get ready, or a check failed; it gets no traffic.
    """
    line = run.line(project())
    registry = Registry(line)
    with tempfile.TemporaryDirectory() as temporary, refusals_kept(run, "rollout", version):
        proven = registry.download(version, Path(temporary))
        deployed = Deployed(number=version, digest=proven.digest)
        try:
            with bind(line).placement.aside(deployed) as served:
                found = smoke_checks(line.card, served.url, proven.folder, version, served.headers)
        except NotReady as error:
            raise Refused(f"it never got ready: {error}") from error  # guard smoke.started
    # Before a refusal: the checks are kept either way.
    write_text(checks, CHECKS.dump_json(found, indent=2).decode())
    say(f"smoke: {sum(check.passed for check in found)} of {len(found)} checks passed")
    if failed := [str(check) for check in found if not check.passed]:
        with refusals_kept(run, "rollout", version):
            raise Refused(f"{bento} failed its smoke test: {'; '.join(failed)}")  # guard smoke.failed


def read_checks(path: Path) -> list[Check]:
    """Read what `smoke` wrote."""
    return CHECKS.validate_json(path.read_text(encoding="utf-8"))
