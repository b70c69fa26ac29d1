"""One `dvc.yaml` at the root: systems that have one of their own, brought to where it looks for them."""

import shutil
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from slipway.base.atomic import write_text
from slipway.base.errors import Refused, SlipwayError
from slipway.data.pins import LOCK
from slipway.data.versions import commit, pull, track, untrack
from slipway.settings.root import Project
from slipway.starter.place import copy, stage
from slipway.starter.source import FORMATS, ending
from slipway.update.moved import entries, one_deeper, without_path
from slipway.update.older import CARD, STAGES, Older, faults, older

INCOMING = "incoming/"
"""Where `new-system` once put its copy of a table."""
PACKAGE = "__init__.py"


def migrate(project: Project, tell: Callable[[str], None]) -> list[str]:
    """Move the source, the lock and the stages of every system that is laid out as before; all or nothing.

    Nothing is computed: the lock keeps the hashes that it has, under new names. What somebody wrote stays.

    Returns:
        One line on each system that was moved.

    Raises:
        Refused: something is in the way that only its owner can move; nothing is changed.
        SlipwayError: a table is not at hand, or DVC does not take it; everything is as it was.
    """
    found = older(project.root)
    shared = {one.name for one in found if _is_shared(project, one, found)}
    _require(_faults(project, found, shared))
    # Read before anything moves, for DVC writes a new lock where a table is followed.
    locks = {one.name: _entries(project.root / "systems" / one.name / LOCK) for one in found}
    with ExitStack() as undo:
        _keep(project, found, undo)
        for one in found:  # two stages with the same outputs, and DVC does nothing at all
            if one.has_stages:
                (project.root / "systems" / one.name / STAGES).unlink()
        lines = [_migrate(project, one, one.name in shared, tell) for one in found]
        for one in found:
            _lock(project, one, locks[one.name])
        undo.pop_all()
    # Only when all is done: `_keep` could not put an old table back.
    for one in found:
        if one.name not in shared:
            _clear(project, one)
    return lines


def _require(found: Iterable[str]) -> None:
    if wrong := list(found):
        raise Refused("; ".join(wrong))  # guard migrate.owner


def _faults(project: Project, found: Sequence[Older], shared: Container[str]) -> Iterator[str]:
    """What is in the way, one line each."""
    if found and not (project.root / STAGES).is_file():
        yield f"{project.root / STAGES}: no such file; `slipway update` brings it"
    for one in found:
        yield from faults(one)
        own = one.stages and not one.has_stages
        if own and one.named and one.kind == "table" and _is_followed(project, one, one.name in shared):
            yield f"systems/{one.name}/{STAGES}: let a stage of it make source/ of {one.path}"


def _keep(project: Project, found: Sequence[Older], undo: ExitStack) -> None:
    """Have all that may change put back as it was."""
    files = [project.root / LOCK]
    for one in found:
        folder = project.root / "systems" / one.name
        files += [folder / name for name in (CARD, STAGES, LOCK, ".gitignore", "source.py", "source.dvc")]
        if not (folder / "source").exists():
            undo.callback(shutil.rmtree, folder / "source", ignore_errors=True)
    for file in files:
        undo.callback(_restore, file, file.read_bytes() if file.is_file() else None)


def _restore(file: Path, content: bytes | None) -> None:
    if content is None:
        file.unlink(missing_ok=True)
    else:
        file.write_bytes(content)


def _migrate(project: Project, one: Older, shared: bool, tell: Callable[[str], None]) -> str:
    """Source and card of one system; says what became of the source."""
    folder = project.root / "systems" / one.name
    said = f"systems/{one.name}: its data is of the dvc.yaml at the root now"
    if one.path is not None and not project.source(one.name).exists():
        move = _generator if one.kind == "generator" else _table
        said = f"systems/{one.name}: {move(project, one, shared, tell)}"
    if one.named:
        try:
            write_text(folder / CARD, without_path((folder / CARD).read_text(encoding="utf-8")))
        except SlipwayError as error:
            raise SlipwayError(f"systems/{one.name}/{CARD}: {error}") from error
    return said


