"""Remove what nothing needs, while nobody can come to need it."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

from filelock import FileLock, Timeout

from slipway.base.errors import Refused
from slipway.registry.turns.local import LocalTurns
from slipway.settings.line import lines_of
from slipway.settings.root import Project
from slipway.storage import data_objects
from slipway.storage.item import Item
from slipway.storage.look import look
from slipway.storage.needs import needs
from slipway.storage.run_folders import collecting, has_ended, run_folders


def collect(project: Project, say: Callable[[str], None]) -> list[Item]:
    """Remove what nothing needs; returns what was found.

    Each folder is renamed into `.slipway/trash` before it is deleted, so that it is whole or gone; what a
    kill leaves there goes with the next run.

    Raises:
        Refused: a run, a rollout or a move of production is going on.
    """
    with alone(project):
        found = look(project, needs(project))
        free = [one for one in found if one.kept is None]
        for place, one in enumerate(free, 1):
            remove(project, one.path)
            if place % 1000 == 0:
                say(f"{place:,} of {len(free):,} removed: {one.kind}")
        shutil.rmtree(project.state / "trash", ignore_errors=True)
    return found


def remove(project: Project, path: Path) -> None:
    """Take a file or folder away at once."""
    if not path.is_dir() or path.is_symlink():
        path.unlink(missing_ok=True)
        return
    trash = project.state / "trash"
    if path.parent == trash:
        return
    trash.mkdir(parents=True, exist_ok=True)
    aside = trash / uuid4().hex
    path.rename(aside)
    shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def alone(project: Project) -> Iterator[None]:
    """Keep every line of this machine where it is while the block lasts.

    Raises:
        Refused: a run, a rollout or a move of production is going on.
    """
    (project.state / "locks").mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        stack.enter_context(_taken(collecting(project), "another gc or forget"))
        for folder in sorted(one for one in run_folders(project).glob("*") if one.is_dir()):
            if not has_ended(folder):
                raise Refused(f"run {folder.name} is going on; try again once it has ended")  # guard gc.run
        for line in lines_of(project):
            line.lock.parent.mkdir(parents=True, exist_ok=True)
            stack.enter_context(LocalTurns(line).taken())
            stack.enter_context(_taken(line.traffic_lock, f"a rollout of {line.name}"))
        if (store := project.kept / "bentoml").is_dir():
            stack.enter_context(_taken(store / "build.lock", "packaging"))
        if (project.root / ".dvc").is_dir():
            stack.enter_context(data_objects.dvc_waits(project.root))
        yield


@contextmanager
def _taken(lock: Path, who: str) -> Iterator[None]:
    try:
        with FileLock(lock, timeout=0):
            yield
    except Timeout as error:
        raise Refused(f"{lock}: {who} is going on; try again once it has ended") from error  # guard gc.alone
