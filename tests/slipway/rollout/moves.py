"""What tests of moves of production share: versions in a real registry, and traffic in a variable."""

from pathlib import Path

from slipway.records.decision import DecisionRecord
from slipway.registry.versions import Registry
from slipway.rollout.promotion import Promoter
from slipway.rollout.target import Deployed
from slipway.settings import Line
from slipway.settings.root import Project
from tests.slipway.report import sample
from tests.slipway.root import ROOT
from tests.slipway.tiny import tiny_version


class OneServer:
    """Traffic kept in a variable: what a target must do and no more; it can lose a shift."""

    name = "memory"

    def __init__(self, version: int | None = None, deaf: bool = False) -> None:
        self.version, self.before, self.deaf = version, version, deaf

    def shift(self, version: Deployed) -> None:
        """Send all traffic to one version."""
        self.before, self.version = self.version, self.version if self.deaf else version.number

    def restore(self) -> None:
        """Undo the last shift."""
        self.version = self.before

    def answering(self) -> int | None:
        """The version that answers."""
        return self.version


def registered(root: Path) -> Registry:
    """A real registry with three versions, and the second's twin as the fourth."""
    (root / "project.yaml").write_text((ROOT / "project.yaml").read_text())
    found = Registry(Line(Project(root), "ad_click", "small"))
    skews = {"one": 0.0, "two": 1e-9, "three": 0.1}
    for name, skew in skews.items():
        tiny_version(ROOT, root / name, "logistic", skew)
    for name in (*skews, "two"):
        found.register(found.start_run("training", "test", "f"), root / name)
    return found


def record(registry: Registry, decision: str, version: int, replaced: int | None) -> DecisionRecord:
    """A decision about a version, in a run of its own."""
    won = sample.canary() if decision == "promote" else None
    won = won and won.model_copy(update={"canary": version, "stable": replaced})
    return sample.record(
        decision=decision,
        version=version,
        replaced=replaced,
        version_digest=registry.get(version).digest,
        canary=won,
        run=registry.start_run("rollout", "test", "f"),
    )


def promoter(registry: Registry, target: OneServer) -> Promoter:
    """A promoter of the small line."""

    def keep(record: DecisionRecord) -> None:
        registry.keep(record, registry.folder)

    return Promoter(registry, target, keep)


def kept(registry: Registry, made: DecisionRecord) -> DecisionRecord:
    """The record that a run holds."""
    path = registry.artifact(made.run or "", f"records/{made.id}.json")
    return DecisionRecord.model_validate_json(path.read_text())


def production(registry: Registry) -> tuple[int | None, int | None]:
    """The versions in production and before it."""
    return registry.resolve("production"), registry.resolve("previous")
