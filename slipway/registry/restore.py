"""`slipway restore`: an archive of `slipway backup`, put where nothing is yet."""

import os
import shutil
import sqlite3
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from filelock import FileLock

from slipway.base.digest import sha256
from slipway.base.documents import read
from slipway.base.errors import Refused, SlipwayError, UsageError
from slipway.registry.archive import INDEX, Index
from slipway.registry.backup import REGISTRY
from slipway.registry.place import read_only, require_sound
from slipway.settings.root import Project
from slipway.trust.signing import KEY, LocalKey

STAGED = "restoring"
"""Below the state folder: what is unpacked and not yet in its place. The next restore begins anew there."""


def restore(project: Project, path: Path) -> Index:
    """Put the files of an archive into the state folder of a project that has no registry; returns the index.

    All is unpacked aside and held against the index first. Then each file takes its place, the database last:
    without it there is no registry, and a restore that was killed is done again.

    Raises:
        SlipwayError: the archive is none of ours, or not whole.
        UsageError: there is no such file.
        Refused: it is of another project or leads out of its folder, or something else lies in a place.
    """
    state = project.state
    state.mkdir(exist_ok=True)
    with FileLock(state / "restore.lock"):
        staged = state / STAGED
        shutil.rmtree(staged, ignore_errors=True)
        try:
            _unpack(path, staged)
            index = _checked(path, staged, project)
            _require_room(project, index)
            for name in sorted(index.files, key=lambda name: name == REGISTRY):
                _put(staged / name, state / name)
        finally:
            shutil.rmtree(staged, ignore_errors=True)
    return index


def _unpack(path: Path, staged: Path) -> None:
    try:
        with tarfile.open(path, "r:*") as archive:
            for entry in archive:
                _require_plain(path, entry)
                archive.extract(entry, staged, filter="data")
    except FileNotFoundError as error:
        raise UsageError(f"{path}: no such file") from error  # guard restore.file
    except (tarfile.TarError, EOFError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        # guard restore.archive
        raise SlipwayError(
            f"{path}: no archive, or not a whole one ({error}); nothing was restored"
        ) from error


def _require_plain(path: Path, entry: tarfile.TarInfo) -> None:
    """Tar's filter stops what leads out as well; a backup of ours has neither links nor devices nor dots."""
    parts = PurePosixPath(entry.name).parts
    if (
        not entry.isreg()
        or not parts
        or parts[0] == "/"
        or ".." in parts
        or str(PurePosixPath(*parts)) != entry.name
    ):
        raise Refused(
            f"{path}: {entry.name[:200]!r} is no plain file below its folder, as all of a backup are; "
            "nothing was restored"
        )  # guard restore.plain


def _checked(path: Path, staged: Path, project: Project) -> Index:
    """The index, if the archive holds what it says and nothing else."""
    if not (staged / INDEX).is_file():
        # guard restore.index
        raise SlipwayError(
            f"{path}: no {INDEX} in it, so it was cut off or is no backup; nothing was restored"
        )
    index = read(staged / INDEX, Index)
    if index.project != project.settings.name:
        raise Refused(
            f"{path}: a backup of the project {index.project!r}, expected {project.settings.name!r} as in "
            f"{project.root / 'project.yaml'}"
        )  # guard restore.project
    found = {one.relative_to(staged).as_posix() for one in _below(staged)} - {INDEX}
    faults = [f"{name}: in the index and not in the archive" for name in sorted(index.files.keys() - found)]
    faults += [f"{name}: in the archive and not in its index" for name in sorted(found - index.files.keys())]
    faults += [
        f"{name}: other bytes than its index says"
        for name, held in sorted(index.files.items())
        if name in found and sha256(staged / name) != held.sha256
    ]
    if not faults and REGISTRY not in index.files:
        faults.append(f"{REGISTRY}: not in it")
    faults = faults or _database_faults(staged / REGISTRY)
    if faults:
        more = f", and {len(faults) - 1} more" if len(faults) > 1 else ""
        # guard restore.digests
        raise SlipwayError(f"{path}: {faults[0]}{more}; nothing was restored")
    return index


def _database_faults(path: Path) -> list[str]:
    try:
        with read_only(path) as database:
            require_sound(database)
    except sqlite3.Error as error:
        return [f"{REGISTRY}: {error}"]
    return []


def _require_room(project: Project, index: Index) -> None:
    """Nothing is written over: what lies there already is the same, or the restore is refused."""
    state, key = project.state, LocalKey(project.state)
    if (state / REGISTRY).exists():
        raise Refused(
            f"{state / REGISTRY}: there is a registry already; restore into a fresh checkout, or keep this "
            "one by `slipway backup` and forget it by `make reset YES=1`"
        )  # guard restore.empty
    if key.path.exists() and index.key not in (None, key.identity):
        raise Refused(
            f"{key.path}: this folder's key is {key.identity}, the backup's records are signed by "
            f"{index.key}: move it away if nothing here needs it"
        )  # guard restore.key
    for name, held in index.files.items():
        place = state / name
        if place.is_symlink() or (place.exists() and (not place.is_file() or sha256(place) != held.sha256)):
            # guard restore.overwrites
            raise Refused(f"{place}: lies there already and is not the backup's; move it away")


def _put(staged: Path, place: Path) -> None:
    private = place.name == Path(KEY).name and place.parent.name == Path(KEY).parent.name
    place.parent.mkdir(mode=0o700 if private else 0o777, parents=True, exist_ok=True)
    if private:
        staged.chmod(0o600)
    staged.replace(place)


def _below(folder: Path) -> Iterator[Path]:
    for place, _, names in os.walk(folder):
        for name in names:
            yield Path(place, name)
