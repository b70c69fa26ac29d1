"""Categories of many values as numbers: the mean label of each value, shrunk to that of all rows.

The training rows must not see their own labels in it, or a tree would learn each label by its row's name:
they are given the means of the other folds, other rows those of all training rows. This lives with the models
and not with the features, for it needs labels and gives the same values other numbers in training.

A fold is a fifth of the rows in their order, which is that of time. Folds drawn at random would tell a row
what became of its neighbours: of the other options of its request, or of a stolen card in the same week,
which nobody knows when a model answers. For the same reason a fold is told nothing by rows whose labels were
not known when it began, nor by those that begin before its own are known (López de Prado, 2018, calls it
purging).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from slipway.models.inputs import Field
from slipway.models.interface import Labelled, Labels, Objective

FOLDS = 5


@dataclass(frozen=True)
class Totals:
    """Sums over some rows.

    Attributes:
        counts: float64 [cardinality]; rows that have a value.
        sums: float64 [cardinality, outputs]; of their labels, or how many are of each class.
        mean: float64 [outputs]; of the labels of all these rows.
    """

    counts: NDArray[np.float64]
    sums: NDArray[np.float64]
    mean: NDArray[np.float64]

    @classmethod
    def of(cls, field: Field, labels: Labels, objective: Objective, rows: NDArray[np.bool_]) -> "Totals":
        """Count and add up the rows that are marked, [rows]; the overall mean is all rows' where none is."""
        size, outputs = field.cardinality, objective.outputs
        # None is marked where every label came too late for a fold.
        overall = rows if rows.any() else np.ones(len(labels), np.bool_)
        row = field.rows
        inside = rows[row]
        values, told = field.values[inside].astype(np.int64), labels[row[inside]]
        counts = np.bincount(values, minlength=size).astype(np.float64)
        if objective.classes:
            cells = np.bincount(values * outputs + told, minlength=size * outputs)
            shares = np.bincount(labels[overall], minlength=outputs).astype(np.float64) / overall.sum()
            return cls(counts, cells.reshape(size, outputs).astype(np.float64), shares)
        sums = np.bincount(values, weights=told, minlength=size).astype(np.float64)
        return cls(counts, sums[:, None], np.array([labels[overall].mean()]))

    def means(self, prior_weight: float) -> NDArray[np.float32]:
        """By value, as if so many more rows had the overall mean; last, that mean itself.

        Micci-Barreca (2001), with a constant weight. float32 [cardinality + 1, outputs]; a value without rows
        has the overall mean.
        """
        shrunk = (self.sums + prior_weight * self.mean) / (self.counts + prior_weight)[:, None]
        return np.concatenate([shrunk, self.mean[None]]).astype(np.float32)


def means(field: Field, labels: Labels, objective: Objective, prior_weight: float) -> NDArray[np.float32]:
    """What rows other than those of training are given, float32 [cardinality + 1, outputs]; see `told`.

    A value without rows is given what `stand_in` is.
    """
    totals = Totals.of(field, labels, objective, np.ones(len(labels), np.bool_))
    table = totals.means(prior_weight)
    table[:-1][totals.counts == 0] = table[stand_in(field, table)]
    return table


def stand_in(field: Field, table: NDArray[np.float32]) -> int:
    """The value that any which training never saw counts as: that of the mean nearest to the overall one.

    Trees give a value of their own to no training row: it takes its branch at each split alone, and together
    these may lead to where no known value comes. Which value stands in is mostly a rare one, for these are
    shrunk to the overall mean.

    Args:
        table: of `means`.
    """
    known = np.flatnonzero(np.bincount(field.values, minlength=field.cardinality))
    apart = ((table[known] - table[-1]) ** 2).sum(axis=1)
    return int(known[apart.argmin()]) if len(known) else 0


def told(field: Field, table: NDArray[np.float32]) -> NDArray[np.float64]:
    """The mean over a row's values, the overall mean for a row without any, float64 [rows, outputs]."""
    return field.mean(table[:-1], table[-1])


def told_in_training(
    field: Field, rows: Labelled, objective: Objective, prior_weight: float
) -> NDArray[np.float64]:
    """What the training rows are given: the means of the other folds, float64 [rows, outputs]."""
    folds = np.arange(len(rows.labels)) * FOLDS // len(rows.labels)
    found = np.empty((len(rows.labels), objective.outputs))
    for fold in range(FOLDS):
        own = folds == fold
        if not own.any():  # fewer rows than folds
            continue
        apart = (rows.known_at < rows.at[own].min()) | (rows.at > rows.known_at[own].max())
        others = Totals.of(field, rows.labels, objective, apart).means(prior_weight)
        found[own] = told(field, others)[own]
    return found
