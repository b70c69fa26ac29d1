"""Judge a canary by its evidence."""

from pathlib import Path

from slipway.base.failure import failure_kept
from slipway.stages.canary import read_canary
from slipway.stages.run import RunRef, project, say


@failure_kept()
def judge(run: RunRef, evidence: Path) -> str:
    """The canary's verdict: `promote`, `abort` or `inconclusive`."""
    verdict = read_canary(evidence).verdict
    for check in verdict.checks:
        if not check.passed:
            say(str(check))
    say(f"canary of {run.line(project()).name}: {verdict.outcome}")
    return verdict.outcome
