"""Judge a canary by its evidence."""

from pathlib import Path

from slipway.settings.project import line
from slipway.stages.canary import read_canary
from slipway.stages.run import RunRef, say


def judge(run: RunRef, evidence: Path) -> str:
    """The canary's verdict: `promote`, `abort` or `inconclusive`."""
    verdict = read_canary(evidence).verdict
    for check in verdict.checks:
        if not check.passed:
            say(str(check))
    say(f"canary of {line(run.system, run.size)}: {verdict.outcome}")
    return verdict.outcome
