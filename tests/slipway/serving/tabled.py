"""Versions of systems that `new-system` wrote for a table, served in this process."""

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slipway.base.digest import sha256
from slipway.data.ingest import ingest_rows
from slipway.data.split import split_rows
from slipway.release.bento import lay_out
from slipway.serving.app import build
from slipway.serving.served import Served, load
from slipway.settings import Card, Size
from slipway.settings.root import Project
from slipway.starter.choices import Choices
from slipway.starter.start import Asked, new_system
from slipway.system import load_system
from slipway.training.fit import data_ref, train_models
from slipway.version.manifest import MANIFEST, Registered, verify
from tests.slipway.root import ROOT
from tests.slipway.serving.browser import Browser
from tests.slipway.starter.tables import blank, write

CHURN = Choices("Churned", time="Signed Up")


@dataclass(frozen=True)
class Tabled:
    """A project with one system.

    Attributes:
        folder: the version.
        served: the same, loaded as in a Bento.
    """

    project: Project
    card: Card
    folder: Path
    served: Served

    @property
    def browser(self) -> Browser:
        """The application in this process."""
        return Browser(build(self.served))


def tabled(
    root: Path,
    lines: list[str],
    choices: Choices,
    edited: Callable[[str], str] = lambda card: card,
    size: Size = "full",
) -> Tabled:
    """Make a system of the lines of a CSV, train its baseline and load it.

    Args:
        root: where the project will be.
        edited: what the user makes of the card.
        size: of the data.
    """
    project = Project(blank(root))
    for name in ("bentofile.yaml", "requirements-serving.txt"):
        shutil.copyfile(ROOT / name, root / name)
    new_system(project, Asked("made", write(root.parent / "t.csv", lines), choices), lambda _: None)
    path = root / "systems/made/system.yaml"
    path.write_text(edited(path.read_text()))
    # Settings are read once.
    project = Project(root)
    card, data = project.card("made"), root / "data"
    ingest_rows(project, card, size, data / "raw")
    split_rows(card, load_system("made", root), size, data / "raw", data / "split")
    train_models(
        root,
        card,
        data / "split",
        data_ref(data / "split", "f", size),
        data / "models",
        "baseline",
        _silent,
    )
    folder = data / "models" / "baseline"
    lay_out(
        folder,
        verify(folder),
        Registered(name="made", number=1, digest=sha256(folder / MANIFEST)),
        root / "src",
    )
    return Tabled(project, card, folder, load(root / "src", None))


def _silent(_: Any) -> None:
    pass


def customers(rows: int = 2000, lack: float = 0.04, plan_lack: float = 0.04) -> list[str]:
    """A CSV in which every input lacks a few values somewhere, as in a survey."""
    drawn = random.Random(4)  # noqa: S311 - a table, not a secret

    def or_none(value: object, share: float) -> str:
        return "" if drawn.random() < share else str(value)

    lines = ["Signed Up,Plan,Months,Monthly Spend,Churned"]
    for row in range(rows):
        plan, months = drawn.choice(["basic", "plus", "pro"]), drawn.randrange(48)
        spend = round(drawn.gammavariate(2, 20), 2)
        chance = min(max(0.25 + 0.35 * (plan == "basic") - 0.006 * months + 0.004 * spend, 0.03), 0.97)
        left = "Yes" if drawn.random() < chance else "No"
        day = f"2024-{1 + row * 12 // rows:02d}-{1 + row % 28:02d} {row % 24:02d}:00:00"
        cells = [or_none(plan, plan_lack), or_none(months, lack), or_none(spend, lack)]
        lines.append(",".join([day, *cells, left]))
    return lines
