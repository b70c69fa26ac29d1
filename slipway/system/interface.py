"""What a system provides. Batches are Arrow tables with one row per option of a request."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from slipway.base.errors import SlipwayError
from slipway.settings import Card
from slipway.system.inputs import Inputs

FeatureState = Mapping[str, NDArray[Any]]
"""What was learned from the training rows for features: named arrays, never code."""


@dataclass(frozen=True)
class Examples:
    """Requests and what became of them, row by row.

    Attributes:
        requests: the columns that a request carries.
        labels: int8 [rows], 0 or 1.
        known_at: timestamp [rows]; when the outcome became known.
    """

    requests: pa.Table
    labels: NDArray[np.int8]
    known_at: pa.ChunkedArray


class System(ABC):
    """One prediction problem: its data, its checks, its features."""

    def generate(self, rows: int, seed: int, out: Path) -> None:
        """Write `rows.parquet` and, row by row beside it, `truth.parquet` with the true `probability`.

        Only a card whose source is a generator needs it.
        """
        raise SlipwayError(f"{type(self).__module__}: no generator, data.source.kind should be 'table'")

    @abstractmethod
    def expectations(self, card: Card) -> list[Any]:
        """What Great Expectations must find in ingested rows, beyond what the card says of each column."""

    @abstractmethod
    def fit_features(self, card: Card, train: pa.Table) -> FeatureState:
        """Learn from the training rows what features need."""

    @abstractmethod
    def transform(self, card: Card, requests: pa.Table, state: FeatureState) -> Inputs:
        """Turn requests into model inputs: pure, vectorised, the same for training and serving."""

    def examples(self, card: Card, table: pa.Table) -> Examples:
        """Split ingested rows into requests and outcomes; an outcome is known a label delay later."""
        label = card.data.required("label")
        time = table[card.data.required("time")]
        delay = pa.scalar(round(card.data.label_delay_hours * 3_600_000_000), pa.duration("us"))
        return Examples(
            requests=table.drop_columns([label]),
            labels=table[label].to_numpy().astype(np.int8),
            known_at=pc.add(time, delay),
        )
