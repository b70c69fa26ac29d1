"""The command line: one clear line for every error, and the exit code of its kind."""

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import slipway


@pytest.mark.parametrize("file", ["card", "project"])
def test_schema_prints_a_json_schema(root: Path, file: str) -> None:
    """For an editor to check the settings with."""
    assert "properties" in json.loads(slipway(root, "schema", file).stdout)


def test_an_unknown_system_is_named_with_the_known_ones(root: Path) -> None:
    """One line and exit code 2."""
    ran = slipway(root, "status", "--system", "cats")

    assert (2, 1) == (ran.returncode, len(ran.stderr.strip().splitlines()))
    assert "no system 'cats'; project.yaml lists ['ad_click']" in ran.stderr


def test_outside_a_project_it_says_so(tmp_path: Path) -> None:
    """Wherever one happens to stand."""
    ran = slipway(tmp_path, "status")

    assert ran.returncode == 2
    assert "no project.yaml here or in any folder above" in ran.stderr


def test_nothing_staged_refuses_a_rollout(root: Path) -> None:
    """And says what to do first."""
    ran = slipway(root, "rollout", "--size", "small")

    assert ran.returncode == 3
    assert "slipway train --size small" in ran.stderr


def test_nothing_live_refuses_to_serve(root: Path) -> None:
    """And says what to do first."""
    ran = slipway(root, "serve", "--size", "small")

    assert ran.returncode == 3
    assert "slipway demo --size small" in ran.stderr


def test_status_of_an_empty_registry_is_empty(root: Path) -> None:
    """Both sides say nothing, and agree."""
    found = json.loads(slipway(root, "status", "--json").stdout)

    assert (None, None, []) == (found["production"], found["stable"], found["problems"])


def test_history_of_an_empty_registry_is_empty(root: Path) -> None:
    """An empty list is JSON too."""
    assert [] == json.loads(slipway(root, "history", "--json").stdout)


@pytest.mark.parametrize("command", ["status", "history", "report", "doctor"])
def test_looking_leaves_nothing_behind(own: Path, command: str) -> None:
    """In an empty project there is no registry, and looking does not make one."""
    slipway(own, command)

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
