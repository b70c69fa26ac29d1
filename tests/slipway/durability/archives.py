"""What processes do with archives, each a function of JSON values run in a project's folder."""

import tempfile
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

import mlflow
import numpy as np

from slipway.base.provenance import now
from slipway.data.overlap import RowSketch
from slipway.records.decision import record_id
from slipway.registry.backup import back_up
from slipway.registry.health import look
from slipway.registry.holdouts import Holdouts
from slipway.registry.migration import migrate
from slipway.registry.restore import restore
from slipway.registry.versions import Registry
from slipway.settings.root import Project
from slipway.trust.signing import LocalKey
from tests.slipway.durability.scenes import aliases, here, register
from tests.slipway.report import sample


def backed_up(out: str) -> None:
    """Write an archive while a thread registers versions."""
    stopped = threading.Event()

    def write() -> None:
        while not stopped.is_set():
            register(3)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        back_up(Project.find(), Path(out))
    finally:
        stopped.set()
        writer.join()


def restored(archive: str) -> None:
    """Put an archive into the project."""
    restore(Project.find(), Path(archive))


def missing() -> list[str]:
    """What the registry names and does not have."""
    return look(Project.find().state / "registry").missing


def own_key() -> str:
    """Make the key of the state folder."""
    return LocalKey(Project.find().state).identity


def with_gap() -> None:
    """Register a fourth version, as a stage does, and delete the third."""
    _, registry = here()
    number = register(1)
    run = registry.get(number).run
    absent = {"replaced": None, "bento": None, "data_checks": None, "evaluation": None, "canary": None}
    made = {"decision": "registered", "version": number, "id": record_id(now(), "again"), "run": run}
    record = sample.record(**(absent | made), version_digest=registry.get(number).digest)
    with tempfile.TemporaryDirectory() as temporary:
        registry.keep(record, Path(temporary))
    registry.client.delete_model_version(registry.name, "3")
    for name in {one.run for one in registry.records() if one.run}:
        registry.log(name, {"size": "small"}, {"log_loss": 0.25})
        registry.end_run(name)
    rows = RowSketch(np.arange(9, dtype=np.uint64))
    Holdouts(registry.line).spend("f", rows, registry.get(number).digest)


def carried(to: str) -> dict[str, Any] | None:
    """Carry the registry of the project to another one; None where it was carried already."""
    found = migrate(here()[1].line, to, lambda _: None)
    return None if found is None else asdict(found)


def made(path: str) -> None:
    """An empty registry in a file."""
    mlflow.MlflowClient(f"sqlite:///{path}").search_experiments(max_results=1)


def counted(uri: str) -> dict[str, Any]:
    """What a registry holds, in numbers."""
    registry = Registry(here()[1].line, uri)
    chain, uses = registry.chain(), Holdouts(registry.line, uri)
    return {
        "aliases": aliases(registry),
        "versions": sorted(int(one.version) for one in registry._versions()),
        "runs": len(registry._runs("")),
        "uses": [[one.digest, one.place] for one in uses.uses()],
        "records": sorted(one.id for one in chain.waiting),
        "breaks": sorted({one.kind for one in chain.breaks}),
    }
