"""Log loss of every model on the holdout, and the best that any model could reach."""

from slipway.records.evidence import Evidence, ModelMetrics
from slipway.report.plots.canvas import BLUE, GREEN, MUTED
from slipway.report.plots.forest import Mark, Row, forest
from slipway.report.wording import interval, number


def models(evidence: Evidence) -> list[ModelMetrics]:
    """Baseline, champion (where it could be scored) and candidate, in this order."""
    return [model for model in (evidence.baseline, evidence.champion, evidence.candidate) if model]


def log_loss(evidence: Evidence, width: int) -> str:
    """Further left is better."""
    rows = [
        Row(
            f"{model.role} · {model.model}",
            model.log_loss,
            interval(model.log_loss),
            BLUE if model.role == "candidate" else MUTED,
        )
        for model in models(evidence)
    ]
    best = evidence.holdout.best_log_loss
    marks = [] if best is None else [Mark(best, f"best reachable {number(best)}", GREEN)]
    label = "Log loss on the holdout: " + "; ".join(f"{row.label} {row.text}" for row in rows)
    return forest("log-loss", label, rows, marks, "log loss on the holdout, lower is better", width)
