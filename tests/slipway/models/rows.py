"""Inputs drawn from a seed, with labels that follow from them."""

import numpy as np
from numpy.typing import NDArray

from slipway.models import BINARY, Labelled, Labels, Objective
from slipway.system import Field, Inputs

SQUARED, ABSOLUTE, CLASSES = Objective("squared"), Objective("absolute"), Objective("classes", 4)
CATEGORIES, GENRES, SHOPS = 6, 8, 400


def drawn(rows: int = 3000, seed: int = 0) -> Inputs:
    """A number, a small category, a large one, and one with none to three values in each row."""
    random = np.random.default_rng(seed)
    counts = random.integers(0, 4, rows)
    return Inputs(
        numeric=random.normal(size=(rows, 1)).astype(np.float32),
        numeric_names=("size",),
        fields=(
            Field("colour", CATEGORIES, random.integers(0, CATEGORIES, rows).astype(np.int32)),
            Field("shop", SHOPS, random.integers(0, SHOPS, rows).astype(np.int32)),
            Field(
                "genres",
                GENRES,
                random.integers(0, GENRES, counts.sum()).astype(np.int32),
                np.append(0, np.cumsum(counts)),
            ),
        ),
        unseen=np.zeros(rows, np.bool_),
    )


def level(inputs: Inputs) -> NDArray[np.float64]:
    """A number that every input moves, about as much as the others, [rows]."""
    weights = np.random.default_rng(9)
    moved = [field.mean(weights.normal(size=(field.cardinality, 1)))[:, 0] for field in inputs.fields]
    return inputs.numeric[:, 0].astype(np.float64) + np.sum(moved, axis=0)


def labels(inputs: Inputs, objective: Objective, seed: int = 1) -> Labels:
    """What an objective learns from: the level with noise, whether it is high, or its quarter."""
    random = np.random.default_rng(seed)
    noisy = level(inputs) + random.normal(size=len(inputs.numeric))
    if objective == BINARY:
        return (noisy > 1).astype(np.int8)
    if objective == CLASSES:
        return np.digitize(noisy, [-1.5, 0.0, 1.5]).astype(np.int64)
    return noisy


def labelled(inputs: Inputs, labels: Labels, delay: int = 0) -> Labelled:
    """Rows a microsecond apart, whose labels are known so many later."""
    at = np.arange(len(labels), dtype=np.int64)
    return Labelled(inputs, labels, at, at + delay)


def loss(scores: NDArray[np.float64], truth: Labels, objective: Objective) -> float:
    """The mean loss that an objective makes small."""
    if objective == BINARY:
        return float(-np.log(np.where(truth == 1, scores, 1 - scores)).mean())
    if objective.classes:
        return float(-np.log(scores[np.arange(len(truth)), truth]).mean())
    error = np.abs(scores - truth)
    return float((error**2 if objective == SQUARED else error).mean())


def constant(truth: Labels, objective: Objective) -> NDArray[np.float64]:
    """The best answer that is the same for every row."""
    if objective.classes:
        return np.tile(np.bincount(truth, minlength=objective.classes) / len(truth), (len(truth), 1))
    return np.full(len(truth), np.median(truth) if objective == ABSOLUTE else np.mean(truth))
