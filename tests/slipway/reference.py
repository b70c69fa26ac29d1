"""Reference data, which lies outside the repository and may not be redistributed."""

import os
from pathlib import Path

import pytest

from slipway.settings import Card, read
from tests.slipway.root import REPOSITORY


def talkingdata_card() -> Card:
    """The card of the TalkingData sample, pointed at wherever the sample lies; skips where it is absent."""
    card = read(REPOSITORY / "tests" / "slipway" / "cards" / "talkingdata.yaml", Card)
    usual = Path("../shared/data")
    folder = Path(os.environ.get("SLIPWAY_REFERENCE_DATA", REPOSITORY / usual))
    place = (folder / Path(card.data.source.path).relative_to(usual)).resolve()
    if not place.exists():
        pytest.skip(f"no reference data at {place}; SLIPWAY_REFERENCE_DATA names another folder")
    source = card.data.source.model_copy(update={"path": str(place)})
    return card.model_copy(update={"data": card.data.model_copy(update={"source": source})})
