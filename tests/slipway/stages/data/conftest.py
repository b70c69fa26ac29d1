"""A project whose split is under DVC, and the stages of a run that work on it."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from slipway.data.split import split_rows
from slipway.data.versions import fingerprint, hash_of, run_stages
from slipway.registry.versions import Registry
from slipway.settings import Line, load_card
from slipway.settings.root import Project
from slipway.stages.check import check
from slipway.stages.evaluate import evaluate
from slipway.stages.run import RunRef
from slipway.stages.train import train
from slipway.system import load_system
from tests.slipway.data.test_versions import git
from tests.slipway.root import ROOT

STAGE = """stages:
  split:
    matrix: {system: [ad_click], size: [small]}
    cmd: mkdir -p data/ad_click/${item.size}/split && cp made/* data/ad_click/${item.size}/split
    deps:
      - made
    outs:
      - data/ad_click/${item.size}/split
"""
CHECKED = "the refusal is the only record, no version registered"
UNTRAINED = "no model is written, no version registered"
Change = Callable[[Path], object]


def of_data(
    name: str, fed: str, reason: str, stops: str, untouched: str = CHECKED, **guard: str | list[str]
) -> pytest.MarkDecorator:
    """The marker of a gate before training."""
    return pytest.mark.gate(name, fed=fed, stops=stops, exit=3, reason=reason, untouched=untouched, **guard)


def rows(count: int = 2000) -> pa.Table:
    """Sound impressions."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        load_system("ad_click", ROOT).generate(count, 17, Path(folder))
        return pq.read_table(Path(folder) / "rows.parquet")


def split_of(table: pa.Table, out: Path) -> Path:
    """The four parts of rows, however broken these are."""
    raw = out.with_name(f"{out.name}-raw")
    raw.mkdir()
    pq.write_table(table, raw / "rows.parquet")
    split_rows(load_card(ROOT, "ad_click"), load_system("ad_click", ROOT), "small", raw, out)
    return out


@pytest.fixture(scope="session")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose split is under DVC, committed."""
    root = tmp_path_factory.mktemp("data") / "a project"
    for folder in ("systems/ad_click/source", ".dvc"):
        (root / folder).mkdir(parents=True)
    code = [file.relative_to(ROOT) for file in (ROOT / "systems/ad_click").rglob("*.py")]
    for name in ("project.yaml", ".gitignore", ".dvc/config", ".dvc/.gitignore", *code):
        shutil.copyfile(ROOT / name, root / name)
    shutil.copyfile(ROOT / "systems/ad_click/system.yaml", root / "systems/ad_click/system.yaml")
    (root / "dvc.yaml").write_text(STAGE)
    split_of(rows(), root / "made")
    shutil.rmtree(root / "made-raw")
    assert Registry(Line(Project(root), "ad_click", "small")).client  # laid out once, for the copies
    git(root, "init", "--quiet")
    assert run_stages(Line(Project(root), "ad_click", "small"))
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "first")
    return root


@dataclass(frozen=True)
class Desk:
    """A project, and where a run's stages leave what they make."""

    project: Project
    out: Path

    @property
    def line(self) -> Line:
        """Its small line."""
        return Line(self.project, "ad_click", "small")

    @property
    def registry(self) -> Registry:
        """Its registry."""
        return Registry(self.line)

    @property
    def split(self) -> Path:
        """The split in the working tree."""
        return self.line.data / "split"

    def run(self, revision: str = "WORKSPACE", data: Path | None = None) -> RunRef:
        """A run on the data that DVC names, or on some by its own hash."""
        named = fingerprint(self.line) if data is None else hash_of(data)
        return RunRef(id="r", system="ad_click", size="small", revision=revision, fingerprint=named)

    def cached(self, name: str) -> Path:
        """A file of the split as DVC's cache has it; without a name, the list of them."""
        found = fingerprint(self.line)
        cache = self.project.root / ".dvc" / "cache" / "files" / "md5"
        if name:
            listed = json.loads((cache / found[:2] / found[2:]).read_text())
            found = next(one["md5"] for one in listed if one["relpath"] == name)
        return cache / found[:2] / found[2:]

    def nothing_done(self, said: str) -> None:
        """One refusal is on record, for what was said; no model lies here and none is registered."""
        found = [(one.decision, one.version, one.reason) for one in self.registry.records()]
        assert found == [("refused", None, said)]
        assert list(self.registry.client.search_registered_models()) == []
        assert not (self.out / "models").exists()
        assert not (self.out / "evidence.json").exists()


@pytest.fixture
def desk(committed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A copy of the project, which is the working directory."""
    root = shutil.copytree(committed, tmp_path / "a project", symlinks=True)
    monkeypatch.chdir(root)
    (tmp_path / "out").mkdir()
    return Desk(Project(root), tmp_path / "out")


def replace(path: Path, content: bytes) -> None:
    """Another file of the same name, as a person or a program leaves it that asks no leave of DVC."""
    path.unlink()
    path.write_bytes(content)


def stage(name: str, run: RunRef, desk: Desk, data: Path) -> None:
    """Run one stage on a folder."""
    if name == "check":
        check(run, data=data, summary=desk.out / "summary.json", docs=desk.out / "docs.html")
    elif name == "train":
        train(run, "baseline", data=data, models=desk.out / "models")
    else:
        evidence = desk.out / "evidence.json"
        evaluate(run, champion=0, data=data, models=desk.out / "models", evidence=evidence)
