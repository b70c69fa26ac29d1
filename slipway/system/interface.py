"""What a system provides. Batches are Arrow tables with one row per option of a request."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
from numpy.typing import NDArray

from slipway.base.errors import SlipwayError
from slipway.models.inputs import Inputs
from slipway.settings import Card
from slipway.system.examples import Examples, read_examples

FeatureState = Mapping[str, NDArray[Any]]
"""What was learned from the training rows for features: named arrays, never code."""


class System(ABC):
    """One prediction problem: its data, its checks, its features."""

    def generate(self, rows: int, seed: int, out: Path) -> None:
        """Write `rows.parquet` and, row by row beside it, `truth.parquet` with what the task calls the truth.

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
        """Split ingested rows into requests and outcomes, by the columns of the card.

        The split, training, evaluation and traffic all read outcomes here and nowhere else. A system that
        reads its own must take any rows, in any number: what becomes of one does not depend on another.
        """
        return read_examples(card.data, table, card.data.label_delay_hours)