def _generator(project: Project, one: Older, shared: bool, tell: Callable[[str], None]) -> str:
    old = project.root / str(one.path)
    text = old.read_text(encoding="utf-8")
    write_text(project.source(one.name) / PACKAGE, one_deeper(text))
    old.unlink()
    note = "; it names __file__, which is one folder deeper now" if "__file__" in text else ""
    return f"source.py is source/{PACKAGE} now{note}"


def _table(project: Project, one: Older, shared: bool, tell: Callable[[str], None]) -> str:
    path, given = project.root / str(one.path), str(one.path)
    if not path.exists():
        pull(project, given)
    file = _name_of(project, one)
    tell(f"copying {given} to systems/{one.name}/source")
    copy(path, project.source(one.name), file, tell)
    if _is_followed(project, one, shared):
        folder = project.root / "systems" / one.name
        write_text(folder / STAGES, stage(one.name, given, file))
        (folder / LOCK).unlink(missing_ok=True)
        commit(project, f"systems/{one.name}/{STAGES}:source")
        return f"source/ is a copy of {given}, which its dvc.yaml renews when that changes"
    track(project, f"systems/{one.name}/source")
    if _was_brought(project, one):
        return f"{given} is source/{file} now"
    return f"source/ has a copy of {given}, and DVC keeps it; a newer table goes there"


def _entries(lock: Path) -> dict[str, Any]:
    """What a lock says of each stage, as DVC reads it: `yes` is a text in YAML 1.2."""
    from dvc.utils.serialize import load_yaml

    return dict(load_yaml(lock)["stages"]) if lock.is_file() else {}


def _lock(project: Project, one: Older, was: dict[str, Any]) -> None:
    """The system's entries at the end of the root's lock, or in place of what that says of it."""
    root, own = project.root / LOCK, project.root / "systems" / one.name / LOCK
    mine = {key: entry for key, entry in was.items() if key in one.lock}
    if mine:
        _write(root, _entries(root) | entries(mine, one.name, one.path, _name_of(project, one)))
    if not own.with_name(STAGES).is_file():
        own.unlink(missing_ok=True)
    elif own.is_file():  # the stages of somebody's own stay
        _write(own, {key: entry for key, entry in _entries(own).items() if key not in one.lock})


def _write(lock: Path, stages: dict[str, Any]) -> None:
    from dvc.utils.serialize import dump_yaml

    dump_yaml(lock, {"schema": "2.0", "stages": stages})


def _clear(project: Project, one: Older) -> None:
    """Take away the old copy of a table that has moved."""
    path = project.root / str(one.path)
    if not _was_brought(project, one):
        return
    untrack(project, f"{one.path}.dvc")
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    if path.parent.is_dir() and not any(path.parent.iterdir()):
        path.parent.rmdir()


def _name_of(project: Project, one: Older) -> str:
    """What the source is called in its folder; nothing where it was a folder."""
    if one.kind == "generator":
        return PACKAGE
    path, moved = project.root / str(one.path), project.source(one.name)
    if path.exists():
        end = ending(path, next(kind for kind in FORMATS if kind == one.format))
        return f"{one.name}{end}" if end else ""
    files = [file.name for file in moved.iterdir()] if moved.is_dir() else []
    return files[0] if len(files) == 1 else ""


def _is_followed(project: Project, one: Older, shared: bool) -> bool:
    """Whether the table stays where it is: in the project, and not this system's alone."""
    inside = (project.root / str(one.path)).resolve().is_relative_to(project.root.resolve())
    return inside and (shared or not _was_brought(project, one))


def _was_brought(project: Project, one: Older) -> bool:
    """Whether `new-system` copied it."""
    path = str(one.path)
    return path.startswith(INCOMING) and (project.root / f"{path}.dvc").is_file()


def _is_shared(project: Project, one: Older, found: Sequence[Older]) -> bool:
    """Whether another system's source is the same table, or follows it."""
    following = (file.read_text(encoding="utf-8") for file in project.root.glob(f"systems/*/{STAGES}"))
    return any(other.path == one.path for other in found if other is not one) or any(
        str(one.path) in text for text in following
    )
