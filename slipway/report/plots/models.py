"""The primary metric of every model on the holdout, and the best that any model could reach."""

from slipway.records.evidence import Evidence, ModelMetrics
from slipway.report.plots.canvas import BLUE, GREEN, MUTED
from slipway.report.plots.forest import Mark, Row, forest
from slipway.report.wording import interval, number
from slipway.tasks import kind


def models(evidence: Evidence) -> list[ModelMetrics]:
    """Baseline, champion (where it could be scored) and candidate, in this order."""
    return [model for model in (evidence.baseline, evidence.champion, evidence.candidate) if model]


def primary(evidence: Evidence, width: int) -> str:
    """Draw the primary metric of each model for which it is defined, beside the best reachable value."""
    metric = kind(evidence.task).metric(evidence.primary)
    rows = [
        Row(
            f"{model.role} · {model.model}",
            model.metrics[metric.name],
            interval(model.metrics[metric.name]),
            BLUE if model.role == "candidate" else MUTED,
        )
        for model in models(evidence)
        if metric.name in model.metrics
    ]
    best = evidence.holdout.best
    marks = [] if best is None else [Mark(best, f"best reachable {number(best)}", GREEN)]
    label = f"{metric.title} on the holdout: " + "; ".join(f"{row.label} {row.text}" for row in rows)
    axis = f"{metric.words} on the holdout, {metric.better} is better"
    return forest("primary", label, rows, marks, axis, width)
