"""The two pipelines as jobs: resolve what must be resolved once, run, read the record back."""

import sys
from uuid import uuid4

from slipway.base.errors import Inconclusive, Refused, SlipwayError
from slipway.base.provenance import now
from slipway.cli.console import Teller
from slipway.records.decision import DecisionRecord
from slipway.registry.versions import Registry
from slipway.runs import LocalRun, run_locally
from slipway.settings import Line
from slipway.stages.recover import staging
from slipway.stages.run import RunRef
from slipway.training.fit import Scope


def reference(line: Line, revision: str) -> RunRef:
    """Name a new run on the data of a revision."""
    from slipway.data.versions import fingerprint

    return RunRef(
        # The time first, by which `last_run` finds the newest; the rest tells two of one second apart.
        id=f"{now():%Y%m%d-%H%M%S}-{uuid4().hex[:6]}",
        system=line.system,
        size=line.size,
        revision=revision,
        fingerprint=fingerprint(line, revision),
    )


def train(line: Line, revision: str, scope: Scope, teller: Teller) -> DecisionRecord:
    """Run the training pipeline on the data of a revision; returns the record of registration or refusal."""
    champion = live(line, teller)
    for done in staging(Registry(line)):
        teller.line(done)
    # Resolved once, here: every task of the run then speaks of the same data and champion.
    run = reference(line, revision)
    arguments = {"run": run.model_dump(), "champion": champion, "scope": scope}
    _run(line, "training", arguments, teller)
    return record_of(line, run.id)


def rollout(line: Line, revision: str, version: int, teller: Teller) -> DecisionRecord:
    """Run the rollout pipeline for one version; returns the record of the decision."""
    # Before anything is packaged; the stages that need it ask again.
    line.card.depends_on_answer()
    stable = live(line, teller)
    Registry(line).require_signed()  # before anything is packaged, too
    if version == stable:
        # guard canary.another_version
        raise Refused(f"version {version} is in production already; there is nothing to compare it with")
    run = reference(line, revision)
    arguments = {"run": run.model_dump(), "version": version, "stable": stable}
    _run(line, "rollout", arguments, teller)
    return record_of(line, run.id)


def live(line: Line, teller: Teller) -> int:
    """The version in production, resolved once, after a killed move was settled; 0 if there is none.

    Raises:
        Refused: the records do not explain it.
    """
    from slipway.stages.move import recover

    if done := recover(line):
        teller.line(done)
    return Registry(line).explained("production") or 0


def _run(line: Line, name: str, arguments: dict[str, object], teller: Teller) -> LocalRun:
    from importlib import import_module

    if str(line.project.root) not in sys.path:
        # `pipelines` lies in the project, and an installed slipway does not know where that is.
        sys.path.insert(0, str(line.project.root))
    pipeline = getattr(import_module(f"pipelines.{name}"), name)

    def tell(kind: str, text: str) -> None:
        if kind == "task":
            teller.task(name, text)
        else:
            teller.line(text)

    with teller.doing(f"{name} pipeline"):
        return run_locally(line.project, pipeline, arguments, tell)


def record_of(line: Line, run: str) -> DecisionRecord:
    """The last decision record of a run."""
    found = Registry(line).records(run)
    if not found:
        raise SlipwayError(f"run {run} kept no record; its log is .slipway/runs/{run}.log")
    return found[-1]


def raise_for(record: DecisionRecord) -> None:
    """Turn a decision into the exit status of its command.

    Raises:
        Refused: a gate, a guardrail or a rule decided against the version.
        Inconclusive: the evidence sufficed neither way.
    """
    if record.decision in ("refused", "abort"):
        raise Refused(f"production did not move: {record.reason}")  # guard command.refused
    if record.decision == "inconclusive":
        raise Inconclusive(f"the evidence did not suffice: {record.reason}")  # guard command.inconclusive
