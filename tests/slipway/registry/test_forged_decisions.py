"""What tells that somebody wrote to the registry by something else than slipway."""

import json
import shutil
from pathlib import Path

import pytest

from slipway.base.errors import SlipwayError
from slipway.registry.versions import Registry
from tests.slipway.registry.attacks import ATTACKS, decided, forge, invoke, put_back

RECORDED = ("registered", "registered", "registered", "first", "promote", "rollback")


def test_a_line_that_nobody_touched_is_whole(registry: Registry) -> None:
    """And its records explain all that it holds."""
    found = registry.verdict()

    assert found.breaks == []
    assert [one.decision for one in found.chain.entries.values()] == list(RECORDED)
    assert str(found) == f"6 decision records verified, 6 signed by local {registry.signer.identity}"  # type: ignore[union-attr]


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_told_in_a_line(registry: Registry, attack: str) -> None:
    """It names what was touched, and what was expected."""
    act, expected = ATTACKS[attack]
    act(registry)
    told = [str(one) for one in Registry(registry.line).verdict().breaks]

    assert [one for one in told if one.startswith(expected)], told
    assert not [one for one in told if "\n" in one]


@pytest.mark.gate(
    "history.verify",
    fed="a registry with a record that a plain MLflow client put there",
    stops="record",
    exit=1,
    reason="one line for each break",
    untouched="nothing",
)
def test_the_commands_tell_it(registry: Registry) -> None:
    """`history --verify` fails, `status` says so, and `history` does not show what is forged."""
    whole = invoke("history", "--verify")
    forge(registry)
    broken, listed = invoke("history", "--verify"), invoke("history", "--json")
    as_json, status = invoke("history", "--verify", "--json"), invoke("status")

    assert whole.exit_code == 0, whole.output
    assert "ad_click-small: 6 decision records verified, 6 signed by local " in whole.stdout
    assert isinstance(broken.exception, SlipwayError)
    assert "ad_click-small: unsigned: 20260301T130000000-r: in run " in broken.stdout
    assert "version 4: found 0 `registered` records that hold" in broken.stdout
    assert [len(one) for one in (json.loads(as_json.stdout)["ad_click-small"]["breaks"],)] == [2]
    assert "2 BROKEN; `slipway history --verify` says what: unsigned: " in status.stdout
    assert len(json.loads(listed.stdout)) == 6
    assert "unsigned: 20260301T130000000-r" in listed.stderr


def test_an_older_registry_that_is_put_back_is_told(registry: Registry, lived: Path, tmp_path: Path) -> None:
    """Database and artifacts, as from a backup; what this machine has seen is no part of the registry."""
    decided(registry, tmp_path, 7, "refused", 3, replaced=1)
    shutil.copytree(lived / ".slipway" / "heads", tmp_path / "heads")
    put_back(lived)
    shutil.copytree(tmp_path / "heads", lived / ".slipway" / "heads", dirs_exist_ok=True)

    assert "cut: 20260301T120000007-r" in str(Registry(registry.line).verdict().breaks[0])
