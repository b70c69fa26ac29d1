"""A whole tiny version, to copy and spoil."""

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from slipway.version.assemble import SCORE
from slipway.version.manifest import CODE, MANIFEST, PARITY, Manifest, code_digest, digests
from slipway.version.parity import column
from slipway.version.process import VersionProcess
from tests.slipway.root import ROOT
from tests.slipway.tiny import tiny_version
from tests.slipway.vouched import proven


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A logistic regression."""
    out = tmp_path_factory.mktemp("versions") / "whole"
    tiny_version(ROOT, out, "logistic")
    return out


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    """A version to spoil."""
    return Path(shutil.copytree(whole, tmp_path / "copy"))


def rewrite(version: Path, file: str, old: str, new: str) -> None:
    """Change the code of a version, and its manifest with it."""
    path = version / CODE / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    redigest(version)


def keep_scores(version: Path, python: Path | None = None) -> None:
    """Have a version keep the scores that it gives now, as if it had been trained with that code.

    Args:
        python: by which it gives them.
    """
    sample = pq.read_table(version / PARITY)
    with VersionProcess(proven(version), python=python) as process:
        scores = process.score(version / PARITY, version.with_suffix(".npy"))
    place = sample.column_names.index(SCORE)
    pq.write_table(sample.set_column(place, SCORE, column(scores)), version / PARITY)
    redigest(version)


def redigest(version: Path) -> None:
    """Have the manifest list what lies there."""
    files = digests(version)
    manifest = Manifest.model_validate_json((version / MANIFEST).read_text())
    code = manifest.code.model_copy(update={"digest": code_digest(files)})
    whole = manifest.model_copy(update={"files": files, "code": code})
    (version / MANIFEST).write_text(whole.model_dump_json(), encoding="utf-8")


def set_field(version: Path, field: str, value: Any) -> None:
    """Change one field of a manifest."""
    content = json.loads((version / MANIFEST).read_bytes())
    (version / MANIFEST).write_text(json.dumps(content | {field: value}), encoding="utf-8")
