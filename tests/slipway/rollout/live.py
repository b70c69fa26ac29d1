"""A project with two real Bentos, and traffic for them."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import yaml
from numpy.typing import NDArray

from slipway.data.requests import request_codes
from slipway.rollout.target import Deployed
from slipway.rollout.traffic import Traffic
from slipway.settings import Card, Line
from slipway.settings.card import Guardrails, Rollout, Step
from slipway.settings.root import Project
from slipway.system import load_system
from tests.slipway.root import ROOT
from tests.slipway.tiny import impressions
from tests.slipway.vouched import proven

SYSTEM = "ad_click"


@dataclass(frozen=True)
class Live:
    """Two versions; what the first ranks first, the second ranks last."""

    project: Project
    first: Deployed
    second: Deployed

    @property
    def line(self) -> Line:
        """Its small line."""
        return Line(self.project, SYSTEM, "small")

    @property
    def card(self) -> Card:
        """The card of the tests."""
        return self.line.card

    def by_tag(self, version: Deployed) -> Deployed:
        """The same, as it was written down before digests were kept: any line can name its Bento."""
        return Deployed(number=version.number, bento=f"{self.line.bento}:{version.number}")

    def folder(self, version: Deployed) -> Path:
        """Where the version was assembled."""
        return self.project.root / f"version{version.number}"


LIMITS = Guardrails(
    min_requests=100, max_latency_ratio=1000.0, max_error_rate_rise=0.05, max_unknown_rise=0.05
)
"""What some hundred requests can show to be kept, and a busy machine cannot trip."""


def short(card: Card) -> Card:
    """The card with a short rollout, which can still promote."""
    rollout = Rollout(
        steps=[Step(weight=25, requests=800), Step(weight=50, requests=1200)],
        warmup_requests=20,
        batch_requests=200,
        block_requests=50,
        guardrails=LIMITS,
        max_duration_minutes=10.0,
        min_duration_days=0.0,
    )
    return card.model_copy(update={"rollout": rollout})


def at_once(card: Card) -> Card:
    """The card of a system whose outcomes are there as soon as its answers."""
    return card.model_copy(update={"data": card.data.model_copy(update={"label_delay_hours": 0.0})})


def make_live(root: Path) -> Live:
    """Assemble and package both versions in a new project."""
    from slipway.release.bento import build_bento
    from tests.slipway.tiny import registered, tiny_version

    shutil.copytree(ROOT / "systems", root / "systems", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(ROOT / "project.yaml", root / "project.yaml")
    project = Project(root)
    path = root / "systems" / SYSTEM / "system.yaml"
    rollout = short(project.card(SYSTEM)).rollout.model_dump(mode="json")
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"rollout": rollout}))
    deployed = []
    seen = impressions()
    unclicked = pc.subtract(1, seen["clicked"])
    turned = seen.set_column(seen.schema.get_field_index("clicked"), "clicked", unclicked)
    for number, rows in ((1, seen), (2, turned)):
        folder = root / f"version{number}"
        tiny_version(ROOT, folder, "logistic", rows=rows)
        known = registered(folder, number, Line(project, SYSTEM, "small").registered)
        build_bento(project, proven(folder), known)
        deployed.append(Deployed(number=number, digest=known.digest))
    return Live(project, *deployed)


def write_replay(split: Path, requests: int, loved: Path | None = None) -> None:
    """Write a replay part; with a version's folder also a truth: users love what that version ranks first."""
    split.mkdir(exist_ok=True)
    table = impressions(requests * 4, seed=5)
    pq.write_table(table, split / "replay.parquet")
    if loved is not None:
        from slipway.version.answer import Version

        answers = Version.load(loved).answer(table, request_codes(table, "request_id"))
        write_truth(split, np.where(answers.ranks == 1, 0.9, 0.1))


def write_truth(split: Path, probability: NDArray[np.float64]) -> None:
    """The true click probabilities, row by row."""
    pq.write_table(pa.table({"probability": probability}), split / "replay.truth.parquet")


def traffic(card: Card, split: Path, requests: int, loved: Path | None = None) -> Traffic:
    """Requests for which a given version is the better one."""
    write_replay(split, requests, loved)
    return Traffic.load(card, load_system("ad_click", ROOT), split, seed=0)
