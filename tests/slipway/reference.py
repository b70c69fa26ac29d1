"""Reference data, which lies outside the repository and may not be redistributed."""

import os
from pathlib import Path

import pytest

from slipway.settings import Card, read
from tests.slipway.data.small import Table
from tests.slipway.root import REPOSITORY

SAMPLE = "talkingdata-sample/train_sample.csv.gz"


def reference(name: str) -> Path:
    """A file of the reference data, wherever it lies; skips where it is absent."""
    folder = Path(os.environ.get("SLIPWAY_REFERENCE_DATA", REPOSITORY / "../shared/data"))
    place = (folder / name).resolve()
    if not place.exists():
        pytest.skip(f"no reference data at {place}; SLIPWAY_REFERENCE_DATA names another folder")
    return place


def talkingdata() -> Table:
    """The TalkingData sample and its card."""
    card = read(REPOSITORY / "tests" / "slipway" / "cards" / "talkingdata.yaml", Card)
    return Table(card, reference(SAMPLE))
