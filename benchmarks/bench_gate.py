"""How often the gate lets through a candidate that differs from the champion by its seed alone.

Real models of the ad clicks: a champion, then candidates trained on the same rows with other seeds, and
candidates trained on more rows, each judged by the gate with the card's policy on one frozen holdout. No two
trained models are quite equal, so each pair's true difference is measured too, by the true click
probabilities of the rows of other users.

python benchmarks/bench_gate.py [seeds], 4 or more

It ends with an error where more than one in twenty passes without being truly better, beyond noise.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from slipway.evaluation.compose import HoldoutRows, Role, Subject, compose
from slipway.evaluation.gate import decide
from slipway.models import Labelled, Params, predictor
from slipway.records.evidence import Evidence, HoldoutUse
from slipway.settings import Card
from slipway.settings.root import Project
from slipway.system import load_system, read_examples
from slipway.tasks.metrics import log_loss_terms, wilson
from tests.slipway.root import ROOT

Floats = NDArray[np.float64]
TRAIN, MORE, VALIDATION, LATER = 30_000, 60_000, 10_000, 110_000
"""Rows: the last 30,000 or 60,000 before validation begins are trained on, 110,000 come later."""
LEVEL = 0.05
HELD = 0.3
"""The share of the later rows' users that make the holdout; the rows of the others tell the truth."""
LOGISTIC: Params = {"c": 0.05, "max_iter": 300}
BOOSTING: Params = {
    "learning_rate": 0.1,
    "num_leaves": 15,
    "min_data_in_leaf": 50,
    "cat_smooth": 50,
    "feature_fraction": 0.6,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 5,
}


@dataclass(frozen=True)
class World:
    """Rows of one market: known before the holdout begins, held out, and of other users in the same days."""

    card: Card
    known: pa.Table
    holdout: HoldoutRows
    others: pa.Table
    truth: Floats

    @classmethod
    def generate(cls, known: int = MORE + VALIDATION, later: int = LATER, seed: int = 17) -> "World":
        """Draw the rows with the system's own generator."""
        card = Project(ROOT).card("ad_click")
        with tempfile.TemporaryDirectory() as temporary:
            load_system(card.name, ROOT).generate(known + later, seed, Path(temporary))
            table = pq.read_table(Path(temporary) / "rows.parquet")
            truth = pq.read_table(Path(temporary) / "truth.parquet")["probability"].to_numpy()
        after, truth = table.slice(known), truth[known:]
        users = after["user_id"].to_numpy()
        held = np.random.default_rng(seed).random(users.max() + 1)[users] < HELD
        holdout = HoldoutRows.of(
            card.task, read_examples(card.data, after.filter(pa.array(held))), truth[held]
        )
        return cls(card, table.slice(0, known), holdout, after.filter(pa.array(~held)), truth[~held])


@dataclass(frozen=True)
class Fitted:
    """The scores of one trained model, of the holdout's rows, and its expected loss on the other rows."""

    name: str
    train_end: datetime
    scores: Floats
    true_loss: float


class Trainer:
    """Trains on the last `rows` rows before validation; what depends on no seed is prepared once."""

    def __init__(self, world: World, rows: int, validation: int = VALIDATION) -> None:
        self.world, self.rows = world, rows
        system, card = load_system(world.card.name, ROOT), world.card
        split = world.known.num_rows - validation
        train = system.examples(card, world.known.slice(split - rows, rows))
        check = system.examples(card, world.known.slice(split))
        state = system.fit_features(card, train.requests)
        tables = (train.requests, check.requests, world.holdout.requests, world.others)
        trained, checked, self.holdout, self.others = (
            system.transform(card, table, state) for table in tables
        )
        self.train = Labelled(trained, train.labels, train.known_at, train.known_at)
        self.check = Labelled(checked, check.labels, check.known_at, check.known_at)

    def fit(self, seed: int, kind: str = "boosting", params: Params = BOOSTING) -> Fitted:
        """Train one model."""
        model = predictor(kind).fit(self.train, self.check, params, seed)
        return Fitted(
            name=f"{kind}, {self.rows} rows, seed {seed}",
            train_end=pc.max(self.world.known["time"]).as_py(),
            scores=model.scores(self.holdout),
            true_loss=expected_loss(model.scores(self.others), self.world.truth),
        )


@dataclass(frozen=True)
class Pair:
    """A candidate against a champion: what the gate says, what is seen, what is true."""

    stopped: list[str]
    seen: float
    half: float
    true: float

    @property
    def passed(self) -> bool:
        """Whether no rule stopped the candidate."""
        return not self.stopped


def expected_loss(scores: Floats, truth: Floats) -> float:
    """Mean log loss over the outcomes that could have been drawn."""
    ones = np.ones(len(truth), np.int8)
    loss = truth * log_loss_terms(scores, ones) + (1 - truth) * log_loss_terms(scores, 1 - ones)
    return float(loss.mean())


