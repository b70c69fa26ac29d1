"""Let a candidate through, or not."""

from pathlib import Path

from slipway.base.failure import failure_kept
from slipway.evaluation.gate import decide
from slipway.records.checks import ways_out
from slipway.stages.evaluate import read_evidence
from slipway.stages.run import RunRef, project, say


@failure_kept()
def gate(run: RunRef, evidence: Path) -> str:
    """Hold the evidence against the card: `pass` where no check refuses, else `refuse`."""
    card = run.line(project()).card
    verdict = decide(read_evidence(evidence), card.task, card.gate, card.problem.p99_latency_ms)
    for check in verdict.failures:
        say(f"refused: {check}")
    for word, text in ways_out(verdict.failures):
        say(f"{word.lower()}: {text}")
    told = sum(check.optional for check in verdict.checks)
    freely = f", {told} slices are too small to be shown" if told else ""
    passed = sum(check.passed for check in verdict.checks)
    say(f"gate: {passed} of {len(verdict.checks)} checks passed{freely}")
    return "pass" if verdict.passed else "refuse"
