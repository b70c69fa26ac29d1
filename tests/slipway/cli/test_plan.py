"""`slipway plan`: what a rollout could show, and how it would end."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from slipway.settings import load_card
from tests.slipway.cli.conftest import only_line, settings_only, slipway
from tests.slipway.rollout.live import short, write_replay
from tests.slipway.root import ROOT


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short rollout and rows for it; no version, no registry."""
    root = settings_only(tmp_path_factory.mktemp("plan") / "a project")
    folder = root / "systems" / "ad_click"
    for file in (ROOT / "systems" / "ad_click").glob("*.py"):
        shutil.copyfile(file, folder / file.name)
    rollout(root, {})
    split = root / "data" / "ad_click" / "small" / "split"
    split.parent.mkdir(parents=True)
    write_replay(split, 2100)
    return root


def rollout(root: Path, changes: dict[str, object]) -> None:
    """Change the rollout of the card."""
    path = root / "systems" / "ad_click" / "system.yaml"
    kept = short(load_card(ROOT, "ad_click")).rollout.model_dump(mode="json")
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"rollout": kept | changes}))


def test_the_plan_is_shown_and_nothing_is_written(project: Path) -> None:
    """Not even the state folder, and no registry."""
    ran = slipway(project, "plan", "--size", "small")

    assert ran.returncode == 0, ran.stderr
    assert "no version to try against nothing live" in ran.stdout
    assert "2,020 of 2,100 requests" in ran.stdout
    for code in ("canary.error_rate", "canary.latency", "canary.metric_known"):
        assert f"{code}: if " in ran.stdout
    assert not (project / ".slipway").exists()


def test_a_simulation_is_a_table_and_a_plot(project: Path, tmp_path: Path) -> None:
    """As JSON with the intervals of the rates; that a seed is a simulation stands in test_simulation.py."""
    plot = tmp_path / "a plot.png"
    told = ("plan", "--size", "small", "--simulate", "--draws", "2", "--seed", "3", "--to", str(plot))
    shown, found = (slipway(project, *told, *more) for more in ((), ("--json",)))

    assert shown.returncode == 0, shown.stderr
    assert "how 2 rollouts end" in shown.stdout
    assert plot.read_bytes().startswith(b"\x89PNG")
    worlds = json.loads(found.stdout)["simulation"]
    assert [world["rollouts"] for world in worlds] == [2] * 4
    assert worlds[0]["promoted"].keys() == {"value", "low", "high"}


@pytest.mark.gate("rollout.hopeless")
def test_a_hopeless_plan_is_shown_and_refused(project: Path) -> None:
    """With all that it says; exit code 3, as the rollout would end."""
    rollout(project, {"min_effect": 1e-6})
    ran = slipway(project, "plan", "--size", "small")
    rollout(project, {"min_effect": 1e-6, "exploratory": True})
    tried = slipway(project, "plan", "--size", "small")
    rollout(project, {})

    assert "this plan can hardly promote anything; canary.metric: power 0.00" in only_line(ran, 3)
    assert "canary.metric: if it gains +1e-06 per request (the card's min_effect)" in ran.stdout
    assert tried.returncode == 0
    assert "exploratory: it may well end inconclusive" in tried.stdout


@pytest.mark.gate(
    "plan.to",
    fed="a plot that is neither SVG nor PNG",
    stops="settings",
    exit=2,
    reason="expected a name that ends in .svg or .png",
    untouched="nothing is simulated, no file written",
)
def test_a_plot_of_another_kind_is_refused(project: Path, tmp_path: Path) -> None:
    """Before anything is simulated."""
    said = only_line(slipway(project, "plan", "--simulate", "--to", str(tmp_path / "plot.pdf")), 2)

    assert "expected a name that ends in .svg or .png" in said
    assert list(tmp_path.iterdir()) == []
