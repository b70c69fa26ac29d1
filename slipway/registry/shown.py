"""What MLflow shows of a run and of a version: names, parameters and figures, from what was decided.

All of it is for people and their Compare; nothing here is read back to decide anything.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from slipway.records.canary import CanaryEvidence
from slipway.records.decision import DecisionRecord
from slipway.records.evidence import UNBOUNDED, Evidence, Interval, ModelMetrics
from slipway.settings import Card
from slipway.version.manifest import Manifest

MOST_PARAMETERS, MOST_FIGURES = 100, 500
"""In one call MLflow takes 100 parameters, and 1,000 entries of all kinds."""
LONGEST_VALUE, LONGEST_NAME, LONGEST_TEXT = 500, 250, 2000
"""A server before MLflow 2.8 refuses values of more than 500 characters."""
DONE = {
    "promote": "promoted",
    "first": "went first",
    "abort": "aborted",
}
"""What happened, where the decision's own word does not say it of a model."""
LONGEST_DIGEST = 36
TYPES = {"integer": "long", "number": "double", "string": "string", "timestamp": "datetime"}
"""Of the columns of a card, in MLflow's words."""
FOREIGN = re.compile(r"[^\w\-. :]")


def run_name(record: DecisionRecord) -> str:
    """What happened in a run: `boosting 2 promoted`, `boosting refused`, `rollback to 1`."""
    if record.decision == "rollback":
        return f"rollback to {record.version}"
    model = record.system if record.evaluation is None else record.evaluation.candidate.model
    number = [] if record.version is None else [str(record.version)]
    return " ".join([model, *number, DONE.get(record.decision, record.decision)])


def described(record: DecisionRecord, experiment: str) -> str:
    """A decision in Markdown, with the way to its report.

    Args:
        experiment: the id of the one that its run lies in.
    """
    said = re.sub(r"([\\`*_{}\[\]<>#|])", r"\\\1", " ".join(record.reason.split()))
    if len(said) > LONGEST_TEXT:
        said = f"{said[:LONGEST_TEXT]}…"
    # MLflow's pages lie behind the hash, so this leads there on whatever host and port they are shown.
    place = f"#/experiments/{experiment}/runs/{record.run}/artifacts/report.html"
    return (
        f"**{run_name(record)}** on {record.at:%Y-%m-%d %H:%M} UTC by {record.by}: {said}\n\n"
        f"[Report]({place}), or `slipway report --record {record.id}`"
    )


def parameters(record: DecisionRecord, card: Card, trained: Manifest | None = None) -> dict[str, str]:
    """What a run was about and with which settings, at most `MOST_PARAMETERS`; the model's come first.

    Args:
        trained: of the model, where it is at hand.
    """
    found: dict[str, Any] = {"fingerprint": record.data_fingerprint, "size": record.size}
    if trained is not None:
        found |= {"model": trained.model, "kind": trained.kind, "seed": trained.seed}
        found |= {"train_rows": trained.data.train_rows, "train_end": trained.data.train_end.isoformat()}
        found |= dict(_leaves({"model": trained.params}))
    if record.replaced is not None:
        found["replaced"] = record.replaced
    # Columns by name: what the card says of each would take the room of all the rest.
    rest = card.model_dump(mode="json", exclude={"schema_version": True, "name": True, "models": True})
    rest["data"]["columns"] = list(rest["data"]["columns"])
    found |= {name: value for name, value in _leaves(rest) if name not in found}
    return {_named(name): _text(value) for name, value in list(found.items())[:MOST_PARAMETERS]}


def figures(record: DecisionRecord) -> dict[str, float]:
    """What was measured, at most `MOST_FIGURES`: models first, then their comparison, then slices."""
    found: dict[str, float] = {}
    for name, value in (*_evaluated(record.evaluation), *_canaried(record.canary)):
        # A side that nothing bounds is no figure.
        if value is not None and abs(value) < UNBOUNDED:
            found.setdefault(_named(name), float(value))
    return dict(list(found.items())[:MOST_FIGURES])


