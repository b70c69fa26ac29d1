"""Rows that are copies of each other, told apart from rows that are equal by chance.

Rows are compared in the columns that say something of them: not in those that ingestion made, in times with
a role, in the label, in a request's number, nor in a text or a unit that differs in nearly every row and so
names it. A request is compared with all of its options. Equal ones are copies where two things hold:

1. **They are too many.** For a row x and a column j, let n_j be the rows that equal x in all columns but j.
   If j depends on no other column, n_j p / (1 - p) rows equal x by chance, p being the share of rows with the
   value x_j. If j and its neighbour k do not interact given all the others, n_j n_k / n_jk do, with the n_jk
   rows that differ from x in both and in nothing else (the log-linear model without that interaction: Bishop,
   Fienberg and Holland, Discrete Multivariate Analysis, 1975). The largest of these over all columns is
   taken: it is enough that one column varies freely. A row is beyond chance that more than twice as many
   rows equal, and so is a table with more than twice as many groups of these as Poisson counts would give.
2. **Their labels are no draws of their own.** Rows of one thing, such as a product, are equal and may be
   honest. So the labels of equal rows beyond chance must differ less than half as often as those of any two
   such rows; half, for inputs may explain half of the label's variation.

So a table of few different rows passes if its columns vary, and so do things that recur with labels of their
own. What this cannot see: copies with a value rounded, or with an id changed that otherwise repeats; copies
with labels drawn anew; copies that are no more than chance makes of so few different rows. What it takes for
copies in error: things whose columns are fixed and their label too, of which a model learns the names.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from slipway.data.compared import Compared, Numbers
from slipway.tasks.columns import Columns

BEYOND = 2
"""Times chance: room for columns that depend on each other."""
NONE = -1
"""The group of a row without a copy."""


@dataclass(frozen=True)
class Copies:
    """What was found; a row is a request of its own where the table has no requests.

    Attributes:
        group: int64 [rows]; rows of one number are copies of each other, `NONE` is none.
        requests: how many there are.
        different: how many of them differ.
        copies: how many of them copy another; one of each group is not counted.
    """

    group: Numbers
    requests: int
    different: int
    copies: int


def find_copies(files: list[Path], columns: Columns) -> Copies:
    """Find copies in Parquet files, taken together in their order, in about ten numbers a row."""
    table = Compared.read(files, columns)
    same = table.same()
    counts = np.bincount(same)
    beyond = np.zeros(len(same), np.bool_)
    # Where all are equal, nothing is known of any that could be copied.
    if 1 < len(counts) < len(same):
        others = counts[same] - 1
        beyond = beyond_chance(others, table.chance(others))
        labels, labelled = table.labels()
        if not labels_copied(same[beyond], labels[beyond], labelled[beyond]):
            beyond[:] = False
    group = np.where(beyond, same, NONE)
    return Copies(
        group=group if table.request is None else group[table.request],
        requests=len(same),
        different=len(counts),
        copies=int(beyond.sum()) - len(np.unique(same[beyond])),
    )


def beyond_chance(others: Numbers, chance: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Requests that more others equal than chance explains, [requests]; none where chance has as many groups.

    Groups and not rows: one frequent answer, such as no to all questions, says nothing of the others.

    Args:
        others: int64 [requests]; how many others equal each.
        chance: [requests]; how many would by chance.
    """
    from scipy.special import pdtrc

    beyond: NDArray[np.bool_] = others > BEYOND * chance
    # The chance that a Poisson count of that mean is beyond it too; of the mean 0 it is 0.
    by_chance = pdtrc(np.floor(BEYOND * chance), chance)
    # Each request is its share of a group; one that is alone would have made a group of two.
    share = 1 / np.maximum(others + 1, 2)
    return beyond if (beyond * share).sum() > BEYOND * (by_chance * share).sum() else np.zeros_like(beyond)


def labels_copied(same: Numbers, labels: Numbers, labelled: Numbers) -> bool:
    """Whether labels of equal requests are too alike to be drawn for each; also where none could differ.

    Args:
        same: int64 [requests]; equal numbers for equal requests, each of which has another.
        labels: int64 [requests]; equal numbers for equal labels.
        labelled: int64 [requests]; equal numbers for requests that are equal with their labels.
    """
    if not len(same):
        return False
    others = np.bincount(same)[same] - 1
    differ = float(((others + 1 - np.bincount(labelled)[labelled]) / others).mean())
    at_random = 1 - float(((np.bincount(labels) / len(labels)) ** 2).sum())
    return differ == 0 or BEYOND * differ < at_random
