"""`slipway backup`: the embedded registry and all that explains it as one file, while others may write."""

import hashlib
import io
import os
import sqlite3
import stat
import tarfile
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from slipway.base.atomic import whole_file
from slipway.base.errors import Refused, UsageError
from slipway.base.provenance import now, who
from slipway.registry.archive import INDEX, Held, Index, is_left_out, packing
from slipway.registry.place import DATABASE, read_only
from slipway.registry.versions import Registry
from slipway.settings.line import lines_of
from slipway.settings.root import Project
from slipway.trust.signing import KEY, LocalKey

REGISTRY = f"registry/{DATABASE}"
FIRST = ("heads", "intents", "last", "local")
"""Small, and read before the database: what a machine has seen may be older than a registry, never newer."""
PATIENCE = 50
"""Looks, a fifth of a second apart, until a move of production has ended."""


def back_up(project: Project, out: Path, with_key: bool = True) -> tuple[Index, list[str]]:
    """Write an archive; returns its index, and what lies in the state folder and could not be taken.

    Args:
        with_key: put in the private key of the state folder, by which alone its signatures hold.

    Raises:
        UsageError: the registry is a shared one, which its own database and store are backed up for.
        Refused: there is something under that name already, or no registry yet.
    """
    mode = packing(out.name)
    registries = [Registry(line) for line in lines_of(project)]
    if not registries or not registries[0].embedded:
        where = registries[0].where if registries else "no system yet"
        # guard backup.embedded
        raise UsageError(f"the registry is {where}; a backup is made of the embedded registry only")
    if out.exists():
        raise Refused(f"{out}: exists already; nothing is written over a backup")  # guard backup.new
    if not (project.state / REGISTRY).is_file():
        raise Refused(f"{project.state / REGISTRY}: no registry yet, nothing to back up")  # guard backup.any
    broken = {one.name: [str(fault) for fault in one.verdict().breaks] for one in registries if one.begun}
    key = LocalKey(project.state)
    with tempfile.TemporaryDirectory() as temporary, whole_file(out) as aside:
        aside.touch(mode=0o600)  # it may hold a key
        early, database = _moment(project.state, Path(temporary))
        with tarfile.open(aside, mode, format=tarfile.PAX_FORMAT) as archive:
            writer = _Writer(archive)
            for name, content in early.items():
                writer.add(name, io.BytesIO(content), len(content))
            with database.open("rb") as opened:
                writer.add(REGISTRY, opened, database.stat().st_size)
            for path in _rest(project.state, with_key):
                writer.add_file(project.state, path)
            index = Index(
                project=project.settings.name,
                made_at=now(),
                made_by=who(),
                key=key.identity if key.path.exists() else None,
                broken=broken,
                files=writer.files,
            )
            content = index.model_dump_json(indent=2).encode()
            writer.add(INDEX, io.BytesIO(content), len(content))
    return index, writer.left


def _moment(state: Path, temporary: Path) -> tuple[Mapping[str, bytes], Path]:
    """The small files and the database as they were together, with no move of production between them.

    No lock is taken: a rollout that found it taken would be refused. Where a move was killed and nobody has
    finished it, its intent is a part of the state, and whoever restores it finishes or drops it.
    """
    copy, intents = temporary / DATABASE, state / "intents"
    for _ in range(PATIENCE):
        before = _changed(intents)
        early = dict(_small(state))
        copy.unlink(missing_ok=True)
        with read_only(state / REGISTRY, patience_s=20) as opened, closing(sqlite3.connect(copy)) as new:
            opened.backup(new)
        if before == _changed(intents) and not list(intents.glob("*.json")):
            break
        time.sleep(0.2)
    return early, copy


def _changed(folder: Path) -> int:
    return folder.stat().st_mtime_ns if folder.is_dir() else 0


def _small(state: Path) -> Iterator[tuple[str, bytes]]:
    for path in _files(state):
        if path.parts[0] in FIRST:
            yield str(path), (state / path).read_bytes()


def _rest(state: Path, with_key: bool) -> Iterator[PurePosixPath]:
    for path in _files(state):
        name = str(path)
        database = name == REGISTRY or name.startswith(f"{REGISTRY}-")
        if path.parts[0] not in FIRST and not database and (with_key or name != KEY):
            yield path


def _files(state: Path) -> Iterator[PurePosixPath]:
    """What a backup is made of, as paths below the state folder; links are not followed."""
    for folder, _, names in os.walk(state):
        for name in sorted(names):
            path = PurePosixPath(Path(folder, name).relative_to(state).as_posix())
            if not is_left_out(path):
                yield path


class _Writer:
    """Adds files to an archive, and notes the digests of the bytes that went in."""

    def __init__(self, archive: tarfile.TarFile) -> None:
        self.archive = archive
        self.files: dict[str, Held] = {}
        self.left: list[str] = []

    def add_file(self, state: Path, path: PurePosixPath) -> None:
        """Add one that others may be writing, as long as it is now, or note why it is left out."""
        try:
            with _opened(state / path) as (file, size):
                self.add(str(path), file, size)
        except FileNotFoundError:
            pass  # it was somebody's for a moment
        except _OddFileError:
            self.left.append(f"{path}: no regular file")

    def add(self, name: str, file: BinaryIO, size: int) -> None:
        """Add so many bytes under a name."""
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode, entry.mtime = size, 0o600 if name == KEY else 0o644, int(time.time())
        digested = _Digested(file)
        self.archive.addfile(entry, digested)
        if name != INDEX:
            self.files[name] = Held(sha256=digested.sha256.hexdigest(), size=size)


class _Digested:
    """A file that is digested while it is read."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.sha256 = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        content = self.file.read(size)
        self.sha256.update(content)
        return content


class _OddFileError(Exception):
    """A link, a pipe or the like."""


@contextmanager
def _opened(path: Path) -> Iterator[tuple[BinaryIO, int]]:
    if not stat.S_ISREG(path.lstat().st_mode):
        raise _OddFileError
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:  # noqa: PTH123
        yield file, os.fstat(file.fileno()).st_size
