"""The files of a table that is a folder, and the columns that folders called `key=value` make."""

from collections import defaultdict
from pathlib import Path
from urllib.parse import unquote

from slipway.base.digest import sha256
from slipway.base.errors import SlipwayError
from slipway.data.duckdb_engine import quoted
from slipway.data.values import shown

_MISSING = "__HIVE_DEFAULT_PARTITION__"
"""What Hive and Spark call the folder of rows without a value."""
_CHANCE = 4096
"""Bytes up to which two files may be the same by chance: a row each, as of events that are written singly."""


def table_files(path: Path, kind: str) -> list[Path]:
    """The file at `path`, or those of a kind below that folder, sorted, as rows are numbered through them.

    Raises:
        SlipwayError: there is none.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise SlipwayError(f"{path}: no such file or folder; the table should lie there")  # guard ingest.file
    files = [file for file in sorted(path.rglob("*")) if _is_of(file, kind)]
    if not files:
        endings = ".parquet" if kind == "parquet" else f".{kind} or .{kind}.gz"
        raise SlipwayError(f"{path}: no file in this folder ends in {endings}")
    return files


def require_no_copy(path: Path, files: list[Path]) -> None:
    """Hold the files of a folder against each other; below another key the same rows are others.

    Raises:
        SlipwayError: one is a copy of another, so that each of its rows would count twice.
    """
    by_size: dict[tuple[int, tuple[str, ...]], list[Path]] = defaultdict(list)
    for file in files:
        keyed = tuple(name for name in file.relative_to(path).parts[:-1] if "=" in name)
        by_size[file.stat().st_size, keyed].append(file)
    for (size, _), alike in by_size.items():
        seen: dict[str, Path] = {}
        # Few files have the size of another, so few are read for this.
        for file in alike if size > _CHANCE and len(alike) > 1 else ():
            if (other := seen.setdefault(sha256(file), file)) != file:
                one, same = (found.relative_to(path) for found in (other, file))
                # guard ingest.file_twice
                raise SlipwayError(f"{path}: {same} has the same bytes as {one}; take one of them away")


def _is_of(file: Path, kind: str) -> bool:
    """Hidden files and marks such as _SUCCESS are no table."""
    name = file.name.lower()
    endings = (".parquet",) if kind == "parquet" else (f".{kind}", f".{kind}.gz")
    return name.endswith(endings) and not name.startswith((".", "_")) and file.is_file()


def keys(path: Path, files: list[Path], file: str) -> dict[str, str]:
    """Columns that the names of folders between `path` and its files make, each as SQL of its text.

    Args:
        file: SQL, the path of a row's file.

    Raises:
        SlipwayError: the files lie in folders of different keys.
    """
    if not path.is_dir():
        return {}
    first = _keys(path, files[0])
    for other in files[1:]:
        if (found := _keys(path, other)) != first:
            expected, said = (
                " and ".join(f"{shown(key, 40)}=…" for key in one.values()) or "no folder of a key"
                for one in (first, found)
            )
            # guard ingest.folders
            raise SlipwayError(f"{other}: lies below {said}, {files[0].relative_to(path)} below {expected}")
    # Counted from the path that was given: a folder above it says nothing of the rows.
    begin = len(str(files[0])) - len(str(files[0].relative_to(path))) + 1
    made = {}
    for depth, key in first.items():
        text = f"url_decode(substr(split_part(substr({file}, {begin}), '/', {depth}), {len(key) + 2}))"
        missing = f"{text} IN ('', {quoted(_MISSING)})"
        made[unquote(key)] = f"CASE WHEN NOT {missing} THEN {text} END"
    return made


def _keys(path: Path, file: Path) -> dict[int, str]:
    """The key of each folder that has one, by its depth below `path`, counted from 1."""
    folders = file.relative_to(path).parts[:-1]
    return {depth: name.partition("=")[0] for depth, name in enumerate(folders, 1) if name.find("=") > 0}
