"""A card as its text says, and a table as it is looked at."""

from pathlib import Path

import yaml

from slipway.settings import Card
from slipway.starter.profile import Profile, profile
from slipway.starter.source import describe


def card_of(text: str) -> Card:
    """The card, checked as a file would be."""
    return Card.model_validate(yaml.safe_load(text))


def look(path: Path, time: str | None = None, label: str | None = None) -> Profile:
    """The profile of the table at a path."""
    path.with_suffix(".work").mkdir(exist_ok=True)
    return profile(describe(path, None), path, path.with_suffix(".work"), time, label)
