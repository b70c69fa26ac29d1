"""A project whose registered versions are packaged, with a short rollout and traffic for it."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import yaml

from slipway.registry.versions import Registry
from slipway.rollout.target import Deployed, TrafficState
from slipway.rollout.targets import bind
from slipway.settings import Line
from slipway.settings.root import Project
from slipway.stages.package import package
from slipway.stages.record import keep, new_record, of_version
from slipway.stages.run import RunRef
from tests.slipway.report import sample
from tests.slipway.rollout.live import short, write_replay
from tests.slipway.root import ROOT

RUN = RunRef(id="rollout", system="ad_click", size="small", revision="WORKSPACE", fingerprint="f")


@dataclass(frozen=True)
class Packaged:
    """The project, a split to replay, and the Bentos by version."""

    root: Path
    data: Path
    bentos: dict[int, str]

    @property
    def line(self) -> Line:
        """Its small line."""
        return Line(Project(self.root), "ad_click", "small")

    @property
    def registry(self) -> Registry:
        """Its registry."""
        return Registry(self.line)

    def decisions(self) -> list[tuple[str, int | None, int | None]]:
        """Decision, version and what was live, oldest first."""
        return [(one.decision, one.version, one.replaced) for one in self.registry.records()]

    def deployed(self, number: int) -> Deployed:
        """One of its versions."""
        return Deployed(number=number, digest=self.registry.get(number).digest)

    def traffic(self) -> TrafficState | None:
        """Where its traffic goes."""
        return bind(self.line).placement.state()

    def went_live(self, *numbers: int) -> None:
        """Keep the records by which these versions went live, one over the other, and set the aliases."""
        registry, live = self.registry, None
        for number in numbers:
            known = replace(of_version(registry, number), replaced=live)
            decision = "first" if live is None else "promote"
            keep(registry, new_record(RUN, registry, "rollout", decision, "it is good", known), None)
            if live is not None:
                registry.point("previous", live)
            registry.point("production", number)
            live = number

    def send_traffic(self, number: int) -> TrafficState:
        """Say that all of it goes to a version."""
        traffic = TrafficState(stable=self.deployed(number))
        path = self.line.traffic
        path.parent.mkdir(exist_ok=True)
        path.write_text(traffic.model_dump_json())
        return traffic


def packaged(root: Path, versions: Mapping[int, Callable[[Path], None]]) -> Packaged:
    """Register and package the versions, each of which something writes into its folder."""
    shutil.copytree(ROOT / "systems", root / "systems", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(ROOT / "project.yaml", root / "project.yaml")
    card = root / "systems" / "ad_click" / "system.yaml"
    rollout = short(Project(root).card("ad_click")).rollout.model_dump(mode="json")
    card.write_text(yaml.safe_dump(yaml.safe_load(card.read_text()) | {"rollout": rollout}))
    made = Packaged(root, root.parent / "data", {})
    write_replay(made.data, 2100)
    (made.data / "manifest.json").write_text(sample.split().model_dump_json())
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        for number, write in versions.items():
            folder = root.parent / f"version{number}"
            write(folder)
            run = made.registry.start_run("training", RUN.id, RUN.fingerprint)
            made.registry.register(run, folder)
            known = {"id": f"20260101T000000{number:03d}-r", "decision": "registered", "version": number}
            digest = made.registry.get(number).digest
            made.registry.keep(
                sample.record(**known, run=run, canary=None, version_digest=digest), root.parent
            )
            made.bentos[number] = package(RUN, number)
    return made
