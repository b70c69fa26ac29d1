"""Tell the verdict of a canary, which stands in its evidence."""

from pathlib import Path

from slipway.base.failure import failure_kept
from slipway.stages.canary import read_canary
from slipway.stages.run import RunRef, project, say


@failure_kept()
def verdict(run: RunRef, evidence: Path) -> str:
    """The canary's verdict: `promote`, `abort` or `inconclusive`."""
    found = read_canary(evidence).verdict
    for check in found.checks:
        if not check.passed:
            say(str(check))
    say(f"canary of {run.line(project()).name}: {found.outcome}")
    return found.outcome
