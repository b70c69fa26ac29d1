"""A project whose registry holds two tiny versions, and the files that its stages exchange."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from slipway.base.digest import sha256
from slipway.records.evidence import Evidence
from slipway.registry.tracking import DATABASE
from slipway.registry.versions import Registry
from slipway.report import page
from slipway.settings import Line
from slipway.settings.root import Project
from slipway.stages.record import keep, new_record, of_version
from slipway.stages.run import RunRef
from slipway.version.manifest import MANIFEST
from tests.slipway.report import sample
from tests.slipway.root import ROOT
from tests.slipway.tiny import tiny_version

DRAW = page.figure
DRAWN: dict[tuple[str, str], page.Figure] = {}
RUN = RunRef(
    id="20260102-030405-aaaaaa", system="ad_click", size="small", revision="WORKSPACE", fingerprint="f"
)


@dataclass(frozen=True)
class Desk:
    """What lies on the table when a candidate comes to be registered."""

    root: Path
    data: Path
    models: Path
    evidence: Path
    summary: Path
    docs: Path

    @property
    def files(self) -> dict[str, Path]:
        """What `register` and `refuse` get, by the names of their parameters."""
        names = ("data", "models", "evidence", "summary", "docs")
        return {name: getattr(self, name) for name in names} | {"report": self.root / "report.html"}

    @property
    def registry(self) -> Registry:
        """The registry of the project."""
        return Registry(Line(Project(self.root), "ad_click", "small"))

    def goes_live(self, number: int) -> None:
        """Put a version into production as a rollout does: with a record, and then the alias."""
        registry = self.registry
        known = of_version(registry, number)
        keep(registry, new_record(RUN, registry, "rollout", "first", "nothing was live", known), None)
        registry.point("production", number)

    def retrain(self) -> None:
        """Other bits for the candidate, as of the same training at another commit."""
        path = self.models / "candidate" / MANIFEST
        manifest = json.loads(path.read_text())
        before = manifest["code"]["git_commit"] or ""
        manifest["code"]["git_commit"] = f"{int(before or '0', 16) + 1:040x}"
        path.write_text(json.dumps(manifest))
        self.write_evidence()

    def register_twin(self) -> None:
        """The bits of version 1 under another number, from before that was refused."""
        registry = self.registry
        known = replace(of_version(registry, 1), version=None)
        record = new_record(RUN, registry, "training", "registered", "it is good", known)
        number = registry.register(record.run or "", self.models / "candidate")
        keep(registry, record.model_copy(update={"version": number}), None)

    def write_evidence(self, **changes: object) -> Evidence:
        """Good evidence about the candidate that lies here, or what `changes` make of it."""
        found = sample.evidence(champion=False)
        before = found.holdout.start.replace(year=2020)
        digest = sha256(self.models / "candidate" / MANIFEST)
        mine = found.candidate.model_copy(update={"digest": digest, "train_end": before})
        holdout = found.holdout.model_copy(update={"fingerprint": "f"})
        found = found.model_copy(update={"candidate": mine, "holdout": holdout} | changes)
        self.evidence.write_text(found.model_dump_json())
        return found


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of an empty registry, to copy: MLflow takes seconds to make one."""
    root = tmp_path_factory.mktemp("registry")
    shutil.copyfile(ROOT / "project.yaml", root / "project.yaml")
    registry = Registry(Line(Project(root), "ad_click", "small"))
    registry.client.search_experiments(max_results=1)
    return registry.folder / DATABASE


@pytest.fixture(scope="session")
def candidate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole version, to copy."""
    out = tmp_path_factory.mktemp("versions") / "candidate"
    tiny_version(ROOT, out, "logistic")
    return out


@pytest.fixture(scope="package", autouse=True)
def figures_drawn_once() -> Iterator[None]:
    """Most records here tell the same evidence, whose figures take half of a test's time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page, "figure", _drawn)
        yield


def _drawn(plot: Callable[..., str], *evidence: object) -> page.Figure:
    key = plot.__name__, repr(evidence)
    if key not in DRAWN:
        DRAWN[key] = DRAW(plot, *evidence)
    return DRAWN[key]


@pytest.fixture
def desk(tmp_path: Path, database: Path, candidate: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A project of its own, with an empty registry."""
    root = tmp_path / "a project"
    (root / "systems" / "ad_click").mkdir(parents=True)
    for name in ("project.yaml", "bentofile.yaml", "systems/ad_click/system.yaml"):
        shutil.copyfile(ROOT / name, root / name)
    monkeypatch.chdir(root)
    files = ("data", "models", "evidence.json", "summary.json", "docs.html")
    found = Desk(root, *(tmp_path / name for name in files))
    found.registry.folder.mkdir(parents=True)
    shutil.copyfile(database, found.registry.folder / DATABASE)
    found.data.mkdir()
    (found.data / "manifest.json").write_text(sample.split().model_dump_json())
    found.models.mkdir()
    shutil.copytree(candidate, found.models / "candidate")
    summary = {"evaluated": 1, "failed_critical": [], "failed_warning": []}
    found.summary.write_text(json.dumps({"summary": summary}))
    found.docs.write_text("<title>Data Docs</title>")
    found.write_evidence()
    return found
