"""Impressions to model inputs: the same functions train and serve."""

import pyarrow as pa

from slipway.system import Card, FeatureState, Inputs, tabular


def fit(card: Card, train: pa.Table) -> FeatureState:
    """Learn vocabularies and frequencies of the columns that the card lists under `features`."""
    return tabular.fit(card, train)


def transform(card: Card, requests: pa.Table, state: FeatureState) -> Inputs:
    """The card's columns as model inputs; numbers of your own go in as `more`, by name.

    Counts of the past (`ad_views`, `seen_before`) come with the request, so nothing is looked up here.
    """
    return tabular.transform(card, requests, state)
