"""Write aside, then rename: a file or folder is either whole or absent."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a path beside `path`; it takes its place only when the block ends without an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
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
    for left in _left_beside(path):
        shutil.rmtree(left)
    aside, old = _beside(path, "part"), _beside(path, "old")
    try:
        with naming(path, aside):
            aside.mkdir()
            yield aside
            if path.exists():
                path.replace(old)  # a folder that is being deleted is neither whole nor absent
            aside.replace(path)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text so that a reader sees the old content or the new, never a part."""
    with whole_file(path) as aside:
        aside.write_text(text, encoding="utf-8")


def _beside(path: Path, kind: str) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.{kind}")


def _left_beside(path: Path) -> list[Path]:
    """Folders that processes which are gone wrote, or replaced, on behalf of `path`."""
    left = re.compile(re.escape(f".{path.name}.") + r"(\d+)\.(part|old)")
    found = [(one, left.fullmatch(one.name)) for one in path.parent.iterdir()]
    return [one for one, match in found if match and not _alive(int(match[1]))]


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def naming(path: Path, aside: Path | None = None) -> Iterator[None]:
    """Have an error of the system say `path` where it names no file, or only the one aside.

    A disk that fills up in the middle of a file does not say which one it was.
    """
    try:
        yield
    except OSError as error:
        if error.errno is not None and error.filename in (None, str(aside), aside):
            error.filename = str(path)
        raise
