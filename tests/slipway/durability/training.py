"""The DVC stages and those of a training run, one by one in a project's folder as by DVC and a pipeline."""

import importlib
import json
import shutil
from pathlib import Path
from typing import Any

import yaml

from slipway.cli import data as commands
from slipway.data.versions import hash_of
from slipway.stages import check as check_stage
from slipway.stages import evaluate as evaluate_stage
from slipway.stages import fetch as fetch_stage
from slipway.stages import train as train_stage
from slipway.stages.run import RunRef
from slipway.version.assemble import copy_code
from tests.slipway.data.test_versions import git
from tests.slipway.durability.scenes import SIZE, SYSTEM, run_ref
from tests.slipway.root import ROOT

DATA = Path("data") / SYSTEM / SIZE
WARM = ("duckdb", "dvc.api", "dvc_data.hashfile.build", "great_expectations", "slipway.data.suite")
OUT = {
    "data ingest": [DATA / "raw"],
    "data check": [DATA / "checks"],
    "data split": [DATA / "split"],
    "fetch": [Path("run/data")],
    "check": [Path("run/summary.json"), Path("run/docs.html")],
    "train": [Path("run/models/baseline"), Path("run/models/candidate"), Path("run/models/validation.json")],
    "evaluate": [Path("run/evidence.json")],
}
"""What each stage leaves, in the order in which they run."""


def warm() -> None:
    """Import what these stages take long to import."""
    for module in WARM:
        importlib.import_module(module)


def settle_in() -> None:
    """Make the folder a project with code of its own, few rows and small models, in Git."""
    copy_code(ROOT, Path(), SYSTEM)
    system = Path("systems") / SYSTEM
    shutil.copytree(ROOT / system, system, dirs_exist_ok=True)
    for name in ("project.yaml", "bentofile.yaml", ".gitignore", ".dvc/config", ".dvc/.gitignore"):
        Path(name).parent.mkdir(exist_ok=True)
        shutil.copyfile(ROOT / name, name)
    path = system / "system.yaml"
    card = yaml.safe_load(path.read_text())
    card["data"]["source"]["rows"][SIZE] = 2000
    card["models"]["candidates"][0]["params"]["rounds"] = 5
    card["evaluation"]["resamples"] = 100
    path.write_text(yaml.safe_dump(card, sort_keys=False))
    git(Path(), "init", "--quiet")


def step(stage: str) -> None:
    """Run one stage, with what those before it left."""
    if stage.startswith("data "):
        command = {"ingest": commands.ingest, "check": commands.check, "split": commands.split}
        command[stage.removeprefix("data ")](SYSTEM, SIZE)
        return
    run, folder = _run(), Path("run")
    data, models = folder / "data", folder / "models"
    if stage == "fetch":
        fetch_stage.fetch(run, data)
    elif stage == "check":
        check_stage.check(run, data=data, summary=OUT["check"][0], docs=OUT["check"][1])
    elif stage == "train":
        train_stage.train(run, "all", data=data, models=models)
    else:
        evaluate_stage.evaluate(run, champion=0, data=data, models=models, evidence=OUT["evaluate"][0])


def _run() -> RunRef:
    return run_ref("training").model_copy(update={"fingerprint": hash_of(DATA / "split")})


def spoil(path: Path) -> None:
    """Put there what an earlier run may have left."""
    if path.suffix:
        path.write_text("old")
        return
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    (path / "old").write_text("old")


def content(path: Path) -> Any:
    """What lies there, as far as it is the same each time; None for nothing."""
    if path.is_dir():
        return {
            str(one.relative_to(path)): content(one) for one in sorted(path.rglob("*")) if _lasts(path, one)
        }
    if not path.exists():
        return None
    if path.suffix == ".html":  # the docs tell the time of the run
        return "old" if path.read_text() == "old" else path.read_text().strip()[-7:]
    try:
        return _timeless(json.loads(path.read_bytes()))
    except ValueError:
        return path.read_bytes().hex()


def _lasts(folder: Path, file: Path) -> bool:
    """Data Docs are named after the time of the run."""
    return file.is_file() and "docs" not in file.relative_to(folder).parts


def _timeless(value: Any) -> Any:
    """A document without what a clock measured."""
    if isinstance(value, list):
        return [_timeless(one) for one in value]
    if isinstance(value, dict):
        return {name: _timeless(one) for name, one in value.items() if name not in ("latency", "seconds")}
    return value
