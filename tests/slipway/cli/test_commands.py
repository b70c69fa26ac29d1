"""The command line: one clear line for every error, and the exit code of its kind."""

import json
import shutil
from pathlib import Path

import pytest

from tests.slipway.cli.conftest import only_line, slipway
from tests.slipway.stages.test_shared_registry import SHARED_REGISTRY
from tests.slipway.starter.tables import blank


@pytest.mark.parametrize("file", ["card", "project"])
def test_schema_prints_a_json_schema(root: Path, file: str) -> None:
    """For an editor to check the settings with."""
    assert "properties" in json.loads(slipway(root, "schema", file).stdout)


@pytest.mark.gate(
    "settings.system",
    fed="a system that project.yaml does not list",
    stops="settings",
    exit=2,
    reason="no system, and the listed ones",
    untouched="no state folder made",
)
def test_an_unknown_system_is_named_with_the_known_ones(own: Path) -> None:
    """One line and exit code 2."""
    said = only_line(slipway(own, "status", "--system", "cats"), 2)

    assert "no system 'cats'; project.yaml lists ['ad_click']" in said
    assert not (own / ".slipway").exists()


@pytest.mark.gate(
    "settings.systems",
    fed="any command that works on a system, in a project that has none",
    stops="settings",
    exit=2,
    reason="systems: none yet, and the command that makes one",
    untouched="no state folder made",
)
@pytest.mark.parametrize("command", ["status", "demo", "train", "serve", "report", "history", "data ingest"])
def test_without_a_system_it_says_how_to_make_one(tmp_path: Path, command: str) -> None:
    """One line and exit code 2."""
    root = blank(tmp_path / "a project")
    said = only_line(slipway(root, *command.split()), 2)

    assert "systems: none yet; make one with `slipway new-system NAME --from FILE --label COLUMN`" in said
    assert not (root / ".slipway").exists()


def test_the_doctor_needs_no_system(tmp_path: Path) -> None:
    """The machine can be looked at before anything else is there."""
    findings = json.loads(slipway(blank(tmp_path / "a project"), "doctor", "--json").stdout)
    assert {"python", "git", "registry"} <= {one["name"] for one in findings}


@pytest.mark.gate(
    "settings.project",
    fed="any command outside of a project",
    stops="settings",
    exit=2,
    reason="no project.yaml here or in any folder above",
    untouched="nothing written",
)
def test_outside_a_project_it_says_so(tmp_path: Path) -> None:
    """Wherever one happens to stand."""
    ran = slipway(tmp_path, "status")

    assert ran.returncode == 2
    assert "no project.yaml here or in any folder above" in ran.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.gate(
    "rollout.staged",
    fed="a rollout where nothing is in staging",
    stops="package",
    exit=3,
    reason="nothing is in staging; train one, or name one",
    untouched="no pipeline run begun",
    guard="registry.staged",
)
def test_nothing_staged_refuses_a_rollout(own: Path) -> None:
    """And says what to do first."""
    ran = slipway(own, "rollout", "--size", "small")

    assert ran.returncode == 3
    assert "is in staging; run `slipway train`" in ran.stderr
    assert not (own / ".slipway" / "runs").exists()


@pytest.mark.gate(
    "serve.live",
    fed="`slipway serve` where nothing is live",
    stops="serve",
    exit=3,
    reason="no version is live; run `slipway demo` first",
    untouched="no server started",
)
def test_nothing_live_refuses_to_serve(own: Path) -> None:
    """And says what to do first."""
    ran = slipway(own, "serve", "--size", "small")

    assert ran.returncode == 3
    assert "slipway demo --size small" in ran.stderr
    assert not (own / ".slipway" / "servers").exists()


def test_status_of_an_empty_registry_is_empty(root: Path) -> None:
    """There is no line to show."""
    assert [] == json.loads(slipway(root, "status", "--json").stdout)
    assert "nothing yet" in slipway(root, "status").stdout


