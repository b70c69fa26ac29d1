"""A project whose rows are users' own, one of whom is to be forgotten; its versions carry rows."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from slipway.settings.root import Project
from slipway.storage.forget import find, forget, unit_of
from tests.slipway.durability.litter import data_object
from tests.slipway.durability.scenes import here
from tests.slipway.root import ROOT
from tests.slipway.tiny import impressions

USER = int(impressions(64)["user_id"][0].as_py())
"""Has rows among those that the versions carry."""
CARD = Path("systems") / "ad_click" / "system.yaml"
SOURCE = Path("systems") / "ad_click" / "source"


def settle_in() -> None:
    """Have the rows come from a table, with copies of them in each kind of place."""
    project, registry = here()
    card = yaml.safe_load(CARD.read_text(encoding="utf-8"))
    card["data"]["source"] = {"kind": "table", "format": "csv"}
    CARD.write_text(yaml.safe_dump(card), encoding="utf-8")
    shutil.copytree(ROOT / ".dvc", project.root / ".dvc", ignore=shutil.ignore_patterns("cache", "tmp"))
    subprocess.run(["git", "init", "-q"], cwd=project.root, check=True)
    write_source(USER, USER, USER + 1)
    rows = impressions(64)
    _parquet(project.state / "runs" / "20260101-a" / "split" / "train.parquet", rows)
    bento = project.state / "bentoml" / "bentos" / registry.line.bento
    for number in (2, 3):
        _parquet(bento / str(number) / "src" / "version" / "parity.parquet", rows)
    objects = project.root / ".dvc" / "cache" / "files" / "md5"
    aside = project.root / "aside.parquet"
    for kept in (rows, rows.filter(pa.compute.not_equal(rows["user_id"], USER))):
        _parquet(aside, kept)
        data_object(objects, aside.read_bytes())
    aside.unlink()
    data_object(objects, f"user_id,other\n{USER},1\n".encode())


def write_source(*users: int) -> None:
    """The table as its owner has it."""
    SOURCE.mkdir(parents=True, exist_ok=True)
    text = "".join(f"{user},1\n" for user in users)
    (SOURCE / "rows.csv").write_text(f"user_id,other\n{text}", encoding="utf-8")


def _parquet(path: Path, rows: pa.Table) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows, path)


def found() -> Any:
    """Where the rows are, and the versions that know the user."""
    places, versions = find(unit_of(Project.find(), None, str(USER)))
    return [[one.where, one.rows, one.deed] for one in places], [one.number for one in versions]


def forgotten() -> Any:
    """The record of it."""
    return forget(unit_of(Project.find(), None, str(USER)), lambda _: None).model_dump(mode="json")


def marks() -> list[int]:
    """The versions that say so."""
    _, registry = here()
    versions = registry.client.search_model_versions(f"name = '{registry.name}'")
    return sorted(
        int(one.version) for one in versions if any(tag.startswith("slipway.forgotten.") for tag in one.tags)
    )
