"""Keep the record of a candidate that the gate refused."""

from dataclasses import replace
from pathlib import Path

from slipway.base.failure import failure_kept
from slipway.evaluation.gate import decide
from slipway.registry.versions import Registry
from slipway.stages.evaluate import read_evidence
from slipway.stages.record import Checked, keep, new_record
from slipway.stages.register import of_candidate
from slipway.stages.run import RunRef, project, say
from slipway.stages.train import CANDIDATE
from slipway.version.manifest import verify


@failure_kept()
def refuse(
    run: RunRef, *, data: Path, models: Path, evidence: Path, summary: Path, docs: Path, report: Path
) -> None:
    """Write down what was measured and why it did not suffice; nothing is registered."""
    line = run.line(project())
    found, registry = read_evidence(evidence), Registry(line)
    # The gate's task hands on one word; the same pure function gives its checks again.
    verdict = decide(found, line.card.task, line.card.gate, line.card.problem.p99_latency_ms)
    reason = "; ".join(str(check) for check in verdict.failures[:3]) or "the pipeline refused it"
    checked = Checked(summary, docs)
    known = of_candidate(found, models / CANDIDATE, checked)
    known = replace(known, checks=verdict.checks, replaced=registry.resolve("production"))
    record = new_record(run, registry, "training", "refused", reason, known)
    keep(registry, record, data, report, checked, trained=verify(models / CANDIDATE))
    say("nothing was registered")
