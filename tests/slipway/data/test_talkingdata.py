"""A real table by the system made for the generator: only the card differs."""

from pathlib import Path

from slipway.data.check import check_rows, require
from slipway.data.parquet import ROWS
from slipway.data.parts import check_parts, require_parts
from slipway.data.split import split_rows
from slipway.system import load_system
from tests.slipway.data.small import ingest
from tests.slipway.reference import talkingdata
from tests.slipway.root import ROOT


def test_ingest_check_split(tmp_path: Path) -> None:
    """A hundred thousand real clicks, a handful per thousand installed, pass and are cut between minutes."""
    found = talkingdata()
    card = found.card
    ingest(found, tmp_path / "raw")
    extra = load_system("ad_click", ROOT).expectations(card)
    require(check_rows(card.name, card.task, extra, [tmp_path / "raw" / ROWS], tmp_path / "checks"))
    manifest = split_rows(card, load_system("ad_click", ROOT), "full", tmp_path / "raw", tmp_path / "split")
    require_parts(check_parts(card, load_system("ad_click", ROOT), tmp_path / "split"))

    parts = manifest.parts.values()
    assert sum(part.rows + (part.left_out or 0) for part in parts) == 100_000
    assert round(sum(part.rows * part.labels["base_rate"] for part in parts)) == 213
