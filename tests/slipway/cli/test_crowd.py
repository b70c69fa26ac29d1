"""Two years of decisions: what is looked at reads as much of them as it shows."""

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from slipway.cli import app
from slipway.registry import decisions, kept_records
from slipway.registry.embedded import Embedded
from slipway.registry.versions import Registry
from slipway.settings import Line
from slipway.settings.root import Project
from slipway.trust.signing import LocalKey
from tests.slipway.registry.crowd import Crowd, fill
from tests.slipway.root import ROOT

CROWD = Crowd(records=2000, versions=20)
QUARTER = Crowd(records=200, versions=20)


def project(root: Path, crowd: Crowd) -> Path:
    """A project whose small line is full."""
    (root / "systems" / "ad_click").mkdir(parents=True)
    for name in ("project.yaml", "systems/ad_click/system.yaml"):
        shutil.copyfile(ROOT / name, root / name)
    fill(Registry(Line(Project(root), "ad_click", "small")), crowd)
    return root


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two years."""
    return project(tmp_path_factory.mktemp("crowd") / "a project", CROWD)


@pytest.fixture(scope="module")
def quarter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two months, a version every three days."""
    return project(tmp_path_factory.mktemp("quarter") / "a project", QUARTER)


@pytest.fixture
def work(crowded: Path, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts what a command does: files and records read, signatures verified, questions to the database."""
    found: Counter[str] = Counter()

    def counted(owner: Any, name: str, what: str) -> None:
        real = getattr(owner, name)

        def counting(*arguments: Any, **named: Any) -> Any:
            found[what] += 1
            return real(*arguments, **named)

        monkeypatch.setattr(owner, name, counting)

    counted(kept_records, "part", "files")
    counted(decisions, "parse", "records")
    counted(LocalKey, "signed", "signatures")
    counted(Embedded, "_all", "questions")
    monkeypatch.chdir(crowded)
    return found


def said(*command: str) -> Any:
    """What a command prints as JSON."""
    done = CliRunner().invoke(app, [*command, "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("command", "records", "questions"),
    [
        (("status",), 3, 25),
        (("history",), 20, 5),
        (("history", "--at", "2023-06-01"), 22, 5),
        (("report", "--format", "html"), 1, 10),
    ],
)
def test_what_is_read_is_what_is_shown(
    crowded: Path, work: Counter[str], command: tuple[str, ...], records: int, questions: int
) -> None:
    """Every seal is verified, once, and of the records only those that are shown are parsed."""
    for one in (crowded / ".slipway/registry/artifacts").glob("*/artifacts"):
        (one / "report.html").touch()
    said(*command)

    assert work["files"] == 2 * CROWD.records
    assert CROWD.records <= work["signatures"] <= CROWD.records + 2
    assert work["records"] <= records
    assert work["questions"] <= questions


def test_a_history_is_as_long_as_is_asked_for(quarter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As JSON too, where 2,000 decisions are forty megabytes; it is said that there are more."""
    monkeypatch.chdir(quarter)
    newest = said("history")
    assert len(newest) == 20
    assert said("history", "--last", "3") == newest[-3:]
    since = newest[5]["at"]
    assert said("history", "--since", since) == newest[5:]
    assert said("history", "--since", since, "--last", "2") == newest[-2:]
    assert len(said("history", "--all")) == QUARTER.records
    shown = CliRunner().invoke(app, ["history"])
    assert "the newest 20 of 200 decisions; --all shows the rest" in shown.stderr


def test_what_was_in_production_long_ago_is_found(quarter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its promotion is not among the newest decisions of that day."""
    monkeypatch.chdir(quarter)
    asked = ("history", "--at", "2022-12-19", "--last", "3")
    [past] = said(*asked)
    assert (past["production"], [one["decision"] for one in past["decisions"]]) == (6, ["refused"] * 3)
    shown = CliRunner().invoke(app, asked).stdout
    assert "version 6 was in production, since 2022-12-18 00:00:00: promote" in shown
