"""What models seem to lose when nothing learns from labels that nobody had yet.

    python -m benchmarks.bench_embargo ../shared/data/fraud-handbook/transactions.parquet

takes the transactions of the Fraud Detection Handbook, whose frauds are known after seven days, and trains
both models of the card that `slipway new-system` writes: with what was not known left out, and as if labels
were known at once. Log loss is on each split's own holdout, and on the rows that both have.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

from slipway.data.ingest import ingest_rows
from slipway.data.split import split_rows
from slipway.evaluation.compose import HoldoutRows
from slipway.models import predictor
from slipway.settings import Card
from slipway.settings.root import Project
from slipway.starter.choices import Choices
from slipway.starter.start import Asked, new_system
from slipway.system import load_system
from slipway.tasks.metrics import log_loss_terms
from slipway.training.fit import Tables
from tests.slipway.starter.tables import blank

WEEK = 168.0


def main(table: Path) -> None:
    """Print a line for each model and delay."""
    choices = Choices("TX_FRAUD", "TX_DATETIME", "CUSTOMER_ID", delay=WEEK)
    with tempfile.TemporaryDirectory() as temporary:
        root = blank(Path(temporary) / "project")
        new_system(Project(root), Asked("fraud", table, choices), print)
        card = Project(root).card("fraud")
        ingest_rows(Project(root), card, "small", root / "raw")
        last = None
        for delay in (WEEK, 0.0):
            data = card.data.model_copy(update={"label_delay_hours": delay})
            rows, losses = _losses(root, card.model_copy(update={"data": data}), root / f"split-{delay:g}")
            last = last or rows.end
            times = rows.requests[card.data.required("time")].to_pylist()
            shared = np.array([time <= last for time in times])
            for name, loss in losses.items():
                print(
                    f"delay {delay:g} h, {name}: {loss.mean():.4f} of {len(loss):,} rows, "
                    f"{loss[shared].mean():.4f} of {shared.sum():,} shared"
                )


def _losses(root: Path, card: Card, out: Path) -> tuple[HoldoutRows, dict[str, np.ndarray]]:
    """The holdout, and the loss of each of its rows by each model, and by the base rate of training."""
    system = load_system(card.name, root)
    manifest = split_rows(card, system, "small", root / "raw", out)
    print({name: (part.rows, part.left_out) for name, part in manifest.parts.items()})
    seen, rows = Tables.read(card, system, out), HoldoutRows.read(card, system, out)
    inputs = system.transform(card, rows.requests, seen.state)
    losses = {
        "base rate": log_loss_terms(np.full(len(rows.outcomes), seen.train.labels.mean()), rows.outcomes)
    }
    for model in (card.models.baseline, *card.models.candidates):
        fitted = predictor(model.kind).fit(seen.train, seen.validation, model.params, card.models.seed)
        losses[model.name] = log_loss_terms(fitted.scores(inputs), rows.outcomes)
    return rows, losses


if __name__ == "__main__":
    main(Path(sys.argv[1]))
