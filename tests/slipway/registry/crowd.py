"""A line that two years have filled: thousands of decisions, made in bulk from a few real ones."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from slipway.records.decision import DecisionRecord
from slipway.records.seal import Link, hexdigest, unsigned
from slipway.registry.kept_records import RECORD, RECORDS, SEALS
from slipway.registry.model_version import DIGEST
from slipway.registry.tracking import DATABASE
from slipway.registry.versions import SIGNATURE, Registry
from slipway.trust.signing import LocalKey
from slipway.version.proven import statement
from tests.slipway.report import sample

BEGUN = datetime(2022, 12, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Crowd:
    """How much there is: one version in every so many decisions."""

    records: int = 2000
    versions: int = 20


def decisions(crowd: Crowd) -> Iterator[dict[str, Any]]:
    """A decision every eight hours; each version is registered and then promoted over the last."""
    each, version = crowd.records // crowd.versions, 0
    for number in range(crowd.records):
        known: dict[str, Any] = {"decision": "refused", "version": None, "replaced": version or None}
        if number % each == 0:
            version += 1
            known |= {"decision": "registered", "version": version, "replaced": version - 1 or None}
        elif number % each == 1:
            before = version - 1 or None
            known |= {"decision": "promote" if before else "first", "version": version, "replaced": before}
        at = BEGUN + timedelta(hours=8 * number)
        yield known | {"at": at, "id": f"{at:%Y%m%dT%H%M%S}000-r{number}", "run": f"{number:032x}"}


def fill(registry: Registry, crowd: Crowd) -> None:
    """Keep them all, signed by the local key, as if each had been kept in its turn."""
    client, key = registry.client, LocalKey(registry.line.project.state)
    client.create_registered_model(registry.name)
    template = _template(registry)
    made = small()
    database = sqlite3.connect(registry.folder / DATABASE)
    rows = {table: _rows(database, table, template) for table in ("runs", "tags")}
    before: list[Link] = []
    digests: dict[str, str] = {}
    for known in decisions(crowd):
        digest = None if known["version"] is None else hexdigest(str(known["version"]).encode())
        record = made.model_copy(update=known | {"version_digest": digest})
        before = [_kept(registry, key, record, before)]
        for table, found in rows.items():
            _insert(database, table, found, registry, record)
        if known["decision"] == "registered":
            digests[known["run"]] = str(digest)
    database.commit()
    database.close()
    client.delete_run(template)
    for number, (run, digest) in enumerate(digests.items(), 1):
        signature = key.sign(statement(registry.name, number, digest))
        tags = {DIGEST: digest, SIGNATURE: signature}
        client.create_model_version(registry.name, "nowhere", run, tags=tags)
    client.set_registered_model_alias(registry.name, "production", str(crowd.versions))
    if crowd.versions > 1:
        client.set_registered_model_alias(registry.name, "previous", str(crowd.versions - 1))


def small() -> DecisionRecord:
    """A decision of some kilobytes; what its slices and curves say costs nobody who does not read them."""
    made = sample.record(canary=None)
    if made.evaluation is None:
        return made
    models = {
        role: getattr(made.evaluation, role).model_copy(update={"slices": [], "curve": []})
        for role in ("baseline", "candidate", "champion")
    }
    return made.model_copy(update={"evaluation": made.evaluation.model_copy(update=models)})


def _template(registry: Registry) -> str:
    """A real run; parameters and figures are left out, for nobody who looks at decisions asks for them."""
    run = registry.start_run("training", "template", "f")
    registry.log(run, {}, {}, {RECORD: "template"})
    registry.end_run(run)
    return run


def _rows(database: sqlite3.Connection, table: str, run: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    columns = [name for _, name, *_ in database.execute(f"pragma table_info({table})")]
    return columns, database.execute(f"select * from {table} where run_uuid = ?", [run]).fetchall()  # noqa: S608


def _insert(
    database: sqlite3.Connection,
    table: str,
    found: tuple[list[str], list[tuple[Any, ...]]],
    registry: Registry,
    record: DecisionRecord,
) -> None:
    columns, rows = found
    own = {"run_uuid": record.run, "artifact_uri": _folder(registry, record).as_uri()}
    made = []
    for row in rows:
        values = dict(zip(columns, row, strict=True))
        changed = {name: value for name, value in own.items() if name in values}
        if values.get("key") == RECORD:
            changed["value"] = record.id
        made.append(list((values | changed).values()))
    marks = ", ".join("?" * len(columns))
    database.executemany(f"insert into {table} values ({marks})", made)  # noqa: S608


def _folder(registry: Registry, record: DecisionRecord) -> Path:
    return registry.folder / "artifacts" / str(record.run) / "artifacts"


def _kept(registry: Registry, key: LocalKey, record: DecisionRecord, before: list[Link]) -> Link:
    content = record.model_dump_json(indent=2).encode()
    seal = unsigned(record, content, registry.name, before, [])
    sealed = (
        seal.model_copy(update={"signature": key.sign(seal.statement())}).model_dump_json(indent=2).encode()
    )
    for place, written in ((RECORDS, content), (SEALS, sealed)):
        path = _folder(registry, record) / place / f"{record.id}.json"
        path.parent.mkdir(parents=True)
        path.write_bytes(written)
    return Link(id=record.id, sha256=hexdigest(sealed))
