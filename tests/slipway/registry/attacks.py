"""What whoever can write to the registry does to decisions, by a plain MLflow client."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from click.testing import Result
from typer.testing import CliRunner

from slipway.cli import app
from slipway.records.decision import DecisionRecord
from slipway.registry.kept_records import RECORD, RECORDS, SEALS
from slipway.registry.model_version import BARRED, DIGEST
from slipway.registry.versions import Registry
from slipway.trust.signing import LocalKey
from tests.slipway.report import sample


def decided(
    registry: Registry, folder: Path, number: int, decision: str, version: int | None, **more: Any
) -> None:
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


def put_back(root: Path) -> None:
    """The state as it was; the database in its place, for MLflow holds it open."""
    state, before = root / ".slipway", root.parent / "before"
    for folder in ("heads", "registry/artifacts"):
        shutil.rmtree(state / folder, ignore_errors=True)
        shutil.copytree(before / folder, state / folder)
    path = state / "registry" / "mlflow.db"
    content, changes = bytearray((before / "registry" / "mlflow.db").read_bytes()), slice(24, 28)
    # SQLite's count of changes, by which a connection knows whether its pages are those of the file: one that
    # comes again would have it write back what an attack left. At 92 stands the count that the size is of.
    newer = (int.from_bytes(path.read_bytes()[changes]) + 1).to_bytes(4)
    content[changes] = content[92:96] = newer
    path.write_bytes(content)


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
    "tag moved": (retag, "absent: 99991231T235959999-r"),
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


def invoke(*arguments: str) -> Result:
    """A command, in this process."""
    return CliRunner().invoke(app, arguments)
