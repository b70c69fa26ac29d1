"""The parts of a split, held against their manifest and against each other."""

import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from slipway.base.errors import Refused, SlipwayError
from slipway.data.manifest import SplitManifest
from slipway.data.parts import check_parts, read_manifest, require_parts, summary_checks
from slipway.data.split import MANIFEST, split_rows
from slipway.settings import Card, load_card
from slipway.system import load_system
from tests.slipway.root import ROOT


@pytest.fixture(scope="module")
def card() -> Card:
    """The card of ad_click."""
    return load_card(ROOT, "ad_click")


@pytest.fixture(scope="module")
def whole(card: Card, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound split."""
    folder = tmp_path_factory.mktemp("parts")
    load_system("ad_click", ROOT).generate(4000, 17, folder)
    split_rows(card, load_system("ad_click", ROOT), "small", folder, folder / "split")
    return folder / "split"


@pytest.fixture
def parts(whole: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may break."""
    shutil.copytree(whole, tmp_path / "split")
    return tmp_path / "split"


def failed(card: Card, folder: Path) -> list[str]:
    """The codes of the checks that fail."""
    return [
        check.code for check in check_parts(card, load_system("ad_click", ROOT), folder) if not check.passed
    ]


def test_sound_parts_pass(card: Card, parts: Path) -> None:
    """A split as it was written passes."""
    require_parts(check_parts(card, load_system("ad_click", ROOT), parts))


def test_a_changed_part(card: Card, parts: Path) -> None:
    """Rows that are not those of the manifest are refused."""
    table = pq.read_table(parts / "holdout.parquet")
    pq.write_table(table.slice(1), parts / "holdout.parquet")

    assert failed(card, parts) == ["parts.sha256.holdout", "parts.manifest.holdout"]
    with pytest.raises(Refused, match=r"parts\.sha256\.holdout"):
        require_parts(check_parts(card, load_system("ad_click", ROOT), parts))


def test_a_request_in_two_parts(card: Card, parts: Path) -> None:
    """A request that training and holdout share is a leak."""
    shutil.copyfile(parts / "train.parquet", parts / "holdout.parquet")

    assert "parts.requests" in failed(card, parts)


@pytest.mark.parametrize(
    ("part", "changes", "code"),
    [
        ("holdout", {"start": "2020-01-01T00:00:00Z"}, "parts.time.holdout"),
        ("train", {"end": "2030-01-01T00:00:00Z"}, "parts.time.validation"),
        ("train", {"labels": {"base_rate": 0.0}}, "parts.base_rate.train"),
        ("replay", {"labels": {"base_rate": 1.0}}, "parts.base_rate.replay"),
        ("validation", {"rows": 99}, "parts.rows.validation"),
    ],
)
def test_a_summary_that_fails(card: Card, whole: Path, part: str, changes: dict[str, Any], code: str) -> None:
    """Parts that overlap, have one class only or hardly any rows are refused."""
    content = read_manifest(whole).model_dump(mode="json")
    content["parts"][part] |= changes
    manifest = SplitManifest.model_validate_json(_json(content))

    assert code in [check.code for check in summary_checks(card.task, manifest.parts) if not check.passed]


@pytest.mark.parametrize("name", [MANIFEST, "replay.parquet"])
def test_a_missing_file(card: Card, parts: Path, name: str) -> None:
    """What is not there is named."""
    (parts / name).unlink()

    with pytest.raises(SlipwayError, match=name):
        check_parts(card, load_system("ad_click", ROOT), parts)


def _json(content: dict[str, Any]) -> str:
    import json

    return json.dumps(content)
