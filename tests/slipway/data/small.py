"""Small cards and tables for the tests of data."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from slipway.base.atomic import whole_folder
from slipway.data.parquet import ROWS
from slipway.data.table import write_table
from slipway.settings import Card, Size
from slipway.settings.data import TableSource
from tests.slipway.root import ROOT

COLUMNS: Mapping[str, Mapping[str, Any]] = {
    "time": {"type": "timestamp", "role": "time", "source": "when"},
    "user": {"type": "string", "role": "unit", "source": "who"},
    "score": {"type": "number", "min": 0, "null_share": 0.5},
    "clicked": {"type": "integer", "role": "label"},
}
AD_CLICK = yaml.safe_load((ROOT / "systems/ad_click/system.yaml").read_text(encoding="utf-8"))
HEADER = ["when", "who", "score", "clicked"]


def card(
    source: Mapping[str, Any],
    columns: Mapping[str, Mapping[str, Any]] = COLUMNS,
    split: Mapping[str, float] | None = None,
) -> Card:
    """The card of ad_click with another `data` section."""
    content = deepcopy(AD_CLICK)
    content["data"] |= {"source": source, "columns": columns, "label_delay_hours": 0}
    if split is not None:
        content["data"]["split"] = split
    numeric = [name for name, column in columns.items() if column["type"] == "number"]
    content["features"] |= {"categorical": [], "numeric": numeric, "crosses": []}
    content["evaluation"]["slices"] = []
    return Card.model_validate(content)


@dataclass(frozen=True)
class Table:
    """A card, and where its table lies, which in a project follows from the system's name."""

    card: Card
    path: Path


def of_table(path: Path, columns: Mapping[str, Mapping[str, Any]] = COLUMNS, **source: Any) -> Table:
    """A table and its card, by default with the columns of `COLUMNS`."""
    return Table(card({"kind": "table", "format": "csv"} | source, columns), path)


def ingest(found: Table, out: Path, size: Size = "full") -> None:
    """Write the table's rows to the folder `out`, as the stage does."""
    source = found.card.data.source
    assert isinstance(source, TableSource)
    with whole_folder(out) as folder:
        write_table(found.card, source, found.path, source.rows.get(size), folder / ROWS)


def lines(rows: int = 4, separator: str = ",") -> list[str]:
    """Rows of `HEADER`'s columns, the newest first, two to a minute."""
    return [
        separator.join([f"2026-01-01 00:{row // 2:02d}", f"user {row}", f"{row}.5", str(row % 2)])
        for row in reversed(range(rows))
    ]
