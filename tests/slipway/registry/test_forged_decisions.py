"""What whoever can write to the registry does to decisions, by a plain MLflow client, and what tells it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from slipway.base.errors import Refused, SlipwayError
from slipway.cli import app
from slipway.records.decision import DecisionRecord
from slipway.records.seal import Seal
from slipway.registry.decisions import RECORD, RECORDS, SEALS
from slipway.registry.versions import BARRED, DIGEST, Registry
from slipway.settings import Line
from slipway.settings.root import Project
from slipway.stages.accept import accept
from slipway.stages.clear import clear
from slipway.stages.package import bento_of
from slipway.trust.signing import LocalKey
from tests.slipway.report import sample
from tests.slipway.root import ROOT

RECORDED = ("registered", "registered", "registered", "first", "promote", "rollback")


def decided(registry: Registry, folder: Path, number: int, decision: str, version: int, **more: Any) -> None:
    """Keep a decision, and end its run, as a stage does."""
    run = more.pop("run", None) or registry.start_run("rollout", f"run{number}", "f")
    made = sample.record(
        id=f"20260301T120000{number:03d}-r",
        decision=decision,
        version=version,
        version_digest=f"digest{version}",
        evaluation=None,
        canary=None,
        run=run,
        **more,
    )
    registry.keep(made, folder)
    registry.end_run(run)


def live(registry: Registry, folder: Path) -> Registry:
    """Three versions: the first was live, the second promoted over it and rolled back."""
    client = registry.client
    client.create_registered_model(registry.name)
    for number in (1, 2, 3):
        run = registry.start_run("training", f"train{number}", "f")
        client.create_model_version(registry.name, "nowhere", run, tags={DIGEST: f"digest{number}"})
        decided(registry, folder, number, "registered", number, replaced=None, run=run)
    decided(registry, folder, 4, "first", 1, replaced=None)
    decided(registry, folder, 5, "promote", 2, replaced=1)
    registry.bar(2, "loud")
    decided(registry, folder, 6, "rollback", 1, replaced=2)
    registry.point("production", 1)
    return registry


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a line that has lived, and beside it a copy of its state."""
    root = tmp_path_factory.mktemp("forged") / "a project"
    (root / "systems" / "ad_click").mkdir(parents=True)
    for name in ("project.yaml", "systems/ad_click/system.yaml"):
        shutil.copyfile(ROOT / name, root / name)
    live(Registry(Line(Project(root), "ad_click", "small")), root.parent)
    shutil.copytree(root / ".slipway", root.parent / "before")
    return root


def put_back(root: Path) -> None:
    """The state as it was; the database in its place, for MLflow holds it open."""
    state, before = root / ".slipway", root.parent / "before"
    for folder in ("heads", "registry/artifacts"):
        shutil.rmtree(state / folder, ignore_errors=True)
        shutil.copytree(before / folder, state / folder)
    shutil.copyfile(before / "registry" / "mlflow.db", state / "registry" / "mlflow.db")