def test_history_of_an_empty_registry_is_empty(root: Path) -> None:
    """An empty list is JSON too."""
    assert [] == json.loads(slipway(root, "history", "--json").stdout)


LOOKING = [
    "status",
    "history",
    "history --at 2026-01-31",
    "report",
    "doctor",
    "schema",
    "clear --version 1 --reason no",
]


@pytest.mark.parametrize("command", LOOKING)
def test_looking_leaves_nothing_behind(own: Path, command: str) -> None:
    """In an empty project there is no registry, and looking does not make one."""
    slipway(own, *command.split())

    assert sorted(path.name for path in own.iterdir()) == ["project.yaml", "systems"]


def test_version_0_is_not_the_one_in_staging(root: Path) -> None:
    """Versions begin with 1; a number that is given is never replaced by another."""
    ran = slipway(root, "rollout", "--size", "small", "--version", "0")

    assert ran.returncode == 2
    assert "--version" in ran.stderr


def test_doctor_fails_only_for_what_blocks(own: Path) -> None:
    """A project without a lock warns of its packages; a project outside Git cannot run at all."""
    missing = slipway(own, "doctor")
    (own / ".git").mkdir()
    warned = slipway(own, "doctor", "--json")

    assert (missing.returncode, warned.returncode) == (1, 0), missing.stderr + warned.stderr
    assert "repository" in missing.stderr
    assert "packages" not in missing.stderr
    packages = next(one for one in json.loads(warned.stdout) if one["name"] == "packages")
    assert (packages["ok"], packages["blocks"]) == (False, False)


@SHARED_REGISTRY
@pytest.mark.parametrize("where", ["environment", "project.yaml"])
def test_a_demo_does_not_begin_at_a_shared_registry(own: Path, tmp_path: Path, where: str) -> None:
    """Wherever it is named; nothing is asked of it, no data is made, no state is left."""
    shared = f"sqlite:///{tmp_path / 'shared.db'}"
    changes = {"MLFLOW_TRACKING_URI": shared} if where == "environment" else {}
    if where == "project.yaml":
        with (own / "project.yaml").open("a") as file:
            file.write(f"tracking_uri: {shared}\n")
    said = only_line(slipway(own, "demo", "--size", "small", **changes), 3)

    assert "embedded registry only" in said
    assert sorted(path.name for path in own.iterdir()) == ["project.yaml", "systems"]
    assert not (tmp_path / "shared.db").exists()


@pytest.mark.gate(
    "demo.ready",
    fed="a demo on a machine or in a folder that lacks what it needs",
    stops="settings",
    exit=1,
    reason="this machine is not ready: and what is missing",
    untouched="no data made, nothing trained",
)
def test_a_demo_says_first_what_is_missing(own: Path) -> None:
    """Outside of Git there is no DVC; it says so before it begins."""
    said = only_line(slipway(own, "demo", "--size", "small"), 1)

    assert "this machine is not ready: repository" in said
    assert not (own / "data").exists()
    assert not (own / ".slipway" / "runs").exists()


def test_a_rollback_needs_something_to_go_back_to(root: Path) -> None:
    """Nothing is barred on the way."""
    ran = slipway(root, "rollback", "--reason", "because")

    assert ran.returncode == 3
    assert "a rollback needs both" in ran.stderr


def test_a_rollback_needs_a_reason(root: Path) -> None:
    """It is a usage error to leave it out."""
    assert slipway(root, "rollback").returncode == 2


def test_a_settings_fault_is_one_line(root: Path, tmp_path: Path) -> None:
    """With the file and the key."""
    other = tmp_path / "p"
    shutil.copytree(root, other, ignore=shutil.ignore_patterns(".slipway"))
    card = other / "systems" / "ad_click" / "system.yaml"
    card.write_text(card.read_text().replace("hash_bits: 17", "hash_bits: 99"))
    ran = slipway(other, "status")

    assert (2, 1) == (ran.returncode, len(ran.stderr.strip().splitlines()))
    assert "features.hash_bits" in ran.stderr
    assert "99" in ran.stderr
