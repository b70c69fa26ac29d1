"""Write aside, then rename: a file or folder is either whole or absent."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a path beside `path`; it takes its place only when the block ends without an error.

    What a killed process left beside it is removed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _clear_beside(path)
    aside = _beside(path, "part")
    with naming(path, aside):
        try:
            yield aside
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder beside `path`; it replaces `path` only when the block ends without an error.

    What a killed process left beside it is removed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _clear_beside(path)
    aside, old = _beside(path, "part"), _beside(path, "old")
    try:
        with naming(path, aside):
            aside.mkdir()
            yield aside
            if path.exists():
                # Moved, as a rename replaces no folder that has content, and not deleted:
                # while a folder is being deleted it is neither whole nor absent.
                path.replace(old)
            aside.replace(path)
    finally:
        # Errors are ignored, so that the error of the block is the one that is seen.
        shutil.rmtree(aside, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text so that a reader sees the old content or the new, never a part."""
    with whole_file(path) as aside:
        aside.write_text(text, encoding="utf-8")


def _beside(path: Path, kind: str) -> Path:
    # Beside it, for a rename is atomic only within one file system. With our id, so that others can tell
    # whether its writer is still alive.
    return path.with_name(f".{path.name}.{os.getpid()}.{kind}")


def _clear_beside(path: Path) -> None:
    """Remove what processes that have ended left beside `path`, as far as that is possible."""
    left = re.compile(re.escape(f".{path.name}.") + r"(\d+)\.(part|old)")
    for one in path.parent.iterdir():
        match = left.fullmatch(one.name)
        # A process that lives may still be writing there.
        if match is None or _alive(int(match[1])):
            continue
        if one.is_dir():
            shutil.rmtree(one, ignore_errors=True)
        else:
            # What cannot be removed does not keep us from writing.
            with suppress(OSError):
                one.unlink()


def is_left_beside(path: Path) -> bool | None:
    """Whether the process lives that writes there; None where the name is none that is written aside."""
    match = re.fullmatch(r"\..+\.(\d+)\.(?:part|old)", path.name)
    return None if match is None else _alive(int(match[1]))


def _alive(process: int) -> bool:
    """Whether another process with this id is running; our own id counts as one that has ended."""
    # Every container starts with process 1: a file with our id is an earlier process's.
    if process == os.getpid():
        return False
    try:
        # Signal 0 is sent to nobody; only whether it could be is told.
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is running, as another user
        return True
    return True


@contextmanager
def naming(path: Path, aside: Path | None = None) -> Iterator[None]:
    """Make an OSError of the block name `path`: where it names no file, and in the place of `aside`.

    Where a disk fills up in the middle of a file, the error names none.
    """
    try:
        yield
    except OSError as error:
        # An error without a number is a text alone, which Python would not print beside a file name.
        if error.errno is not None:
            error.filename = str(path) if error.filename is None else _named(error.filename, path, aside)
            if error.filename2 is not None:
                error.filename2 = _named(error.filename2, path, aside)
        raise


def _named(found: object, path: Path, aside: Path | None) -> object:
    """The name that a file in `aside` has once `aside` is renamed to `path`; any other name as it is."""
    name = str(found)
    if aside is None or not (name == str(aside) or name.startswith(f"{aside}{os.sep}")):
        return found
    return str(path) + name.removeprefix(str(aside))
