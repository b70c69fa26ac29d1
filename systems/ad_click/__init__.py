"""Ad click prediction: of the ads that may be shown to a user, which is most likely clicked."""

from pathlib import Path
from typing import Any

import pyarrow as pa

from slipway.system import Card, FeatureState, Inputs, System

from . import features


class AdClick(System):
    """Generator and expectations are imported when asked for: a serving image holds the features alone."""

    def generate(self, rows: int, seed: int, out: Path) -> None:
        """Draw impressions; see `source/`."""
        from .source import generate

        generate(rows, seed, out)

    def expectations(self, card: Card) -> list[Any]:
        """What sound impressions satisfy; see `expectations.py`."""
        from .expectations import expectations

        return expectations(card)

    def fit_features(self, card: Card, train: pa.Table) -> FeatureState:
        """Vocabularies and frequencies; see `features.py`."""
        return features.fit(card, train)

    def transform(self, card: Card, requests: pa.Table, state: FeatureState) -> Inputs:
        """Columns to model inputs; see `features.py`."""
        return features.transform(card, requests, state)


system = AdClick()
