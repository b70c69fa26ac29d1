"""Forget one unit: remove what may be, mark the versions that learned from it, and keep a signed record."""

import hashlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pyarrow as pa
from pydantic import AwareDatetime, Field

from slipway.base.atomic import write_text
from slipway.base.documents import Document, read
from slipway.base.errors import Refused, UsageError
from slipway.base.provenance import now, who
from slipway.data.unit_rows import in_parquet, unit_value
from slipway.registry.artifacts import local_folder
from slipway.registry.mlmodel import inside
from slipway.registry.model_version import ModelVersion
from slipway.registry.versions import Registry
from slipway.settings.data import GeneratorSource
from slipway.settings.line import lines_of
from slipway.settings.root import Project
from slipway.storage import data_objects
from slipway.storage.collect import alone, remove
from slipway.storage.marked import Marked
from slipway.storage.needs import needs
from slipway.storage.place import Place
from slipway.storage.places import Unit
from slipway.system.hashing import stable_hash
from slipway.trust.signing import LocalKey
from slipway.version.manifest import FEATURES

TAG = "slipway.forgotten"
FOLDER = "forgotten"


class Forgotten(Document):
    """What was done about one unit; it names the unit by a keyed hash alone."""

    schema_version: Literal[1] = 1
    at: AwareDatetime
    by: str
    system: str
    unit: Annotated[str, Field(description="sha256 of this folder's signature of system and unit")]
    state: Annotated[
        Literal["begun", "done"], Field(description="begun: it was killed; the same again ends it")
    ]
    removed: list[Place]
    left: Annotated[list[Place], Field(description="what could not be changed, and what to do about it")]
    versions: list[Marked]
    signature: str = ""

    def statement(self) -> bytes:
        """What is signed."""
        return (
            b"slipway forgotten unit\n" + self.model_copy(update={"signature": ""}).model_dump_json().encode()
        )


def unit_of(project: Project, system: str | None, written: str) -> Unit:
    """A unit, as the card of its system has it.

    Raises:
        UsageError: it is none, or the rows are a generator's, which are nobody's.
    """
    card = project.card(system)
    if isinstance(card.data.source, GeneratorSource):
        # guard forget.generator
        raise UsageError(f"systems/{card.name}: its rows are drawn by a generator, so they are nobody's")
    return Unit(project, card, unit_value(card, written))


def find(unit: Unit) -> tuple[list[Place], list[Marked]]:
    """Every place with rows of a unit, and every version that has learned from it; nothing is changed."""
    return unit.places(needs(unit.project)), list(_marked(unit))


def forget(unit: Unit, say: Callable[[str], None]) -> Forgotten:
    """Do it; killed anywhere, the same again ends it.

    Raises:
        Refused: the table or the data made of it still has the unit, or something is going on.
    """
    with alone(unit.project):
        places, versions = find(unit)
        if yours := [one for one in places if one.deed == "yours"]:
            raise Refused(
                f"{yours[0].where}: {yours[0].rows} rows of the unit, expected none: {yours[0].how}; "
                "then the same again"
            )  # guard forget.source
        key = LocalKey(unit.project.state)
        path = unit.project.state / FOLDER / f"{_keyed(key, unit)[:16]}.json"
        before = read(path, Forgotten) if path.is_file() else None
        # First: whoever comes after a kill finds what was removed by then, and which versions it was in.
        begun = _record(key, unit, places, versions, before)
        _write(path, key, begun)
        for one in begun.versions:
            _mark(unit.project, one, begun)
        for place in (one for one in places if one.deed == "removed"):
            remove(unit.project, unit.project.root / place.where)
            say(f"removed: {place.where}, {place.rows} rows")
        shutil.rmtree(unit.project.state / "trash", ignore_errors=True)
        done = begun.model_copy(update={"state": "done"})
        _write(path, key, done)
    return done


def _record(
    key: LocalKey, unit: Unit, places: list[Place], versions: list[Marked], before: Forgotten | None
) -> Forgotten:
    removed = [one for one in places if one.deed == "removed"]
    earlier = [] if before is None else [one for one in before.removed if one not in removed]
    known = {(one.name, one.number) for one in versions}
    marked = [] if before is None else [one for one in before.versions if (one.name, one.number) not in known]
    return Forgotten(
        at=now(),
        by=who(unit.project.root),
        system=unit.card.name,
        unit=_keyed(key, unit),
        state="begun",
        removed=earlier + removed,
        left=[one for one in places if one.deed == "stays"],
        versions=marked + versions,
    )


def _keyed(key: LocalKey, unit: Unit) -> str:
    """Only who has the private key can tell whether a value is the one; ed25519 signs alike each time."""
    said = f"slipway unit\n{unit.card.name}\n{unit.value.as_py()}".encode()
    return hashlib.sha256(key.sign(said).encode()).hexdigest()


def _write(path: Path, key: LocalKey, record: Forgotten) -> None:
    signed = record.model_copy(update={"signature": key.sign(record.statement())})
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, signed.model_dump_json(indent=2))


def _mark(project: Project, one: Marked, record: Forgotten) -> None:
    registry = next(found for found in map(Registry, lines_of(project)) if found.name == one.name)
    text = f"{one.why}; forgotten {record.at:%Y-%m-%d %H:%M} UTC, train anew"
    registry.client.set_model_version_tag(one.name, str(one.number), f"{TAG}.{record.unit[:16]}", text)


def _marked(unit: Unit) -> Iterator[Marked]:
    for line in lines_of(unit.project):
        if line.system != unit.card.name or not (registry := Registry(line)).begun:
            continue
        for version in registry.all():
            if (why := _learned(unit, version)) is not None:
                yield Marked(name=registry.name, number=version.number, why=why)


def _learned(unit: Unit, version: ModelVersion) -> str | None:
    """Whether a version has learned from a unit, as far as its data or its features tell."""
    rows, here = 0, False
    for store in data_objects.stores(unit.project):
        listed = data_objects.place(store, version.fingerprint or "")
        if listed.is_file():
            here = True
            for part, found in data_objects.members(listed).items():
                path = data_objects.place(store, found)
                if part in ("train.parquet", "validation.parquet") and path.is_file():
                    rows = max(rows, in_parquet(path, unit.card, unit.value))
    if rows:
        return "it was trained on rows of a unit"
    column = unit.card.data.required("unit")
    folder = local_folder(version.source)
    features = None if folder is None else inside(folder) / FEATURES
    if features is not None and features.is_file():
        with np.load(features, allow_pickle=False) as state:
            if f"{column}.known" in state:
                hashed = stable_hash(
                    pa.chunked_array([pa.array([unit.value.as_py()], unit.value.type)]), column
                )
                return "its features know a unit" if hashed[0] in state[f"{column}.known"] else None
    return None if here else "its data is not here, so it may have been trained on rows of a unit"
