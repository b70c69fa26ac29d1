"""A card as its text says."""

import yaml

from slipway.settings import Card


def card_of(text: str) -> Card:
    """The card, checked as a file would be."""
    return Card.model_validate(yaml.safe_load(text))
