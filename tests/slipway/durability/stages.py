"""The stages of a rollout of tiny versions, run one by one in a project's folder as by a pipeline."""

import json
import shutil
from pathlib import Path
from typing import Any

import psutil
import yaml

from slipway.base.digest import sha256
from slipway.release import servers
from slipway.release.bento import bento_path
from slipway.rollout.stop import StopRequest
from slipway.rollout.targets import bind
from slipway.settings.root import Project
from slipway.stages import abort as abort_stage
from slipway.stages import canary as canary_stage
from slipway.stages import first as first_stage
from slipway.stages import package as package_stage
from slipway.stages import promote as promote_stage
from slipway.stages import refuse as refuse_stage
from slipway.stages import register as register_stage
from slipway.stages import shadow as shadow_stage
from slipway.stages import smoke as smoke_stage
from slipway.stages.move import recover
from slipway.stages.rollback import roll_back
from slipway.stages.verdict import verdict
from slipway.version.manifest import MANIFEST
from slipway.version.packed import require_packed
from tests.slipway.durability.scenes import SYSTEM, aliases, here, run_ref, whole_versions
from tests.slipway.report import sample
from tests.slipway.rollout.live import write_replay
from tests.slipway.root import ROOT
from tests.slipway.tiny import tiny_version

DATA, WORK = Path("split"), Path("work")
SHORT = {
    "batch_requests": 150,
    "block_requests": 50,
    "warmup_requests": 10,
    "steps": [{"weight": 25, "requests": 300}, {"weight": 50, "requests": 600}],
    "guardrails": {
        "min_requests": 50,
        "max_latency_ratio": 1000.0,
        "max_error_rate_rise": 0.05,
        "max_unknown_rise": 0.05,
    },
}


def settle_in() -> None:
    """Make the folder a project: the second of two versions is what its users love."""
    shutil.copytree(ROOT / "systems", "systems", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(ROOT / "project.yaml", "project.yaml")
    path = Path("systems") / SYSTEM / "system.yaml"
    card = yaml.safe_load(path.read_text())
    card["rollout"] |= SHORT
    card["problem"]["p99_latency_ms"] = 60_000
    path.write_text(yaml.safe_dump(card, sort_keys=False))
    for number, kind in ((1, "logistic"), (2, "boosting")):
        tiny_version(ROOT, _models(number) / "candidate", kind)  # type: ignore[arg-type]
        _write_evidence(number)
    write_replay(DATA, 1000, _models(2) / "candidate")
    (DATA / "manifest.json").write_text(sample.split().model_dump_json())
    Path("summary.json").write_text(
        json.dumps({"summary": {"evaluated": 1, "failed_critical": [], "failed_warning": []}})
    )
    Path("docs.html").write_text("<title>Data Docs</title>")


def _models(number: int) -> Path:
    return Path("models") / str(number)


def _write_evidence(number: int) -> None:
    """What would have been measured of a version, had it been trained on data."""
    found = sample.evidence(champion=False)
    digest = sha256(_models(number) / "candidate" / MANIFEST)
    candidate = found.candidate.model_copy(
        update={"digest": digest, "train_end": found.holdout.start.replace(year=2020)}
    )
    holdout = found.holdout.model_copy(update={"fingerprint": "f"})
    changed = found.model_copy(update={"candidate": candidate, "holdout": holdout})
    Path(f"evidence-{number}.json").write_text(changed.model_dump_json())


def step(stage: str, name: str, version: int, stable: int) -> None:
    """Run one stage of a pipeline run, with what the stages before it left."""
    run, work = run_ref(name), WORK / name
    work.mkdir(parents=True, exist_ok=True)
    smoked, evidence, report = work / "smoked.json", work / "evidence.json", work / "report.html"
    trained = {
        "data": DATA,
        "models": _models(version),
        "evidence": Path(f"evidence-{version}.json"),
        "summary": Path("summary.json"),
        "docs": Path("docs.html"),
        "report": report,
    }
    tag = work / "bento.txt"
    known = {"version": version, "bento": tag.read_text() if tag.is_file() else "", "data": DATA}
    if stage == "register":
        register_stage.register(run, **trained)
    elif stage == "refuse":
        refuse_stage.refuse(run, **trained)
    elif stage == "package":
        tag.write_text(package_stage.package(run, version))
    elif stage == "smoke":
        smoke_stage.smoke(run, version=version, bento=tag.read_text(), checks=smoked)
    elif stage == "shadow":
        _declare_alone()
        shadow_stage.shadow(run, version=version, stable=stable, data=DATA, evidence=work / "shadow.json")
    elif stage == "canary":
        canary_stage.canary(run, version=version, stable=stable, data=DATA, evidence=evidence)
    elif stage == "first":
        first_stage.first(run, smoked=smoked, report=report, **known)
    else:
        end = {"promote": promote_stage.promote, "abort": abort_stage.abort}[stage]
        end(run, stable=stable, smoked=smoked, evidence=evidence, report=report, **known)


def _declare_alone() -> None:
    """Let outcomes depend on no answer, for then a shadow asks both versions."""
    path = Path("systems") / SYSTEM / "system.yaml"
    card = yaml.safe_load(path.read_text())
    card["problem"]["outcome_depends_on_answer"] = False
    card["rollout"] |= {"shadow": {"requests": 60}, "batch_requests": 30}
    path.write_text(yaml.safe_dump(card, sort_keys=False))


def rollout(name: str, version: int) -> None:
    """What `slipway rollout` runs, from its own recovery to the decision."""
    registry = here()[1]
    recover(registry.line)
    stable = registry.resolve("production") or 0
    if stable == version:
        return
    for stage in ("package", "smoke", "canary" if stable else "first"):
        step(stage, name, version, stable)
    if stable:
        told = verdict(run_ref(name), WORK / name / "evidence.json")
        step("promote" if told == "promote" else "abort", name, version, stable)


def rollback() -> None:
    """What `slipway rollback` runs."""
    roll_back(here()[1].line, "clicks from robots")


def found() -> dict[str, Any]:
    """What the next run finds, once it has recovered and had the traffic."""
    line = here()[1].line
    whole_versions()
    said = recover(line)
    assert StopRequest(line).found() is None, "a request to stop outlived who made it"
    with bind(line).lease.held():
        pass
    left = [one.pid for one in servers.running(line.project)]
    assert not left, f"servers {left} outlived the run that was killed"
    return {"said": said, "state": look()}


def look() -> dict[str, Any]:
    """The state as one compares it."""
    project, registry = here()
    traffic = bind(registry.line).placement.state()
    known = sorted({number for one in registry.records() if (number := one.version) is not None})
    return {
        "aliases": aliases(registry),
        "records": [[one.decision, one.version, one.replaced] for one in registry.records()],
        "traffic": None if traffic is None else traffic.model_dump(mode="json"),
        "barred": [number for number in known if registry.get(number).barred],
        "unfinished": [path.name for path in (project.state / "intents").glob("*.json")],
        "bentos": bentos(project),
    }


def bentos(project: Project) -> list[str]:
    """The tags that look packaged, each whole."""
    tags = [f"{path.parent.name}:{path.name}" for path in (project.state / "bentoml" / "bentos").glob("*/*")]
    for tag in tags:
        require_packed(bento_path(project, tag) / "src", None)
    return sorted(tags)


def processes(root: Path) -> list[str]:
    """Command lines of processes that name a folder of the project."""
    lines = [" ".join(one.info["cmdline"] or []) for one in psutil.process_iter(["cmdline"])]
    return [line for line in lines if str(root) in line]
