"""The decision records that stages write, and the reports that go with them."""

import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from slipway.base.addresses import masked
from slipway.base.atomic import whole_file, write_text
from slipway.base.errors import Refused, SlipwayError
from slipway.base.provenance import Commit, commit, git, now, who
from slipway.records.canary import CanaryEvidence
from slipway.records.checks import Check
from slipway.records.decision import CheckSummary, Decision, DecisionRecord, record_id
from slipway.records.evidence import Evidence
from slipway.records.history import behind
from slipway.records.kept import Entry
from slipway.registry.shown import data_shown, figures, parameters, run_name
from slipway.registry.versions import Registry
from slipway.stages.run import RunRef, project, say
from slipway.version.manifest import Manifest

REPORT_FILE = "report.html"
DOCS_FILE = "data_docs/docs.html"
RESULT_FILE = "data_docs/result.json"
Kind = Literal["training", "rollout", "rollback", "clear", "accept"]


@dataclass(frozen=True)
class Checked:
    """The files that the stage `check` leaves.

    Attributes:
        summary: the result of every expectation, JSON.
        docs: Great Expectations' Data Docs as one page, HTML.
    """

    summary: Path
    docs: Path

    def summarised(self) -> CheckSummary:
        """How many expectations were evaluated, and which failed, as a record holds it."""
        from slipway.data.check import read_summary

        return read_summary(self.summary)


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a decision knows of the version that it is about, with the names of a record's fields."""

    version: int | None = None
    replaced: int | None = None
    version_digest: str | None = None
    code_digest: str | None = None
    bento: str | None = None
    checks: list[Check] = field(default_factory=list)
    data_checks: CheckSummary | None = None
    evaluation: Evidence | None = None
    canary: CanaryEvidence | None = None


def new_record(
    run: RunRef, registry: Registry, kind: Kind, decision: Decision, reason: str, known: Known
) -> DecisionRecord:
    """A record of a decision made now, by this code, in an MLflow run of its own."""
    at, tree = now(), commit(project().root)
    entries = registry.chain().known
    newest = max(entries, default=None)
    if newest is not None:
        _tell_clock(registry, entries[newest], at)
    return DecisionRecord(
        # After the newest one that holds, even if a clock was set back.
        id=record_id(at, run.id, newest),
        at=at,
        by=who(project().root),
        system=run.system,
        decision=decision,
        reason=reason,
        version=known.version,
        replaced=known.replaced,
        size=run.size,
        data_fingerprint=run.fingerprint,
        revision=run.revision,
        git_commit=tree.sha,
        git_clean=tree.clean,
        version_digest=known.version_digest,
        code_digest=known.code_digest,
        bento=known.bento,
        run=registry.start_run(kind, run.id, run.fingerprint, started(kind, tree, project().root)),
        checks=known.checks,
        data_checks=known.data_checks,
        evaluation=known.evaluation,
        canary=known.canary,
    )


def _tell_clock(registry: Registry, newest: Entry, at: datetime) -> None:
    """Said and no more: no clock keeps anybody from a rollback, and the order of decisions is certain."""
    with suppress(SlipwayError):  # a newer slipway wrote that one
        if said := behind(at, registry.read(newest)):
            print(f"warning: {said}", file=sys.stderr)


def of_version(registry: Registry, number: int) -> Known:
    """What the training record of a version says of it.

    Raises:
        SlipwayError: there is no such version.
        Refused: as for `Registry.training_record`.
    """
    trained = registry.training_record(number)
    return Known(
        version=number,
        version_digest=trained.version_digest,
        code_digest=trained.code_digest,
        checks=trained.checks,
        data_checks=trained.data_checks,
        evaluation=trained.evaluation,
    )


def _as_far_as_known(registry: Registry, number: int) -> Known:
    """What a refusal says of its version, which may have been refused for what its records say."""
    try:
        return of_version(registry, number)
    except SlipwayError:
        return Known(version=number, version_digest=registry.get(number).digest)


