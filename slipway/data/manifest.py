"""The manifest of a split: what each part holds."""

from typing import Annotated, Literal

from pydantic import Field

from slipway.settings.base import Moment, Strict

Part = Literal["train", "validation", "holdout", "replay"]


class PartSummary(Strict):
    """One part of the split, `<part>.parquet`."""

    rows: int
    units: int
    base_rate: float
    start: Moment
    end: Moment
    sha256: str


class SplitManifest(Strict):
    """`manifest.json` beside the parts."""

    schema_version: Literal[1] = 1
    system: str
    size: str
    source: Annotated[str, Field(description="generator or table")]
    parts: dict[Part, PartSummary]
