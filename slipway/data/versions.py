"""DVC, and everything that slipway asks of it: reproduce the data, name a version of it, fetch one."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import yaml

from slipway.base.addresses import masked
from slipway.base.atomic import whole_folder, write_text
from slipway.base.errors import Refused, SlipwayError
from slipway.base.failure import PLACE, read_failure
from slipway.data.objects import AbsentError, Objects, laid_out
from slipway.data.pins import LOCK, link_of, pin_of, pins, source_pin
from slipway.settings import Line
from slipway.settings.root import Project

WORKSPACE = "WORKSPACE"
"""In place of a Git revision: the working tree as it is."""
ABSENT = re.compile(r"missing data 'source': (?P<path>.+)")
"""What DVC says of a file that it tracks and that is neither here nor in its cache or remote."""
MISSING = "neither here nor in DVC's remote; `dvc push` it where it is, to a remote that both reach"


def run_stages(line: Line) -> bool:
    """Run the stages whose inputs changed and push the results to DVC's remote; true if any stage ran.

    What did not change and is not here, as in a fresh clone, is taken from the remote where it has it. What a
    remote says of earlier runs (DVC's run cache) is not: it would put any data in the place of a stage's.

    Raises:
        Refused: the data failed its checks, or is not what Git's lock says; the lock is as it was.
        SlipwayError: a stage or DVC failed; the line says where the whole output is.
    """
    project, target, lock = line.project, _stage(line), line.project.root / LOCK
    _require_git(project)
    bring(project, line.system)
    before = lock.read_text(encoding="utf-8") if lock.exists() else None
    _bring_missing(line)
    log = _log(project, f"{line.system}-{line.size}")
    _dvc(project, log, "repro", "--no-run-cache", target)
    try:
        require_pinned(line)
    except Refused:
        # Made of other data than it says, it would let the next run take that for up to date.
        if before is not None:
            write_text(lock, before)
        raise
    _dvc(project, log, "push", "--with-deps", target)
    # DVC ends with 0 whether or not a stage ran; only what it printed tells.
    return "Running stage" in log.read_text(encoding="utf-8", errors="replace")


def require_pinned(line: Line) -> None:
    """Hold the bytes of a line's data and source against `dvc.lock` and the source's `.dvc` file.

    DVC itself does not look at a file again whose size and time it remembers, nor at its cache.

    Raises:
        Refused: one of them is something else.
    """
    root = line.project.root
    for path, pinned in (source_pin(line.project, line.system) | pins(line)).items():
        if not (root / path).exists() or hash_of(root / path) == pinned:
            continue
        # Slower: what DVC does not look at in this project is no part of its hash.
        if (found := hash_of(root / path, _ignored(root))) != pinned:
            # guard data.pinned
            raise Refused(
                f"{path}: found the hash {found}, expected {pinned}, which Git holds; remove it and "
                f".dvc/cache/files/md5/{pinned[:2]}/{pinned[2:]}, then `slipway data reproduce`"
            )


def track(project: Project, path: str) -> None:
    """Let DVC keep the versions of a file or folder, as `dvc add` does; `path` is relative to the root.

    Raises:
        SlipwayError: DVC does not take it.
    """
    _logged(project, "add", path)


def untrack(project: Project, link: str) -> None:
    """Let DVC forget what the file `link`, `NAME.dvc`, keeps; the data itself stays."""
    _logged(project, "remove", link)


def commit(project: Project, target: str) -> None:
    """Write a stage's lock for what lies there now, without running it."""
    _logged(project, "commit", "--force", target)


def require_source(project: Project, system: str) -> None:
    """Stop where a system has no source, and nothing that DVC could make or get one from.

    Raises:
        SlipwayError: it has none.
    """
    folder = project.source(system)
    if not (folder.exists() or link_of(folder).exists() or folder.with_name("dvc.yaml").exists()):
        name = folder.relative_to(project.root)
        raise SlipwayError(f"{name}: no such folder; the system's table or generator belongs there")


def bring(project: Project, system: str) -> None:
    """Get a source that DVC tracks from its remote, where it is not here, as in a fresh clone.

    Raises:
        Refused: the remote has other bytes than Git says.
        SlipwayError: the system has none, or the remote cannot be reached or does not have it.
    """
    require_source(project, system)
    if project.source(system).exists() or not tracked(project, system):
        return
    pull(project, project.source(system).relative_to(project.root).as_posix())


def pull(project: Project, path: str) -> None:
    """Get a file or folder that a `.dvc` file tracks from DVC's remote.

    Raises:
        Refused: the remote has other bytes than Git says.
        SlipwayError: the remote cannot be reached, or does not have it.
    """
    _require_git(project)
    try:
        with _reached(path):
            Objects.of(project.root).bring(pin_of(link_of(project.root / path)))
    except AbsentError as error:
        raise SlipwayError(f"{path}: {MISSING}") from error
    _logged(project, "checkout", f"{path}.dvc")


def tracked(project: Project, system: str) -> bool:
    """Whether DVC, and not Git, keeps a system's source."""
    return link_of(project.source(system)).is_file()


def remote_elsewhere(project: Project) -> str | None:
    """The address of DVC's default remote where that lies outside of the state folder; without a password."""
    from dvc.config import Config

    config = Config(str(project.root / ".dvc"))
    name = config["core"].get("remote")
    # DVC has made a relative url absolute while it read the file.
    url = str(config["remote"][name]["url"]) if name in config["remote"] else "none"
    inside = "://" not in url and Path(url).is_relative_to(project.state)
    return None if inside else masked(url)


def fingerprint(line: Line, revision: str = WORKSPACE) -> str:
    """DVC's hash of the split, from `dvc.lock` as it stands or as it stood at a Git revision.

    At a revision from before the lock that all systems share, it is read from the system's own.

    Raises:
        SlipwayError: there is no such revision, its lock has no split of this line, or is no lock.
    """
    stage = _stage(line)
    for lock, name in ((LOCK, stage), (f"systems/{line.system}/{LOCK}", f"split@{line.size}")):
        try:
            stages = yaml.safe_load(_read(line.project, lock, revision))["stages"]
            return next(str(out["md5"]) for out in stages[name]["outs"] if out["path"].endswith("/split"))
        except (FileNotFoundError, KeyError, StopIteration):
            continue
        except (yaml.YAMLError, TypeError, ValueError) as error:
            raise SlipwayError(f"{lock} at {revision}: not a lock of DVC; `git checkout` it") from error
    kept = "" if revision == WORKSPACE else " and commit the lock"
    raise SlipwayError(f"{LOCK} at {revision}: no {stage}; run `dvc repro {stage}`{kept}")


def fetch_split(line: Line, revision: str, expected: str, out: Path) -> None:
    """Copy the split of a revision to the folder `out`, from the working tree, DVC's cache or its remote.

    Raises:
        Refused: what was fetched has another hash than `expected`; nothing is left at `out`.
        SlipwayError: it is in none of the three.
    """
    path = line.data.relative_to(line.project.root).as_posix() + "/split"
    with whole_folder(out) as folder:
        split = line.data / "split"
        if revision == WORKSPACE and split.is_dir():
            files = [file for file in split.rglob("*") if file.is_file()]
            laid_out({file.relative_to(split).as_posix(): file for file in files}, folder)
        elif (pinned := fingerprint(line, revision)) == expected:
            try:
                with _reached(path):
                    laid_out(Objects.of(line.project.root).bring(pinned), folder)
            except AbsentError as error:
                raise SlipwayError(
                    f"{path} at {revision}: neither in DVC's cache nor in its remote; "
                    "`dvc push` it where it is, or `slipway data reproduce` it"
                ) from error
        else:
            # guard fetch.fingerprint
            raise Refused(f"{path} at {revision}: the lock has the hash {pinned}, expected {expected}")
        if (found := hash_of(folder)) != expected:
            # guard fetch.fingerprint
            raise Refused(f"{path} at {revision}: fetched data has the hash {found}, expected {expected}")


def hash_of(folder: Path, ignored: Any = None) -> str:
    """DVC's hash of a file or folder, computed from its bytes.

    Args:
        ignored: DVC's filter of what does not count, such as `.dvcignore` says.
    """
    from dvc.fs import LocalFileSystem, MemoryFileSystem
    from dvc_data.hashfile.build import build
    from dvc_data.hashfile.db import HashFileDB

    # In memory and a dry run: nothing is stored, and no hash comes from what DVC remembers of a file.
    database = HashFileDB(MemoryFileSystem(), "/")
    _, _, built = build(database, str(folder), LocalFileSystem(), "md5", dry_run=True, ignore=ignored)
    return str(built.hash_info.value)


def _ignored(root: Path) -> Any:
    """DVC's filter for a project."""
    from dvc.repo import Repo

    return Repo(str(root)).dvcignore


def _bring_missing(line: Line) -> None:
    """Fill DVC's cache with what the lock names and is not here; what is nowhere is made anew."""
    missing = {path: pin for path, pin in pins(line).items() if not (line.project.root / path).exists()}
    if not missing:
        return
    with _reached(f"data/{line.system}/{line.size}"):
        objects = Objects.of(line.project.root)
        for pinned in missing.values():
            with suppress(AbsentError):
                objects.bring(pinned)


@contextmanager
def _reached(path: str) -> Iterator[None]:
    """Tell the failure of a remote in one line; each kind of remote has errors of its own."""
    try:
        yield
    except (SlipwayError, AbsentError):
        raise
    except Exception as error:
        raise SlipwayError(f"{path}: DVC's remote: {' '.join(masked(str(error)).split())[:300]}") from error


def _stage(line: Line) -> str:
    """The last stage of the data as DVC names it, which stands for all before it."""
    return f"split@{line.system}-{line.size}"


def _read(project: Project, name: str, revision: str) -> str:
    if revision == WORKSPACE:
        return (project.root / name).read_text(encoding="utf-8")
    with _files(project, revision) as files:
        return str(files.read_text(name))


@contextmanager
def _files(project: Project, revision: str) -> Iterator[Any]:
    """The project's files, those in Git and those in DVC, at a revision."""
    _require_git(project)
    from dvc.api import DVCFileSystem
    from dvc.exceptions import DvcException
    from dvc.scm import RevError

    try:
        yield DVCFileSystem(repo=str(project.root), rev=None if revision == WORKSPACE else revision)
    except (DvcException, RevError) as error:
        raise SlipwayError(f"revision {revision!r}: {' '.join(str(error).split())}") from error


def _require_git(project: Project) -> None:
    if not any((folder / ".git").exists() for folder in (project.root, *project.root.parents)):
        raise SlipwayError(f"{project.root}: no Git repository, which DVC needs; run `git init` there")


def _log(project: Project, name: str) -> Path:
    """An empty log."""
    log = project.state / "logs" / f"dvc-{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)
    return log


def _logged(project: Project, *arguments: str) -> None:
    """Run one command of DVC, with a log of its name."""
    _require_git(project)
    _dvc(project, _log(project, arguments[0]), *arguments)


def _dvc(project: Project, log: Path, *arguments: str) -> None:
    """Run DVC with this interpreter, whose folder holds the `slipway` that the stages call."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    failed = log.with_suffix(".error.json")
    failed.unlink(missing_ok=True)  # of an earlier command
    with log.open("a", encoding="utf-8") as output:
        done = subprocess.run(  # noqa: S603 - our own interpreter, names from checked settings
            [sys.executable, "-m", "dvc", *arguments],
            cwd=project.root,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | {"PATH": path, "DVC_NO_ANALYTICS": "1", PLACE: str(failed)},
            check=False,
        )
    # What DVC says of a remote may hold the password of its address.
    said = log.read_bytes().decode("utf-8", "surrogateescape")
    if masked(said) != said:
        log.write_bytes(masked(said).encode("utf-8", "surrogateescape"))
    if done.returncode:
        raise _failure(failed, log, arguments[0])


def _failure(failed: Path, log: Path, command: str) -> SlipwayError:
    """The error that a stage raised, or else what DVC said."""
    failure = read_failure(failed)
    if failure is not None and (error := failure.foreseen()):
        return error
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines()]
    for line in reversed(lines):
        if absent := ABSENT.search(line):
            return SlipwayError(f"{absent['path']}: {MISSING}")
    said = [line for line in lines if line.startswith("ERROR: ")] or lines[:1] or ["it said nothing"]
    return SlipwayError(f"dvc {command} failed: {said[-1].removeprefix('ERROR: ')} (all of it: {log})")
