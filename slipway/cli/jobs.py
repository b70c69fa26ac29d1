"""The two pipelines as jobs: resolve what must be resolved once, run, read the record back."""

import sys
from uuid import uuid4

from slipway.base.errors import Inconclusive, Refused, SlipwayError
from slipway.base.provenance import now
from slipway.cli.console import Teller
from slipway.records.decision import DecisionRecord
from slipway.registry.versions import Registry
from slipway.runs import LocalRun, run_locally
from slipway.settings import Size
from slipway.settings.root import Project
from slipway.stages.run import RunRef
from slipway.training.fit import Scope

WORKSPACE = "WORKSPACE"


def reference(project: Project, system: str, size: Size, revision: str) -> RunRef:
    """Name a new run on the data of a revision."""
    from slipway.data.versions import fingerprint

    return RunRef(
        id=f"{now():%Y%m%d-%H%M%S}-{uuid4().hex[:6]}",
        system=system,
        size=size,
        revision=revision,
        fingerprint=fingerprint(project, system, size, revision),
    )


def train(project: Project, run: RunRef, scope: Scope, teller: Teller) -> DecisionRecord:
    """Run the training pipeline; returns the record of the registration or refusal."""
    champion = live(project, run, teller)
    arguments = {"run": run.model_dump(), "champion": champion, "scope": scope}
    _run(project, "training", arguments, teller)
    return record_of(project, run)


def rollout(project: Project, run: RunRef, version: int, teller: Teller) -> DecisionRecord:
    """Run the rollout pipeline for one version; returns the record of the decision."""
    stable = live(project, run, teller)
    if version == stable:
        raise Refused(f"version {version} is in production already; there is nothing to compare it with")
    arguments = {"run": run.model_dump(), "version": version, "stable": stable}
    _run(project, "rollout", arguments, teller)
    return record_of(project, run)


def live(project: Project, run: RunRef, teller: Teller) -> int:
    """The version in production, resolved once, after a killed move was settled; 0 if there is none."""
    from slipway.stages.move import recover

    if done := recover(project, run.system, run.size):
        teller.line(done)
    return Registry(project, run.system, run.size).resolve("production") or 0


def _run(project: Project, name: str, arguments: dict[str, object], teller: Teller) -> LocalRun:
    from importlib import import_module

    if str(project.root) not in sys.path:
        sys.path.insert(0, str(project.root))
    pipeline = getattr(import_module(f"pipelines.{name}"), name)

    def tell(kind: str, text: str) -> None:
        if kind == "task":
            teller.task(name, text)
        else:
            teller.line(text)

    with teller.doing(f"{name} pipeline"):
        return run_locally(project, pipeline, arguments, tell)


def record_of(project: Project, run: RunRef) -> DecisionRecord:
    """The record that a run kept."""
    found = Registry(project, run.system, run.size).records(run.id)
    if not found:
        raise SlipwayError(f"run {run.id} kept no record; its log is .slipway/runs/{run.id}.log")
    return found[-1]


def raise_for(record: DecisionRecord) -> None:
    """Turn a decision into the exit status of its command.

    Raises:
        Refused: a gate, a guardrail or a rule decided against the version.
        Inconclusive: the evidence sufficed neither way.
    """
    if record.decision in ("refused", "abort"):
        raise Refused(f"production did not move: {record.reason}")
    if record.decision == "inconclusive":
        raise Inconclusive(f"the evidence did not suffice: {record.reason}")
