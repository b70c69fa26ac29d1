"""Train the models of a run."""

from pathlib import Path

from slipway.base.failure import failure_kept
from slipway.stages.fetched import require_fetched
from slipway.stages.record import refusals_kept
from slipway.stages.run import RunRef, project, say
from slipway.training.fit import Scope, data_ref, train_models

BASELINE, CANDIDATE = "baseline", "candidate"


@failure_kept()
def train(run: RunRef, scope: Scope, *, data: Path, models: Path) -> None:
    """Train the baseline and, unless the scope is the baseline alone, every candidate.

    Raises:
        Refused: the data is not what the run names, or its parts leak into each other; nothing is trained.
    """
    line = run.line(project())
    root, card = line.project.root, line.card
    with refusals_kept(run, "training"):
        require_fetched(run, card, data)  # guard train.fingerprint
    models.mkdir(parents=True, exist_ok=True)
    train_models(root, card, data, data_ref(data, run.fingerprint, run.size), models, scope, say)
