"""Measure the models of a run on its holdout."""

import tempfile
from pathlib import Path

from slipway.base.atomic import write_text
from slipway.base.digest import sha256
from slipway.base.documents import read
from slipway.base.errors import SlipwayError
from slipway.base.failure import failure_kept
from slipway.evaluation.carried import Environments
from slipway.evaluation.evaluate import Contender, evaluate_models
from slipway.records.evidence import Evidence, HoldoutUse, ModelMetrics, Twin
from slipway.settings import Line
from slipway.stages.fetched import require_fetched
from slipway.stages.record import refusals_kept
from slipway.stages.run import RunRef, project, say
from slipway.stages.train import BASELINE, CANDIDATE
from slipway.system import load_system
from slipway.tasks import Metric, kind
from slipway.training.fit import read_scores
from slipway.version.manifest import MANIFEST
from slipway.version.proven import Proven, trained_here


@failure_kept()
def evaluate(run: RunRef, *, champion: int, data: Path, models: Path, evidence: Path) -> dict[str, float]:
    """Measure baseline, candidate and champion (0: none); returns the headline metrics.

    Raises:
        Refused: the data is not what the run names, or its parts leak into each other.
    """
    line = run.line(project())
    card = line.card
    with refusals_kept(run, "training"):
        require_fetched(run, card, data)  # guard evaluate.fingerprint
    use = None
    contenders = [
        Contender("baseline", trained(line, models / BASELINE)),
        Contender("candidate", trained(line, models / CANDIDATE)),
    ]
    with tempfile.TemporaryDirectory() as temporary:
        if champion:
            contenders.append(live := _champion(line, champion, Path(temporary)))
            use = None if live.problem else counted(line, run, data, models / CANDIDATE)
        system = load_system(card.name, line.project.root)
        own, scores = Environments.of(line.project), read_scores(models)
        found = evaluate_models(card, system, data, run.fingerprint, contenders, scores, use, own)
    found = found.model_copy(update={"twin": twin(line, run, found.candidate.digest, champion or None)})
    write_text(evidence, found.model_dump_json(indent=2))
    for model in filter(None, (found.baseline, found.champion, found.candidate)):
        figures = [f"{one.words} {model.metrics[one.name].value:.5f}" for one in _tracked(found, model)]
        say(f"{model.role} {model.model}: {', '.join(figures)}")
    if found.holdout.best is not None:
        say(f"best reachable {kind(found.task).metric(found.primary).words} {found.holdout.best:.5f}")
    return headline(found)


def trained(line: Line, folder: Path) -> Proven:
    """A model of this run, whose code is this project's."""
    from slipway.registry.versions import Registry

    return trained_here(folder, line.project.root, shared=not Registry(line).embedded)


def _champion(line: Line, number: int, folder: Path) -> Contender:
    """The champion as the registry has it; one that is not whole is for the gate to refuse."""
    from slipway.registry.versions import Registry

    try:
        return Contender("champion", Registry(line).download(number, folder), number)
    except SlipwayError as error:
        return Contender("champion", None, number, problem=str(error))


def twin(line: Line, run: RunRef, digest: str, champion: int | None) -> Twin | None:
    """The version that has the candidate's bits already, if it is not the champion."""
    from slipway.registry.versions import Registry

    found = Registry(line).twin(digest, run.id)
    return (
        None if found is None or found.number == champion else Twin(version=found.number, barred=found.barred)
    )


def counted(line: Line, run: RunRef, data: Path, candidate: Path) -> HoldoutUse:
    """Count the comparison that is to come, before anybody sees a figure of it."""
    from slipway.data.overlap import sketch
    from slipway.registry.holdouts import Holdouts

    rows = sketch(line.card.data, data / "holdout.parquet")
    place = Holdouts(line).spend(run.fingerprint, rows, sha256(candidate / MANIFEST))
    use = HoldoutUse.of(place, line.card.evaluation.confidence)
    say(str(use))
    return use


def headline(evidence: Evidence) -> dict[str, float]:
    """The metrics of the MLflow run: rows and labels of the holdout, and what is tracked of each model."""
    known = kind(evidence.task).tracked_labels
    labels = {name: value for name, value in evidence.holdout.labels.items() if name in known}
    found = {"rows": float(evidence.holdout.rows), **labels}
    if evidence.holdout.best is not None:
        found[f"best_{evidence.primary}"] = evidence.holdout.best
    for model in filter(None, (evidence.baseline, evidence.candidate, evidence.champion)):
        for one in _tracked(evidence, model):
            found[f"{model.role}_{one.name}"] = model.metrics[one.name].value
    return found


def _tracked(evidence: Evidence, model: ModelMetrics) -> list[Metric]:
    return [one for one in kind(evidence.task).metrics if one.tracked and one.name in model.metrics]


def read_evidence(path: Path) -> Evidence:
    """Read what `evaluate` wrote."""
    return read(path, Evidence)
