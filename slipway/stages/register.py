"""Register a candidate that the gate let through."""

from dataclasses import replace
from pathlib import Path

from slipway.base.digest import sha256
from slipway.base.errors import Refused
from slipway.base.failure import failure_kept
from slipway.evaluation.gate import decide
from slipway.records.checks import Check
from slipway.records.evidence import Evidence, Twin
from slipway.registry.holdouts import Holdouts
from slipway.registry.versions import Registry
from slipway.stages.evaluate import read_evidence, trained, twin
from slipway.stages.record import Checked, Known, keep, new_record, refusals_kept
from slipway.stages.run import RunRef, project, say
from slipway.stages.train import CANDIDATE
from slipway.version.manifest import MANIFEST, verify

UNBOUND = (
    "; no target of project.yaml moves its other aliases, so nothing here rolls it out: name it to "
    "release.yml, or bind one (targets)"
)


@failure_kept()
def register(
    run: RunRef, *, data: Path, models: Path, evidence: Path, summary: Path, docs: Path, report: Path
) -> int:
    """Register the candidate and, once its record is kept, point `staging` at it; returns its number.

    The gate decides again, and the evidence must be about this model, this data and the live version: whoever
    calls this cannot register what was refused, or what was never measured.

    Raises:
        Refused: one of these does not hold; nothing was registered.
    """
    line = run.line(project())
    card, found, registry = line.card, read_evidence(evidence), Registry(line)
    candidate, checked = models / CANDIDATE, Checked(summary, docs)
    with refusals_kept(run, "training", checked=checked):
        trained(line, candidate)  # guard register.committed
        live = registry.explained("production")
        checks = decide(found, card.task, card.gate, card.problem.p99_latency_ms).checks
        digest = sha256(candidate / MANIFEST)
        place, same = Holdouts(line).place(run.fingerprint, digest), twin(line, run, digest, live)
        about = about_this(found, run, digest, live, place, same)
        if failed := [str(check) for check in (*checks, *about) if check.refuses]:
            raise Refused(f"not registered: {'; '.join(failed)}")  # guard register.decides_again
    known = replace(of_candidate(found, candidate, checked), checks=[*checks, *about], replaced=live)
    record = new_record(run, registry, "training", "registered", "no check of the gate refuses it", known)
    # Before its record, which names the number; a version without one is never rolled out.
    number = registry.register(record.run or "", candidate)
    made = verify(candidate)
    keep(registry, record.model_copy(update={"version": number}), data, report, checked, trained=made)
    registry.point("staging", number)
    say(f"version {number} is staged in {registry.where}{'' if line.project.target else UNBOUND}")
    return number


def about_this(
    found: Evidence, run: RunRef, digest: str, live: int | None, place: int | None, same: Twin | None = None
) -> list[Check]:
    """Whether evidence is about the run, the model and the champion that it is used for.

    Args:
        digest: of the version to be registered.
        live: the version in production now.
        place: of the version among the candidates that the registry has counted on this holdout.
        same: the version that has its bits already.
    """
    champion = None if found.champion is None else found.champion.version
    return [
        _check("evidence.system", found.system, run.system),
        _check("evidence.candidate", found.candidate.digest, digest),
        _check("evidence.data", found.holdout.fingerprint, run.fingerprint),
        _check("evidence.champion", champion, live),
        _check("evidence.twin", found.twin, same),
        # Who was never compared with a champion pays for nothing.
        _check("evidence.use", found.use and found.use.place, None if champion is None else place),
    ]


def _check(code: str, seen: object, due: object) -> Check:
    return Check(code=code, passed=seen == due, found=str(seen), allowed=str(due))


def of_candidate(found: Evidence, candidate: Path, checked: Checked) -> Known:
    """What a training run knows of its candidate."""
    return Known(
        version_digest=found.candidate.digest,
        code_digest=verify(candidate).code.digest,
        data_checks=checked.summarised(),
        evaluation=found,
    )