@dataclass(frozen=True)
class DataShown:
    """The data of a run, as an input that MLflow lists.

    Attributes:
        digest: DVC's fingerprint of the split; MLflow takes 36 characters, as many as it has at most.
        source: JSON of the tags of MLflow's source of the kind `code`: where and at which commit it is made.
        columns: JSON, the columns with MLflow's types.
        profile: JSON, the rows of each part.
        context: what the run did with it.
    """

    name: str
    digest: str
    source: str
    columns: str
    profile: str
    context: str


def data_shown(record: DecisionRecord, card: Card, parts: Mapping[str, int], context: str) -> DataShown:
    """The data that a decision was made on.

    Args:
        parts: rows of each part of the split.
    """
    place = f"data/{record.system}/{record.size}/split"
    tags = {"dvc.path": place, "dvc.md5": record.data_fingerprint, "dvc.rev": record.revision}
    tags |= {} if record.git_commit is None else {"mlflow.source.git.commit": record.git_commit}
    columns = [
        {"name": name, "type": TYPES[column.type], "required": column.null_share == 0}
        for name, column in card.data.columns.items()
    ]
    return DataShown(
        name=f"{record.system} ({record.size})",
        digest=record.data_fingerprint[:LONGEST_DIGEST],
        source=json.dumps({"tags": tags}),
        columns=json.dumps({"mlflow_colspec": columns}),
        profile=json.dumps({"num_rows": sum(parts.values()), **parts}),
        context=context,
    )


Figure = tuple[str, float | None]


def _evaluated(evidence: Evidence | None) -> Iterator[Figure]:
    if evidence is None:
        return
    models = [one for one in (evidence.candidate, evidence.baseline, evidence.champion) if one]
    yield from (("rows", evidence.holdout.rows), ("units", evidence.holdout.units))
    yield from evidence.holdout.labels.items()
    yield f"best_{evidence.primary}", evidence.holdout.best
    for model in models:
        yield from _measured(model)
    for comparison in evidence.comparisons:
        yield from _interval(f"difference_to_{comparison.other}", comparison.difference)
    for score in evidence.validation:
        yield f"validation/{_part(score.model)}_{evidence.primary}", score.score
        yield f"validation/{_part(score.model)}_seconds", score.seconds
    for model in models:
        for one in model.slices:
            for name, metric in one.metrics.items():
                yield f"{model.role}/{_part(one.column)}/{_part(one.value)}/{name}", metric.value


def _measured(model: ModelMetrics) -> Iterator[Figure]:
    for name, metric in model.metrics.items():
        yield from _interval(f"{model.role}_{name}", metric)
    yield f"{model.role}_p50_ms", model.latency.p50_ms
    yield f"{model.role}_p99_ms", model.latency.p99_ms
    yield f"{model.role}_latency_ratio", model.latency.ratio.value
    yield f"{model.role}_size_mb", model.size_mb
    yield f"{model.role}_distinct_scores", model.distinct_scores
    yield f"{model.role}_reward", model.reward
    if model.recalibration is not None:
        yield f"{model.role}_recalibration_slope", model.recalibration.slope


def _canaried(evidence: CanaryEvidence | None) -> Iterator[Figure]:
    if evidence is None or not evidence.looks:
        return
    last = evidence.looks[-1]
    yield from (("canary_looks", len(evidence.looks)), ("canary_requests", last.requests))
    yield from (("canary_weight", last.weight), ("canary_triggered", last.triggered))
    for name in ("difference", "gain", "error_rate_rise", "slow_rise", "late_rise"):
        yield from _interval(f"canary_{name}", getattr(last, name))
    for arm, step in (("canary", last.canary), ("stable", last.stable)):
        yield f"{arm}_mean", step.mean
        for quantile, milliseconds in step.latency_ms.items():
            yield f"{arm}_{quantile}_served_ms", milliseconds


def _interval(name: str, found: Interval | None) -> Iterator[Figure]:
    if found is not None:
        yield from ((name, found.value), (f"{name}_low", found.low), (f"{name}_high", found.high))


def _leaves(tree: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{above}{key}.")
        elif value is not None:
            yield f"{above}{key}", value


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


def _part(name: str) -> str:
    """A name as one part of a path: MLflow refuses what would lead out of it, or be read as another."""
    found = FOREIGN.sub("_", name)
    return found if found.strip(".") else f"_{found}"


def _named(name: str) -> str:
    return "/".join(map(_part, name.split("/")))[:LONGEST_NAME]