@pytest.fixture
def registry(lived: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """The registry of the line as it was before anybody touched it; the project is the working directory."""
    put_back(lived)
    monkeypatch.chdir(lived)
    return Registry(Line(Project(lived), "ad_click", "small"))


def record_of(registry: Registry, number: int) -> DecisionRecord:
    """One of the decisions, by its place in their order."""
    return registry.records()[number - 1]


def upload(registry: Registry, run: str, place: str, name: str, content: bytes) -> None:
    """What anybody can do who may write."""
    path = registry.folder / f"{name}.json"
    path.write_bytes(content)
    registry.client.log_artifact(run, str(path), place)


def forge(registry: Registry, sealed: bool = False) -> None:
    """Register a fourth version and upload a record that says that its gate let it through."""
    client = registry.client
    experiment = client.get_experiment_by_name(registry.name).experiment_id
    run = client.create_run(experiment, tags={RECORD: "20260301T130000000-r"}).info.run_id
    client.create_model_version(registry.name, "nowhere", run, tags={DIGEST: "digest4"})
    made = sample.record(
        id="20260301T130000000-r", decision="registered", version=4, version_digest="digest4", run=run
    )
    if sealed:
        entry = registry.chain().entries[record_of(registry, 6).id]
        known = json.loads(entry.kept.seal or b"")
        upload(registry, run, SEALS, made.id, json.dumps(known | {"id": made.id, "run": run}).encode())
    upload(registry, run, RECORDS, made.id, made.model_dump_json().encode())


def own_key(registry: Registry) -> None:
    """The same, sealed as it should be, by a key of the attacker's."""
    mine = Registry(registry.line)
    mine.__dict__["signer"] = LocalKey(registry.folder / "mine")
    run = mine.start_run("training", "forged", "f")
    mine.client.create_model_version(mine.name, "nowhere", run, tags={DIGEST: "digest4"})
    decided(mine, registry.folder, 9, "registered", 4, replaced=None, run=run)
    shutil.rmtree(registry.folder.parent / "heads")  # this machine has kept nothing of the kind


def edit(registry: Registry) -> None:
    """The promotion was of version 3."""
    made = record_of(registry, 5)
    changed = made.model_copy(update={"version": 3})
    upload(registry, made.run or "", RECORDS, made.id, changed.model_dump_json(indent=2).encode())


def artifact(registry: Registry, number: int, place: str = RECORDS) -> Path:
    """The file of a decision."""
    made = record_of(registry, number)
    return registry.artifact(made.run or "", f"{place}/{made.id}.json")


def swap(registry: Registry) -> None:
    """Promotion and rollback change places, with their seals."""
    pairs = [[artifact(registry, number, place) for number in (5, 6)] for place in (RECORDS, SEALS)]
    for one, two in pairs:
        aside = one.read_bytes()
        one.write_bytes(two.read_bytes())
        two.write_bytes(aside)


def untag(registry: Registry) -> None:
    """No run names the promotion any more, so nobody would look into it."""
    registry.client.delete_tag(record_of(registry, 5).run, RECORD)


def retag(registry: Registry) -> None:
    """The tag of the newest run names another record."""
    registry.client.set_tag(record_of(registry, 6).run, RECORD, "99991231T235959999-r")


ATTACKS: dict[str, tuple[Callable[[Registry], object], str]] = {
    "forged": (forge, "unsigned: 20260301T130000000-r"),
    "forged with a seal of another": (lambda found: forge(found, True), "forged: 20260301T130000000-r"),
    "forged and signed": (own_key, "forged: 20260301T120000009-r: in run "),
    "edited": (edit, "changed: 20260301T120000005-r"),
    "removed": (lambda found: artifact(found, 5).unlink(), "missing: 20260301T120000005-r"),
    "newest removed": (lambda found: artifact(found, 6).unlink(), "cut: 20260301T120000006-r"),
    "seal removed": (lambda found: artifact(found, 6, SEALS).unlink(), "unsigned: 20260301T120000006-r"),
    "emptied": (lambda found: artifact(found, 6).write_text(""), "cut: 20260301T120000006-r"),
    "reordered": (swap, "forged: 20260301T120000005-r"),
    "run deleted": (
        lambda found: found.client.delete_run(record_of(found, 5).run),
        "missing: 20260301T120000005-r",
    ),
    "tag taken away": (untag, "missing: 20260301T120000005-r"),
    "tag moved": (retag, "missing: 99991231T235959999-r"),
    "version's tag made up": (
        lambda found: found.client.set_model_version_tag(found.name, "3", f"{RECORD}.x", "promote"),
        "unexplained: version 3: found tag x: promote, expected no record",
    ),
    "alias moved": (
        lambda found: found.client.set_registered_model_alias(found.name, "production", "3"),
        "unexplained: alias production: found 3, expected 1, as record 20260301T120000006-r says",
    ),
    "alias deleted": (
        lambda found: found.client.delete_registered_model_alias(found.name, "production"),
        "unexplained: alias production: found None, expected 1",
    ),
    "alias made": (
        lambda found: found.client.set_registered_model_alias(found.name, "previous", "3"),
        "unexplained: alias previous: found 3, expected None",
    ),
    "bar taken away": (
        lambda found: found.client.delete_model_version_tag(found.name, "2", BARRED),
        "unexplained: version 2: found no bar",
    ),
    "digest changed": (
        lambda found: found.client.set_model_version_tag(found.name, "3", DIGEST, "other"),
        "unexplained: version 3: found digest other",
    ),
}


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


def invoke(*arguments: str) -> Result:
    """A command, in this process."""
    return CliRunner().invoke(app, arguments)


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
    clear(registry.line, 2)

    assert registry.training_record(2).version == 2
    assert registry.verdict().breaks == []


def test_an_older_registry_that_is_put_back_is_told(registry: Registry, lived: Path, tmp_path: Path) -> None:
    """Database and artifacts, as from a backup; what this machine has seen is no part of the registry."""
    decided(registry, tmp_path, 7, "refused", 3, replaced=1)
    shutil.copytree(lived / ".slipway" / "heads", tmp_path / "heads")
    put_back(lived)
    shutil.copytree(tmp_path / "heads", lived / ".slipway" / "heads", dirs_exist_ok=True)

    assert "cut: 20260301T120000007-r" in str(Registry(registry.line).verdict().breaks[0])


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


def test_a_record_is_signed_after_its_run_where_a_workflow_signs(registry: Registry, tmp_path: Path) -> None:
    """Until then it counts for nothing but to who ran it; a signature of other bytes is none."""
    key = LocalKey(registry.line.project.state)
    registry.__dict__["signer"] = None
    decided(registry, tmp_path, 7, "refused", 3, replaced=1)
    name = "20260301T120000007-r"
    [waiting] = registry.chain().waiting
    statement = Seal.model_validate_json(waiting.kept.seal or b"").statement()

    assert [(one.kind, one.of) for one in registry.chain().breaks] == [("unsigned", name)]
    with pytest.raises(Refused, match="not of these bytes"):
        registry.sign_record(name, key.sign(statement + b" "), tmp_path)
    with pytest.raises(SlipwayError, match="no record nobody that waits for a signature"):
        registry.sign_record("nobody", key.sign(statement), tmp_path)
    registry.sign_record(name, key.sign(statement), tmp_path)
    assert registry.verdict().breaks == []
