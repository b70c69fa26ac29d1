"""What models see: numbers, and categories as fields, each with its own cardinality."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Field:
    """One category of `rows` rows: one value in each, or any number of them, such as the genres of a film.

    Attributes:
        name: the column's, or those of a cross joined by `*`.
        cardinality: every value lies in [0, cardinality).
        values: int32 [rows]; of a field with offsets [offsets[-1]], row after row.
        offsets: int64 [rows + 1]; the values of a row are `values[offsets[row]:offsets[row + 1]]`.
            None: one value in each row.
    """

    name: str
    cardinality: int
    values: NDArray[np.int32]
    offsets: NDArray[np.int64] | None = None

    @property
    def counts(self) -> NDArray[np.int64]:
        """How many values each row has, [rows]."""
        return np.ones(len(self.values), np.int64) if self.offsets is None else np.diff(self.offsets)

    @property
    def rows(self) -> NDArray[np.int64]:
        """The row of each value, [values]."""
        counts = self.counts
        return np.repeat(np.arange(len(counts)), counts)

    def of(self, row: int) -> NDArray[np.int32]:
        """The values of one row."""
        start, stop = (row, row + 1) if self.offsets is None else self.offsets[row : row + 2]
        return self.values[start:stop]

    def mean(
        self, table: NDArray[np.floating], empty: NDArray[np.floating] | float = 0.0
    ) -> NDArray[np.float64]:
        """The mean of what a table says of a row's values, float64 [rows, columns].

        The same bits for a row whatever stands beside it, so that training and serving agree.

        Args:
            table: [cardinality, columns].
            empty: for rows without values, [columns] or one for all.
        """
        found = table[self.values].astype(np.float64)
        if self.offsets is None:
            return found
        counts = self.counts[:, None]
        # `add.at` adds in order; `reduceat` would give a row without values those of the next one.
        total = np.zeros((len(counts), table.shape[1]))
        np.add.at(total, self.rows, found)
        return np.where(counts > 0, total / np.maximum(counts, 1), empty)


@dataclass(frozen=True)
class Inputs:
    """What models see of `rows` rows.

    Attributes:
        numeric: float32 [rows, len(numeric_names)]; NaN where unknown.
        fields: categories and crosses of them.
        unseen: bool [rows]; true where a category's value never occurred in training.
    """

    numeric: NDArray[np.float32]
    numeric_names: tuple[str, ...]
    fields: tuple[Field, ...]
    unseen: NDArray[np.bool_]
