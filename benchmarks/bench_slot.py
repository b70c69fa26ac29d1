"""What the ad clicks teach of position: the card's models with the slot as an input, and without.

    python -m benchmarks.bench_slot data/ad_click/full/split

Prints how often each slot is clicked, and, by model, the log loss on the holdout, what the ads that it ranks
first truly earn, and the clicks that it expects in each slot over those that came.
"""

import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from slipway.evaluation.compose import HoldoutRows
from slipway.models import predictor
from slipway.settings import Card
from slipway.settings.root import Project
from slipway.system import load_system
from slipway.tasks.metrics import log_loss_terms
from slipway.training.fit import Tables

SLOT = "slot"


def main(split: Path) -> None:
    """Print one line for each design and model."""
    project = Project.find(Path(__file__).parent)
    card = project.card("ad_click")
    system = load_system(card.name, project.root)
    train = pq.read_table(split / "train.parquet", columns=[SLOT, "clicked"])
    print("clicked by slot:", _by(train[SLOT].to_numpy(), train["clicked"].to_numpy()))
    for name, design in (("with the slot", card), ("without", _without(card))):
        seen, rows = Tables.read(design, system, split), HoldoutRows.read(design, system, split)
        inputs, slots = system.transform(design, rows.requests, seen.state), rows.requests[SLOT].to_numpy()
        for model in (design.models.baseline, *design.models.candidates):
            fitted = predictor(model.kind).fit(seen.train, seen.validation, model.params, design.models.seed)
            scores = fitted.scores(inputs)
            loss = log_loss_terms(scores, rows.outcomes).mean()
            earned = design.task.earned(scores, rows.truth, np.array(rows.bounds)[:, 0])
            over = _by(slots, scores, rows.outcomes)
            print(f"{name}, {model.name}: log loss {loss:.4f}, earned {earned:.4f}, {over}", flush=True)


def _without(card: Card) -> Card:
    left = [name for name in card.features.categorical if name != SLOT]
    return card.model_copy(update={"features": card.features.model_copy(update={"categorical": left})})


def _by(slots: np.ndarray, values: np.ndarray, over: np.ndarray | None = None) -> dict[int, float]:
    """The mean of each slot, or its ratio to the mean of other values there."""
    found = {}
    for slot in np.unique(slots).tolist():
        here = slots == slot
        found[slot] = round(float(values[here].mean() / (1 if over is None else over[here].mean())), 3)
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]))
