"""DVC, and everything that slipway asks of it: reproduce the data, name a version of it, fetch one."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from slipway.base.atomic import whole_folder
from slipway.base.errors import Refused, SlipwayError, UsageError
from slipway.settings import Line
from slipway.settings.root import Project

WORKSPACE = "WORKSPACE"
ABSENT = re.compile(r"missing data 'source': (?P<path>.+)")
"""What DVC says of a file that it tracks and that is neither here nor in its cache or remote."""
MISSING = "neither here nor in DVC's remote; `dvc push` it where it is, to a remote that both reach"


def reproduce(line: Line) -> bool:
    """Run the stages whose inputs changed and push the results to DVC's remote; true if any stage ran.

    What did not change and is not here, as in a fresh clone, is pulled from the remote where it has it.

    Raises:
        Refused: the data failed its checks.
        SlipwayError: a stage or DVC failed; the line says where the whole output is.
    """
    project, system, size = line.project, line.system, line.size
    _require_git(project)
    log = project.state / "logs" / f"dvc-{system}-{size}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)
    target = f"{_folder(system)}/dvc.yaml:split@{size}"
    _dvc(project, log, "repro", "--pull", target)
    _dvc(project, log, "push", "--with-deps", target)
    return "Running stage" in log.read_text(encoding="utf-8", errors="replace")


def track(project: Project, path: str) -> None:
    """Let DVC keep the versions of a file or folder, as `dvc add` does; `path` is relative to the root.

    Raises:
        SlipwayError: DVC does not take it.
    """
    _require_git(project)
    log = project.state / "logs" / "dvc-add.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)
    _dvc(project, log, "add", path)


def bring(project: Project, path: str) -> None:
    """Get a file or folder that DVC tracks from its remote, where it is not here, as in a fresh clone.

    Raises:
        SlipwayError: the remote cannot be reached, or does not have it.
    """
    if (project.root / path).exists() or not tracked(project, path):
        return
    log = project.state / "logs" / "dvc-pull.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)
    try:
        _dvc(project, log, "pull", path)
    except SlipwayError as error:
        raise SlipwayError(f"{path}: {MISSING} ({error})") from error


def tracked(project: Project, path: str) -> bool:
    """Whether DVC, and not Git, keeps a path, by itself or with a folder that it lies in."""
    places = (path, *(str(folder) for folder in PurePosixPath(path).parents))
    return any((project.root / f"{place}.dvc").is_file() for place in places)


def fingerprint(line: Line, revision: str = WORKSPACE) -> str:
    """DVC's hash of the split, from `dvc.lock` as it stands or as it stood at a Git revision."""
    system, size = line.system, line.size
    name = f"{_folder(system)}/dvc.lock"
    try:
        text = _read(line.project, name, revision)
        stages = yaml.safe_load(text)["stages"]
        found = next(out["md5"] for out in stages[f"split@{size}"]["outs"] if out["path"].endswith("/split"))
    except (FileNotFoundError, KeyError, StopIteration) as error:
        kept = "" if revision == WORKSPACE else " and commit the lock"
        raise SlipwayError(
            f"{name} at {revision}: no split@{size}; "
            f"run `dvc repro {_folder(system)}/dvc.yaml:split@{size}`{kept}"
        ) from error
    except (yaml.YAMLError, TypeError, ValueError) as error:
        raise SlipwayError(f"{name} at {revision}: not a lock of DVC; `git checkout` it") from error
    return str(found)


def fetch(line: Line, revision: str, expected: str, out: Path) -> None:
    """Copy the split of a revision to the folder `out`, from the working tree, DVC's cache or its remote.

    Raises:
        Refused: what was fetched has another hash than `expected`; nothing is left at `out`.
        SlipwayError: it is in none of the three.
    """
    path = line.data.relative_to(line.project.root).as_posix() + "/split"
    with whole_folder(out) as folder:
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

    database = HashFileDB(MemoryFileSystem(), "/")
    _, _, built = build(database, str(folder), LocalFileSystem(), "md5", dry_run=True)
    return str(built.hash_info.value)


def _folder(system: str) -> str:
    return f"systems/{system}"


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


def _dvc(project: Project, log: Path, *arguments: str) -> None:
    """Run DVC with this interpreter, whose folder holds the `slipway` that the stages call."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    with log.open("a", encoding="utf-8") as output:
        done = subprocess.run(  # noqa: S603 - our own interpreter, names from checked settings
            [sys.executable, "-m", "dvc", *arguments],
            cwd=project.root,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | {"PATH": path, "DVC_NO_ANALYTICS": "1"},
            check=False,
        )
    if done.returncode:
        _fail(log, arguments[0])


def _fail(log: Path, command: str) -> None:
    """Raise what a stage said in a line of its own, or else what DVC said."""
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines()]
    for line in reversed(lines):
        for kind in (Refused, UsageError, SlipwayError):
            if line.startswith(f"{kind.__name__}: "):
                raise kind(line.removeprefix(f"{kind.__name__}: "))
        if absent := ABSENT.search(line):
            raise SlipwayError(f"{absent['path']}: {MISSING}")
    said = [line for line in lines if line.startswith("ERROR: ")] or lines[:1] or ["it said nothing"]
    raise SlipwayError(f"dvc {command} failed: {said[-1].removeprefix('ERROR: ')} (all of it: {log})")
