"""A system that reads outcomes in its own way."""

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from slipway.system import Card, Examples, FeatureState, Inputs, System, read_examples, tabular

MINUTE = 60_000_000
LONGEST = 20


class Patient(System):
    """Ad clicks that count where nobody clicked, and are known up to `LONGEST` minutes later, by the ad."""

    def expectations(self, card: Card) -> list[Any]:
        """None."""
        return []

    def fit_features(self, card: Card, train: pa.Table) -> FeatureState:
        """The columns of the card."""
        return tabular.fit(card, train)

    def transform(self, card: Card, requests: pa.Table, state: FeatureState) -> Inputs:
        """The columns of the card."""
        return tabular.transform(card, requests, state)

    def examples(self, card: Card, table: pa.Table) -> Examples:
        """Row by row, whatever the card's delay."""
        found = read_examples(card.data, table)
        wait = np.asarray(table["ad_id"].to_numpy()) % (LONGEST + 1) * MINUTE
        return replace(found, labels=1 - found.labels, known_at=found.known_at + wait)
