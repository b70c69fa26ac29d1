"""A state folder in which something of each class is needed and something is not."""

import json
import shutil
import sqlite3
import subprocess
from contextlib import closing
from hashlib import md5
from pathlib import Path
from typing import Any

from slipway.base.digest import sha256
from slipway.registry.place import DATABASE
from slipway.storage.collect import collect
from slipway.storage.item import told
from slipway.storage.look import look
from slipway.storage.needs import needs
from slipway.storage.run_folders import LOGS, UNFINISHED
from slipway.version.environment import LOCK
from tests.slipway.durability.scenes import here
from tests.slipway.root import ROOT

FREE = "free"
"""In the name or the content of all that nothing needs."""


def litter() -> None:
    """Lay it out in a project in which version 2 is live, and 1 was before."""
    project, registry = here()
    shutil.copytree(ROOT / ".dvc", project.root / ".dvc", ignore=shutil.ignore_patterns("cache", "tmp"))
    for name in (FREE, "20260101-a", "20260102-b"):
        _file(project.state / "runs" / name / "split" / "train.parquet")
    for name in ("20260101-a", "20260102-b"):
        (project.state / "runs" / name / UNFINISHED).touch()
    for number in range(LOGS + 2):
        _file(project.state / "runs" / f"20260103-{number:02}.log")
    for number in (1, 2, 3):
        _file(project.state / "bentoml" / "bentos" / registry.line.bento / str(number) / "bento.yaml")
    _file(project.state / "bentoml" / "bentos" / "somebody-s" / "1" / "bento.yaml")
    _file(project.state / "bentoml" / f"aside-{FREE}" / "bento.yaml")
    lock = sha256(Path("versions") / "2" / "code" / LOCK)[:16]
    for name in (lock, FREE):
        _file(project.state / "environments" / f"{name}-3.11-x86_64" / "bin" / "python")
    for tag in (f"{registry.line.bento}-2", FREE):
        _file(project.state / "servers" / f"{tag}.log")
    _file(project.state / ".mlflow.db.999999999.part")
    run = registry.start_run("training", "killed", "f")
    registry._upload_version(run, Path("versions") / "3")
    with closing(sqlite3.connect(registry.folder / DATABASE)) as database, database:
        database.execute("UPDATE runs SET start_time = 0 WHERE run_uuid = ?", [run])
    _data(project.root)


def _data(root: Path) -> None:
    """Two commits of a lock, each with a folder of one file, and an object that no lock names."""
    objects = root / ".dvc" / "cache" / "files" / "md5"
    for content in ("first", "second"):
        part = data_object(objects, content.encode())
        listed = data_object(objects, json.dumps([{"md5": part, "relpath": "a"}]).encode(), ".dir")
        (root / "dvc.lock").write_text(f"stages:\n  a:\n    outs:\n    - md5: {listed}\n")
        for command in (["init", "-q"], ["add", "dvc.lock"], [*AS, "commit", "-qm", content]):
            subprocess.run(["git", *command], cwd=root, check=True)
    data_object(objects, FREE.encode())
    (root / "dvc.lock").unlink()


AS = ["-c", "user.name=robot", "-c", "user.email=robot@example.com"]


def data_object(store: Path, content: bytes, end: str = "") -> str:
    """Lay content into a store of DVC; its hash."""
    name = md5(content, usedforsecurity=False).hexdigest() + end
    path = store / name[:2] / name[2:]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return name


def _file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(path.name)


def seen() -> dict[str, int]:
    """How much of each class nothing needs."""
    project, _ = here()
    return {one.name: one.found for one in told(look(project, needs(project)))}


def collected() -> dict[str, int]:
    """The same, removed."""
    project, _ = here()
    return {one.name: one.found for one in told(collect(project, lambda _: None))}


def left() -> Any:
    """Everything that is there, but for locks and logs of what was done since."""
    project, registry = here()
    names = [path.relative_to(project.root).as_posix() for path in project.root.rglob("*") if path.is_file()]
    kept = sorted(name for name in names if "registry/artifacts" not in name and _is_told(name))
    runs = sorted(path.name for path in (registry.folder / "artifacts").iterdir())
    return {"files": kept, "runs": len(runs)}


def _is_told(name: str) -> bool:
    return (
        not name.startswith((".git/", ".dvc/tmp/", ".slipway/registry/", "versions/")) and ".lock" not in name
    )
