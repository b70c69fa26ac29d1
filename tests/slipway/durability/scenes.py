"""What the processes of these tests do, each a function of JSON values run in a project's folder."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any, Literal, get_args

from slipway.base.atomic import write_text
from slipway.base.errors import SlipwayError
from slipway.base.provenance import now
from slipway.records.decision import DecisionRecord, record_id
from slipway.registry import turns
from slipway.registry.turns.database import Database
from slipway.registry.turns.shared import SharedTurns
from slipway.registry.versions import Alias, Registry
from slipway.rollout.promotion import Promoter
from slipway.rollout.target import Deployed
from slipway.settings import Line
from slipway.settings.root import Project
from slipway.stages.record import refusals_kept
from slipway.stages.run import RunRef
from tests.slipway.report import sample
from tests.slipway.root import ROOT
from tests.slipway.tiny import tiny_version

SYSTEM: Literal["ad_click"] = "ad_click"
SIZE: Literal["small"] = "small"
SKEWS = {1: 0.0, 2: 1e-9, 3: 0.1}
"""Of each version: three with digests of their own, of which the third answers otherwise than in training."""
TRAINED = "trained"
"""The run that registered the versions."""


class FileTarget:
    """Traffic that is a file with a version in it: what a target must do and no more, between processes."""

    name = "file"

    def __init__(self, project: Project) -> None:
        self.path = Path(_lease(project).get("traffic", project.root / "traffic.json"))
        self.before: list[int | None] = []

    def shift(self, version: Deployed) -> None:
        """Send all traffic to one version."""
        self.before.append(self.answering())
        write_text(self.path, json.dumps(version.number))

    def restore(self) -> None:
        """Undo the last shift."""
        if not self.before:
            raise SlipwayError("there was no shift to undo")
        write_text(self.path, json.dumps(self.before.pop()))

    def answering(self) -> int | None:
        """The version that answers."""
        return json.loads(self.path.read_text()) if self.path.exists() else None


def here() -> tuple[Project, Registry]:
    """The project of this process and its registry."""
    project = Project.find()
    return project, Registry(Line(project, SYSTEM, SIZE))


def run_ref(name: str) -> RunRef:
    """A pipeline run."""
    return RunRef(id=name, system=SYSTEM, size=SIZE, revision="WORKSPACE", fingerprint="f")


def settle_in() -> None:
    """Make the folder a project with three registered versions, none in production."""
    for name in ("project.yaml", f"systems/{SYSTEM}/system.yaml"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, name)
    register_all()


def register_all() -> None:
    """Register the three."""
    _, registry = here()
    for number, skew in SKEWS.items():
        folder = Path("versions") / str(number)
        tiny_version(ROOT, folder, "logistic", skew)
        run = registry.start_run("training", TRAINED, "f")
        assert registry.register(run, folder) == number
        absent = {"replaced": None, "bento": None, "data_checks": None, "evaluation": None, "canary": None}
        made = {"decision": "registered", "version": number, "id": record_id(now(), TRAINED), "run": run}
        _keep(registry, sample.record(**(absent | made), version_digest=registry.get(number).digest))


def move(decision: str, version: int, replaced: int | None, name: str = "rollout") -> None:
    """Carry out a decision that moves production; a refusal is kept as a stage keeps it."""
    project, registry = here()
    with refusals_kept(run_ref(name), "rollout", version):
        promoter(project, registry).move(decided(registry, decision, version, replaced, name))


def again(decision: str, version: int, replaced: int | None) -> dict[str, Any]:
    """What the next run finds and does: recover, and carry the decision out where it was dropped."""
    found = whole_versions()
    said = recover()
    if here()[1].resolve("production") != version:
        move(decision, version, replaced)
    return {"found": found, "said": said, "end": look()}


def move_without_registry(decision: str, version: int, replaced: int | None) -> None:
    """The database is away from the moment at which the traffic has moved, and back when this has failed."""
    project, registry = here()
    database, aside = registry.folder / "mlflow.db", project.root / "elsewhere.db"
    moving = promoter(project, registry)

    class Parting(FileTarget):
        def shift(self, version: Deployed) -> None:
            """Send all traffic to one version, and lose the database."""
            super().shift(version)
            database.rename(aside)

    moving.placement = Parting(project)
    try:
        moving.move(decided(registry, decision, version, replaced, "rollout"))
    finally:
        aside.replace(database)


def register(number: int) -> int:
    """Register the bits of a version again, as another one."""
    _, registry = here()
    return registry.register(registry.start_run("training", TRAINED, "f"), Path("versions") / str(number))


def recover() -> str | None:
    """What the next run does first."""
    return promoter(*here()).recover()


def decided(
    registry: Registry, decision: str, version: int, replaced: int | None, name: str
) -> DecisionRecord:
    """A decision about a version, in a run of its own."""
    won = sample.canary() if decision == "promote" else None
    run = registry.start_run("rollout", name, "f")
    return sample.record(
        id=record_id(now(), name),
        decision=decision,
        version=version,
        replaced=replaced,
        version_digest=registry.get(version).digest,
        evaluation=None,
        canary=won and won.model_copy(update={"canary": version, "stable": replaced}),
        run=run,
    )


def promoter(project: Project, registry: Registry) -> Promoter:
    """A promoter of the line, whose target is a file."""

    def keep(record: DecisionRecord) -> None:
        _keep(registry, record)

    return Promoter(registry, FileTarget(project), keep, leased(project, registry))


def leased(project: Project, registry: Registry) -> SharedTurns | None:
    """Turns by the lease that the folder names in `lease.json`, None where it names none."""
    if not (named := _lease(project)):
        return None
    address = named["store"]
    store = Database(address) if address.startswith("sqlite") else turns.store(address)
    return SharedTurns(store, registry.name, named["beat_s"], named["lapse_s"])


def _lease(project: Project) -> dict[str, Any]:
    path = project.root / "lease.json"
    return dict(json.loads(path.read_text())) if path.is_file() else {}


def _keep(registry: Registry, record: DecisionRecord) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        registry.keep(record, Path(temporary))


def look() -> dict[str, Any]:
    """The state as one compares it: names that differ from run to run are left out."""
    project, registry = here()
    return {
        "aliases": aliases(registry),
        "barred": [number for number in SKEWS if registry.get(number).barred],
        "traffic": FileTarget(project).answering(),
        "records": [
            [one.decision, one.version, one.replaced]
            for one in registry.records()
            if one.decision != "registered"
        ],
        "unfinished": promoter(project, registry).turns.look().begun is not None,
    }


def aliases(registry: Registry) -> dict[str, int | None]:
    """What each alias points at."""
    found = registry.client.get_registered_model(registry.name).aliases
    return {name: int(found[name]) if name in found else None for name in get_args(Alias)}


def whole_versions() -> list[int]:
    """The versions that an alias points at, each downloaded, held against its digest and with its record."""
    _, registry = here()
    found = sorted({number for number in aliases(registry).values() if number is not None})
    for number in found:
        with tempfile.TemporaryDirectory() as temporary:
            registry.download(number, Path(temporary))
        registry.training_record(number)
    return found