def keep(
    registry: Registry,
    record: DecisionRecord,
    data: Path | None,
    report: Path | None = None,
    checked: Checked | None = None,
    accepts: Sequence[str] = (),
    trained: Manifest | None = None,
) -> None:
    """Log what the run shows, the report and, last, the record that makes the decision count; end the run.

    Args:
        data: the split that the decision was made on, where it is at hand.
        report: where else to leave the report.
        checked: what this run's `check` left, where the decision is about its data.
        accepts: see `Registry.keep`.
        trained: of the model that this run trained.
    """
    run = record.run or ""
    _show(registry, record, data, trained)
    with tempfile.TemporaryDirectory() as temporary:
        page = Path(temporary) / REPORT_FILE
        write_text(page, _rendered(record, data, None if checked is None else DOCS_FILE))
        if checked is not None:
            registry.log_text(run, checked.summary, RESULT_FILE)
            registry.log_text(run, checked.docs, DOCS_FILE)
        if not registry.holds(record):  # else its report is there too, drawn with all that was at hand then
            registry.log_text(run, page, REPORT_FILE)
        registry.keep(record, Path(temporary), accepts)
        if report is not None:
            with whole_file(report) as aside:
                shutil.copyfile(page, aside)
    # Last: a name never says what no record does.
    registry.rename_run(run, run_name(record))
    registry.end_run(run)


def _show(registry: Registry, record: DecisionRecord, data: Path | None, trained: Manifest | None) -> None:
    """What MLflow shows of the run beside its record; the data where it was worked on."""
    run, card = record.run or "", project().card(record.system)
    notes = {"mlflow.note.content": registry.described(record)}
    registry.log(run, parameters(record, card, trained), figures(record), notes)
    if data is not None:
        from slipway.data.parts import read_manifest

        parts: dict[str, int] = {name: part.rows for name, part in read_manifest(data).parts.items()}
        context = "evaluation" if trained is None else "training"
        registry.log_data(run, data_shown(record, card, parts, context))


def started(kind: Kind, tree: Commit, root: Path) -> dict[str, str]:
    """Who began a run and on which code, by the tags that MLflow shows."""
    found = {
        "mlflow.user": who().partition("@")[0],
        "mlflow.source.name": f"slipway {kind}",
        "mlflow.source.type": "LOCAL",
        "mlflow.source.git.commit": tree.sha,
        "mlflow.source.git.branch": git(root, "branch", "--show-current"),
        "mlflow.source.git.repoURL": masked(git(root, "remote", "get-url", "origin") or ""),
        "mlflow.source.git.dirty": None if tree.sha is None else str(not tree.clean).lower(),
    }
    return {name: value for name, value in found.items() if value}


def _rendered(record: DecisionRecord, data: Path | None, docs: str | None) -> str:
    from slipway.data.parts import read_manifest
    from slipway.report import render

    split = None if data is None else read_manifest(data)
    return render(record, project().card(record.system), split, docs)


@contextmanager
def refusals_kept(
    run: RunRef, kind: Kind, version: int | None = None, checked: Checked | None = None
) -> Iterator[None]:
    """Write a record of a refusal that happens inside, before it ends the run.

    Args:
        checked: kept with the record and shown, if the files are there by then.
    """
    try:
        yield
    except Refused as error:
        registry = Registry(run.line(project()))
        known = Known() if version is None else _as_far_as_known(registry, version)
        if checked is not None and checked.summary.is_file():
            known = replace(known, data_checks=checked.summarised())
        else:
            # The check had not come so far: there are no files to keep.
            checked = None
        known = replace(known, replaced=registry.resolve("production"))
        record = new_record(run, registry, kind, "refused", str(error), known)
        keep(registry, record, None, checked=checked)
        if checked is not None:
            say(f"Data Docs: {registry.address(record.run or '', DOCS_FILE)}")
        raise
