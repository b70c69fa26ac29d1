"""What still runs, and what does not, where decisions were forged or lost; and how one goes on."""

import json
from pathlib import Path

import pytest

from slipway.base.errors import Refused
from slipway.registry.model_version import BARRED, DIGEST
from slipway.registry.versions import Registry
from slipway.stages.accept import accept
from slipway.stages.clear import clear
from slipway.stages.package import bento_of
from tests.slipway.registry.attacks import ATTACKS, artifact, forge, invoke


@pytest.mark.gate(
    "version.recorded",
    fed="a version that a plain MLflow client registered, with a record of its registration",
    stops="package",
    exit=3,
    reason="0 signed records say that it was registered, expected 1",
    untouched="nothing of it is fetched or run",
)
@pytest.mark.parametrize("attack", ["forged", "forged with a seal of another", "forged and signed"])
def test_a_version_without_a_signed_record_is_not_packaged(registry: Registry, attack: str) -> None:
    """Nor anything else that begins with a download; `nowhere` is never asked for."""
    ATTACKS[attack][0](registry)

    for act in (
        lambda: bento_of(registry, 4),
        lambda: registry.download(4, registry.folder / "out"),
        lambda: registry.training_record(4),
    ):
        with pytest.raises(Refused, match="version 4: 0 signed records say that it was registered"):
            act()
    assert not (registry.folder / "out").exists()


@pytest.mark.gate(
    "version.recorded_run",
    fed="a version whose number was taken by one of another run",
    stops="package",
    exit=3,
    reason="is of run",
    untouched="nothing of it is fetched or run",
)
def test_a_version_of_another_run_is_not_packaged(registry: Registry, tmp_path: Path) -> None:
    """All versions were deleted and registered anew, in another order."""
    client = registry.client
    runs = [client.get_model_version(registry.name, str(number)).run_id for number in (2, 1, 3)]
    client.delete_registered_model(registry.name)
    client.create_registered_model(registry.name)
    for number, run in enumerate(runs, 1):
        client.create_model_version(registry.name, "nowhere", run, tags={DIGEST: f"digest{number}"})

    with pytest.raises(Refused, match=r"version 1 is of run \w+, but record 20260301T120000001-r registered"):
        bento_of(registry, 1)


@pytest.mark.gate(
    "chain.intact",
    fed="a chain of records of which one was edited, removed or cut off",
    stops="package",
    exit=3,
    reason="its decision records are not those that were kept",
    untouched="nothing of any version is fetched or run",
)
@pytest.mark.parametrize(
    "attack", ["edited", "removed", "newest removed", "emptied", "run deleted", "reordered"]
)
def test_nothing_is_packaged_where_a_decision_is_lost(registry: Registry, attack: str) -> None:
    """What the lost one said of a version nobody knows."""
    ATTACKS[attack][0](registry)

    with pytest.raises(Refused, match=r"its decision records are not those that were kept: .*--verify`"):
        bento_of(Registry(registry.line), 3)


def test_what_is_added_keeps_nobody_from_work(registry: Registry) -> None:
    """It counts for nothing; else whoever can write could stop a rollback."""
    forge(registry)

    assert registry.training_record(1).decision == "registered"


@pytest.mark.gate(
    "version.bar_kept",
    fed="a version that a rollback barred, and whose bar was taken away",
    stops="package",
    exit=3,
    reason="barred it, and its bar was taken away",
    untouched="nothing of it is fetched or run",
)
def test_a_bar_that_was_taken_away_still_bars(registry: Registry) -> None:
    """Until `slipway clear` keeps a record."""
    registry.client.delete_model_version_tag(registry.name, "2", BARRED)
    with pytest.raises(Refused, match="record 20260301T120000006-r barred it, and its bar was taken away"):
        bento_of(registry, 2)
    clear(registry.line, 2, "it was a false alarm")

    assert registry.training_record(2).version == 2
    assert registry.verdict().breaks == []


@pytest.mark.gate(
    "accept.broken",
    fed="a chain that is whole, to accept its breaks",
    stops="record",
    exit=3,
    reason="there is nothing to accept",
    untouched="no record is kept",
)
@pytest.mark.gate(
    "accept.reason_given",
    fed="no reason to accept a break for",
    stops="record",
    exit=3,
    reason="accepting a break needs a reason",
    untouched="no record is kept",
)
@pytest.mark.parametrize("attack", ["removed", "newest removed", "edited", "run deleted"])
def test_a_loss_can_be_accepted_and_stays_told(registry: Registry, attack: str) -> None:
    """By a record that says who and why; the next loss is another one."""
    with pytest.raises(Refused, match="there is nothing to accept"):
        accept(registry.line, "why not")
    ATTACKS[attack][0](registry)
    with pytest.raises(Refused, match="accepting a break needs a reason"):
        accept(registry.line, " ")
    done = invoke("history", "--verify", "--accept", "the store was cleaned up")

    assert done.exit_code in (0, 1), done.output  # a lost rollback leaves aliases unexplained
    assert "ad_click-small: accepted: " in done.stdout
    assert registry.training_record(1).version == 1
    assert registry.chain().breaks == ()
    artifact(registry, 1).unlink()
    assert [one.kind for one in registry.chain().breaks] == ["missing"]


def test_a_barred_version_is_cleared(registry: Registry) -> None:
    """And then it is not barred; JSON says the same."""
    before = registry.get(2).barred
    done = invoke("clear", "--version", "2", "--reason", "a false alarm", "--json")
    again = invoke("clear", "--version", "2", "--reason", "a false alarm", "--json")

    assert done.exit_code == 0, done.output
    assert {"version": 2, "barred": None} == json.loads(done.stdout)
    assert (before, registry.get(2).barred) == ("loud", None)
    assert isinstance(again.exception, Refused)
    assert "version 2 is not barred" in str(again.exception)
