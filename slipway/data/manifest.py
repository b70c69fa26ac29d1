"""The manifest of a split: what each part holds."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from slipway.base.strict import Moment, Strict

Part = Literal["train", "validation", "holdout", "replay"]
PARTS: tuple[Part, ...] = ("train", "validation", "holdout", "replay")
MIN_ROWS = 100
"""Of each part."""


class PartSummary(Strict):
    """One part of the split, `<part>.parquet`."""

    rows: int
    units: int
    base_rate: float
    start: Moment
    end: Moment
    sha256: str
    known_until: Annotated[
        Moment | None,
        Field(description="the last time at which an outcome became known; None before schema_version 2"),
    ] = None
    left_out: Annotated[
        int | None, Field(description="rows whose outcome was not yet known when the next part began")
    ] = None


class SplitManifest(Strict):
    """`manifest.json` beside the parts."""

    schema_version: Literal[1, 2] = 2
    system: str
    size: str
    source: Annotated[str, Field(description="generator or table")]
    parts: dict[Part, PartSummary]

    @field_validator("parts")
    @classmethod
    def _all_parts(cls, parts: dict[Part, PartSummary]) -> dict[Part, PartSummary]:
        if absent := set(PARTS) - parts.keys():
            raise ValueError(f"no {sorted(absent)}")
        return parts
