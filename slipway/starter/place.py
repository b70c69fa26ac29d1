"""The user's table in `systems/<name>/source`: a copy that DVC keeps, or one that follows another file."""

import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml

from slipway.base.atomic import whole_folder, write_text
from slipway.base.provenance import git
from slipway.data.versions import track
from slipway.settings.root import Project

BLOCK = 2**23
"""Bytes copied between two looks at the clock."""
SILENT = 2.0
"""Seconds of copying after which it says how far it is."""
MB = 10**6
STAGE = (
    "# The table of this system lies elsewhere in the project; DVC copies it here again when it changes.\n"
)


@dataclass(frozen=True)
class Place:
    """How the table comes into a system's source.

    Attributes:
        file: its name there; nothing where it is a folder, whose files then lie there.
        follows: where it lies in the project, relative to its root, if Git or DVC keep it there; then that
            stays the one to edit. Else it is copied once.
    """

    file: str
    follows: str | None


def place(project: Project, path: Path, name: str, ending: str) -> Place:
    """A table that Git or DVC keep in this project stays where it is; any other is copied."""
    file = f"{name}{ending}" if ending else ""
    real = path.resolve()
    # The root itself cannot be followed: the copy would lie inside of what it is a copy of.
    if real.is_relative_to(project.root) and real != project.root:
        relative = real.relative_to(project.root).as_posix()
        if real.with_name(f"{real.name}.dvc").is_file() or git(project.root, "ls-files", "--", relative):
            return Place(file, relative)
    return Place(file, None)


def bring(project: Project, name: str, path: Path, to: Place, tell: Callable[[str], None]) -> None:
    """Make the system's source from the table at `path`, and have DVC keep it or make it again.

    Raises:
        SlipwayError: DVC does not take it.
    """
    if to.follows is not None:
        write_text(project.root / "systems" / name / "dvc.yaml", stage(name, to.follows, to.file))
        return
    copy(path, project.source(name), to.file, tell)
    track(project, f"systems/{name}/source")


def stage(name: str, follows: str, file: str) -> str:
    """The text of a `dvc.yaml` whose one stage copies a file or folder of the project into a source."""
    source = f"systems/{name}/source"
    what = shlex.join(["cp", follows, f"{source}/{file}"] if file else ["cp", "-R", f"{follows}/.", source])
    content = {
        "wdir": "../..",
        # DVC takes the source away before the stage runs, so no file that is gone from the table stays.
        "cmd": f"mkdir -p {source} && {what}".replace("${", "\\${"),
        # `${` is where DVC puts in a value.
        "deps": [follows.replace("${", "\\${")],
        "outs": [source],
    }
    return STAGE + yaml.safe_dump(
        {"stages": {"source": content}}, sort_keys=False, allow_unicode=True, width=2**31
    )


def copy(path: Path, folder: Path, file: str, tell: Callable[[str], None]) -> None:
    """Copy a table into a new folder, under the name `file`; the files of a folder as they are called."""
    with whole_folder(folder) as aside:
        if file:
            _copy_files([(path, aside / file)], tell)
        else:
            files = [one for one in sorted(path.rglob("*")) if one.is_file()]
            _copy_files([(one, aside / one.relative_to(path)) for one in files], tell)


def _copy_files(pairs: list[tuple[Path, Path]], tell: Callable[[str], None]) -> None:
    """Byte by byte, saying every second how far it is, once that takes a while."""
    # The first line comes after SILENT seconds, each further one a second after the last.
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
