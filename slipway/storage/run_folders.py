"""The folders in which tasks of a local run hand files to each other, each held by its run while it lasts."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from slipway.settings.root import Project

LOGS = 50
"""Runs whose logs stay."""
UNFINISHED = "unfinished"
"""A file in the folder of a run, until all of its tasks have succeeded."""


def run_folders(project: Project) -> Path:
    """Where they lie, with a log beside each."""
    return project.state / "runs"


def collecting(project: Project) -> Path:
    """The lock of whoever removes what nothing needs; a run begins before that or after it."""
    return project.state / "locks" / "gc.lock"


@contextmanager
def held(project: Project, folder: Path) -> Iterator[None]:
    """Hold a run's folder, and remove what earlier runs left but the last failure and the newest logs."""
    gate = collecting(project)
    gate.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(_lock(folder)):
        # Its own lock first: who collects either finds that one taken, or is waited for here.
        with FileLock(gate):
            pass
        folder.mkdir(exist_ok=True)
        unfinished = folder / UNFINISHED
        unfinished.touch()
        # This run's own folder is locked, so it does not count as ended.
        for one in left_over(project):
            shutil.rmtree(one, ignore_errors=True)
        for log in old_logs(project):
            log.unlink(missing_ok=True)
        yield
        # In no `finally`: a run that failed keeps its mark, and by that its folder.
        unfinished.unlink()


def left_over(project: Project) -> list[Path]:
    """Folders of runs that have ended, but for the last that did not end well, which somebody may look at."""
    # Names begin with a run's time.
    ended = [one for one in sorted(run_folders(project).glob("*")) if one.is_dir() and has_ended(one)]
    failed = [one for one in ended if (one / UNFINISHED).is_file()]
    return [one for one in ended if one not in failed[-1:]]


def old_logs(project: Project) -> list[Path]:
    """Logs of runs before the newest ones, with what failed there and the locks of folders that are gone."""
    folder = run_folders(project)
    names = sorted(path.stem for path in folder.glob("*.log"))
    old = {name for name in names[:-LOGS] if not (folder / name).is_dir()}
    return [path for path in sorted(folder.glob("*.*")) if path.name.partition(".")[0] in old]


def has_ended(folder: Path) -> bool:
    """Whether no process holds a run's folder."""
    try:
        with FileLock(_lock(folder), timeout=0):
            return True
    except Timeout:
        return False


def _lock(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")
