"""What an embedded registry holds and lacks, seen without MLflow and without changing anything."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from slipway.registry.artifacts import local_folder
from slipway.registry.kept_records import RECORD, RECORDS
from slipway.registry.mlmodel import inside
from slipway.registry.place import ARTIFACTS, DATABASE, former_places, read_only, require_sound
from slipway.version.manifest import MANIFEST

VERSIONS = "SELECT name, version, source FROM model_versions WHERE current_stage != 'Deleted_Internal'"
KEPT = """
    SELECT runs.artifact_uri, tags.value FROM runs JOIN tags ON tags.run_uuid = runs.run_uuid
    WHERE tags.key = ? AND runs.status = 'FINISHED' AND runs.lifecycle_stage = 'active'
"""


@dataclass(frozen=True)
class Health:
    """What was found.

    Attributes:
        moved: whether the next command will bring its addresses along.
        missing: versions and records whose files are not there, each in words.
    """

    versions: int
    moved: bool
    missing: list[str]


def look(folder: Path) -> Health:
    """Read the database, and see whether the files that it names are there.

    Raises:
        sqlite3.Error: it is none, or none of MLflow's.
    """
    with read_only(folder / DATABASE) as database:
        require_sound(database)
        versions = database.execute(VERSIONS).fetchall()
        former = former_places(database, folder)
        kept = database.execute(KEPT, (RECORD,)).fetchall()
    named = [(f"version {number} of {name}", uri, MANIFEST) for name, number, uri in versions]
    named += [(f"record {one}", f"{uri}/{RECORDS}", f"{one}.json") for uri, one in kept]
    return Health(len(versions), bool(former), list(_missing(named, former, folder)))


def _missing(named: list[tuple[str, str, str]], former: list[str], folder: Path) -> Iterator[str]:
    here = (folder / ARTIFACTS).as_uri()
    for what, uri, name in named:
        place = next((one for one in former if uri.startswith(f"{one}/")), None)
        path = local_folder(uri if place is None else here + uri.removeprefix(place))
        if path is None or not (inside(path) / name).is_file():
            yield what
