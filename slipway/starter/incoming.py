"""The user's file in the project: where it lies, and that one of DVC and Git keeps its versions."""

import shutil
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from slipway.base.atomic import whole_file, whole_folder
from slipway.base.provenance import git
from slipway.data.versions import track
from slipway.settings.root import Project

FOLDER = "incoming"
BLOCK = 2**23
SILENT = 2.0
"""Seconds of copying after which it says how far it is."""
MB = 10**6


@dataclass(frozen=True)
class Place:
    """Where the table will lie.

    Attributes:
        path: relative to the project's root.
        copied: whether it is brought there; else it lies there already.
        tracked: whether DVC must be told of it; else Git or DVC know it already.
    """

    path: str
    copied: bool
    tracked: bool


def place(project: Project, path: Path, name: str, ending: str) -> Place:
    """A table in the project stays where it is; any other, also one that Git ignores, is copied."""
    real = path.resolve()
    if real.is_relative_to(project.root) and real != project.root:
        relative = real.relative_to(project.root).as_posix()
        known = real.with_name(f"{real.name}.dvc").is_file() or git(project.root, "ls-files", "--", relative)
        if known:
            return Place(relative, copied=False, tracked=False)
        if not git(project.root, "check-ignore", "--", relative):
            return Place(relative, copied=False, tracked=True)
    return Place(f"{FOLDER}/{name}{ending}", copied=True, tracked=True)


def bring(project: Project, path: Path, to: Place, undo: ExitStack, tell: Callable[[str], None]) -> list[str]:
    """Copy the table to its place and let DVC keep it; returns the files that Git is to keep instead.

    Args:
        undo: takes how to take that back.

    Raises:
        SlipwayError: DVC does not take it.
    """
    target = project.root / to.path
    if to.copied:
        made = not target.parent.exists()
        _copy(path, target, tell)
        if made:
            undo.callback(shutil.rmtree, target.parent)
        undo.callback(_remove, target)
    if to.tracked:
        ignore, link = target.parent / ".gitignore", target.with_name(f"{target.name}.dvc")
        undo.callback(_restore, ignore, ignore.read_bytes() if ignore.exists() else None)
        undo.callback(link.unlink, missing_ok=True)
        track(project, to.path)
        return [file.relative_to(project.root).as_posix() for file in (link, ignore)]
    return []


def _copy(path: Path, target: Path, tell: Callable[[str], None]) -> None:
    if not path.is_dir():
        with whole_file(target) as aside:
            _copy_files([(path, aside)], tell)
        return
    files = [file for file in sorted(path.rglob("*")) if file.is_file()]
    with whole_folder(target) as aside:
        _copy_files([(file, aside / file.relative_to(path)) for file in files], tell)


def _copy_files(pairs: list[tuple[Path, Path]], tell: Callable[[str], None]) -> None:
    """Byte by byte, saying every second how far it is, once that takes a while."""
    total, done, told = sum(source.stat().st_size for source, _ in pairs), 0, time.monotonic() + SILENT - 1
    for source, target in pairs:
        target.parent.mkdir(parents=True, exist_ok=True)
        with source.open("rb") as old, target.open("wb") as new:
            while block := old.read(BLOCK):
                new.write(block)
                done += len(block)
                if (now := time.monotonic()) > told + 1:
                    told = now
                    tell(f"{done // MB:,} of {total // MB:,} MB: copied")


def _remove(target: Path) -> None:
    if target.is_dir():
        shutil.rmtree(target, ignore_errors=True)
    else:
        target.unlink(missing_ok=True)


def _restore(file: Path, content: bytes | None) -> None:
    if content is None:
        file.unlink(missing_ok=True)
    else:
        file.write_bytes(content)
