"""The manifest of a split: what each part holds."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from slipway.base.documents import Document
from slipway.base.strict import Moment, Strict
from slipway.records import older
from slipway.records.labels import Labels

Part = Literal["train", "validation", "holdout", "replay"]
PARTS: tuple[Part, ...] = ("train", "validation", "holdout", "replay")
MIN_ROWS = 100
"""The fewest rows of each part."""


class PartSummary(Strict):
    """One part of the split, `<part>.parquet`."""

    rows: int
    units: int
    labels: Labels
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
    copies: Annotated[
        int | None,
        Field(description="rows left out that copy one of an earlier part; None before schema_version 3"),
    ] = None


class SplitManifest(Document):
    """`manifest.json` beside the parts."""

    schema_version: Literal[1, 2, 3] = 3
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

    @classmethod
    def renewed(cls, content: dict[str, Any]) -> dict[str, Any]:
        """In version 1 every label was 0 or 1; before version 3 nobody looked for copies."""
        if content.get("schema_version") != 1:
            return content
        parts = {part: older.labels(summary) for part, summary in content["parts"].items()}
        return content | {"schema_version": 2, "parts": parts}
