"""DVC, and everything that slipway asks of it: reproduce the data, name a version of it, fetch one."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from slipway.base.atomic import whole_folder
from slipway.base.errors import Refused, SlipwayError
from slipway.base.failure import PLACE, read_failure
from slipway.settings import Line
from slipway.settings.root import Project

WORKSPACE = "WORKSPACE"
"""In place of a Git revision: the working tree as it is."""
LOCK = "dvc.lock"
ABSENT = re.compile(r"missing data 'source': (?P<path>.+)")
"""What DVC says of a file that it tracks and that is neither here nor in its cache or remote."""
MISSING = "neither here nor in DVC's remote; `dvc push` it where it is, to a remote that both reach"


def run_stages(line: Line) -> bool:
    """Run the stages whose inputs changed and push the results to DVC's remote; true if any stage ran.

    What did not change and is not here, as in a fresh clone, is pulled from the remote where it has it.

    Raises:
        Refused: the data failed its checks.
        SlipwayError: a stage or DVC failed; the line says where the whole output is.
    """
    project, target = line.project, _stage(line)
    _require_git(project)
    require_source(project, line.system)
    log = _log(project, f"{line.system}-{line.size}")
    _dvc(project, log, "repro", "--pull", target)
    _dvc(project, log, "push", "--with-deps", target)
    # DVC ends with 0 whether or not a stage ran; only what it printed tells.
    return "Running stage" in log.read_text(encoding="utf-8", errors="replace")


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
    if not (folder.exists() or _link(folder).exists() or folder.with_name("dvc.yaml").exists()):
        name = folder.relative_to(project.root)
        raise SlipwayError(f"{name}: no such folder; the system's table or generator belongs there")


def bring(project: Project, system: str) -> None:
    """Get a source that DVC tracks from its remote, where it is not here, as in a fresh clone.

    Raises:
        SlipwayError: the system has none, or the remote cannot be reached or does not have it.
    """
    require_source(project, system)
    if project.source(system).exists() or not tracked(project, system):
        return
    pull(project, project.source(system).relative_to(project.root).as_posix())


def pull(project: Project, path: str) -> None:
    """Get a file or folder from DVC's remote.

    Raises:
        SlipwayError: the remote cannot be reached, or does not have it.
    """
    try:
        _logged(project, "pull", path)
    except SlipwayError as error:
        raise SlipwayError(f"{path}: {MISSING} ({error})") from error


def tracked(project: Project, system: str) -> bool:
    """Whether DVC, and not Git, keeps a system's source."""
    return _link(project.source(system)).is_file()


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
        # A folder that is not there yet: into one that is, DVC copies `split` as a folder of its own.
        copy = folder / "split"
        try:
            with _files(line.project, revision) as files:
                files.get(path, str(copy), recursive=True)
        except FileNotFoundError as error:
            raise SlipwayError(
                f"{path} at {revision}: neither in DVC's cache nor in its remote; run `dvc pull`"
            ) from error
        except RecursionError as error:  # a list of files that leads out of its folder
            raise SlipwayError(
                f"{path} at {revision}: DVC's list of its files is damaged; "
                f"remove .dvc/cache/files/md5/{expected[:2]}/{expected[2:]} and run `dvc pull`"
            ) from error
        if (found := hash_of(copy)) != expected:
            # guard fetch.fingerprint
            raise Refused(f"{path} at {revision}: fetched data has the hash {found}, expected {expected}")
        for file in copy.iterdir():
            file.rename(folder / file.name)
        copy.rmdir()


def hash_of(folder: Path) -> str:
    """DVC's hash of a folder, computed from its files."""
    from dvc.fs import LocalFileSystem, MemoryFileSystem
    from dvc_data.hashfile.build import build
    from dvc_data.hashfile.db import HashFileDB

    # In memory and a dry run: nothing is stored, and no hash comes from what DVC remembers of a file.
    database = HashFileDB(MemoryFileSystem(), "/")
    _, _, built = build(database, str(folder), LocalFileSystem(), "md5", dry_run=True)
    return str(built.hash_info.value)


def _stage(line: Line) -> str:
    """The last stage of the data as DVC names it, which stands for all before it."""
    return f"split@{line.system}-{line.size}"


def _link(folder: Path) -> Path:
    """Where DVC keeps the hash of a folder that it tracks."""
    return folder.with_name(f"{folder.name}.dvc")


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
    from dvc_data.index import DataIndexDirError

    try:
        yield DVCFileSystem(repo=str(project.root), rev=None if revision == WORKSPACE else revision)
    except DataIndexDirError as error:  # a folder of which not even the list of files is at hand
        raise FileNotFoundError(str(error)) from error
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