def evidence(world: World, baseline: Fitted, candidate: Fitted, champion: Fitted) -> Evidence:
    """What the gate is given; only the times and the sizes are made up."""
    models: dict[Role, Fitted] = {"baseline": baseline, "candidate": candidate, "champion": champion}
    subjects = [
        Subject(
            role=role,
            model=model.name,
            version=None,
            digest=model.name,
            train_end=model.train_end,
            size_mb=1.0,
            scores=model.scores,
            seconds=np.full(20, 1e-3),
        )
        for role, model in models.items()
    ]
    card = world.card
    return compose(
        card.name,
        card.task,
        card.evaluation,
        world.holdout,
        "bench",
        subjects,
        [],
        seed=card.models.seed,
        use=HoldoutUse.of(1, card.evaluation.confidence),
    )


def judged(world: World, baseline: Fitted, candidate: Fitted, champion: Fitted) -> Pair:
    """Let the gate decide."""
    found = evidence(world, baseline, candidate, champion)
    verdict = decide(found, world.card.task, world.card.gate, world.card.problem.p99_latency_ms)
    difference = found.comparisons[-1].difference
    return Pair(
        stopped=[check.code for check in verdict.failures],
        seen=difference.value,
        half=(difference.high - difference.low) / 2,
        true=candidate.true_loss - champion.true_loss,
    )


RULES: list[tuple[str, Callable[[Pair], bool]]] = [
    ("the gate passes", lambda pair: pair.passed),
    ("... a candidate that is truly better", lambda pair: pair.passed and pair.true < 0),
    ("... one that is truly no better", lambda pair: pair.passed and pair.true >= 0),
    ("its rule champion.log_loss passes", lambda pair: "champion.log_loss" not in pair.stopped),
    ("naive: the mean log loss is lower", lambda pair: pair.seen < 0),
    ("... of one that is truly no better", lambda pair: pair.seen < 0 and pair.true >= 0),
]


def tell(name: str, pairs: Sequence[Pair]) -> None:
    """Print how often each rule lets the candidate through, and what was true.

    Raises:
        SystemExit: the gate lets through too many that are no better.
    """
    true = np.array([pair.true for pair in pairs])
    print(f"{name}: {len(pairs)} pairs")
    print(f"  true difference of log loss {true.mean():+.5f}, deviation {true.std():.5f}, ", end="")
    print(f"half of the gate's interval {np.mean([pair.half for pair in pairs]):.5f}")
    for text, rule in RULES:
        hits = sum(map(rule, pairs))
        rate = wilson(hits, len(pairs), 0.95)
        print(f"  {text:38} {hits:3} of {len(pairs)}  {rate.value:6.1%} [{rate.low:.1%}, {rate.high:.1%}]")
    codes = [code for pair in pairs for code in pair.stopped]
    print(
        "  stopped by", ", ".join(f"{code} {codes.count(code)}" for code in dict.fromkeys(codes)) or "nothing"
    )
    wrong = wilson(sum(pair.passed and pair.true >= 0 for pair in pairs), len(pairs), 0.95)
    if wrong.low > LEVEL:
        sys.exit(f"{name}: {wrong.value:.1%} of the candidates passed and are no better")


def main(seeds: int = 100) -> None:
    """Train, judge and print.

    Raises:
        SystemExit: fewer than 4 seeds, or the gate lets through too many that are no better.
    """
    if seeds < 4:
        sys.exit(f"seeds: found {seeds}, expected 4 or more")
    begun = time.monotonic()
    world = World.generate()
    same, more = Trainer(world, TRAIN), Trainer(world, MORE)
    baseline = same.fit(0, "logistic", LOGISTIC)
    users = int(world.holdout.units.max()) + 1
    print(f"holdout of {len(world.holdout.outcomes):,} rows of {users:,} users", end="; ")
    print(f"truth of {len(world.truth):,} rows of others; base rate {world.holdout.outcomes.mean():.1%}")
    champion, *candidates = [same.fit(seed) for seed in range(seeds + 1)]
    better = [more.fit(seed) for seed in range(seeds + 1, seeds + 1 + seeds // 4)]
    print(f"trained in {time.monotonic() - begun:.0f} s")
    pairs = [(one, champion) for one in candidates]
    tell("another seed, one champion", [judged(world, baseline, *pair) for pair in pairs])
    pairs = list(zip(candidates, [*candidates[1:], candidates[0]], strict=True))
    tell("another seed, each against the next", [judged(world, baseline, *pair) for pair in pairs])
    pairs = [(one, champion) for one in better]
    tell(f"{MORE / TRAIN:g} times the rows, one champion", [judged(world, baseline, *pair) for pair in pairs])
    print(f"{time.monotonic() - begun:.0f} s, {time.process_time():.0f} s of one core")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
