"""What Git holds of the data that DVC keeps: a hash for each folder or file."""

from pathlib import Path

import yaml

from slipway.base.errors import SlipwayError
from slipway.settings import Line
from slipway.settings.root import Project

LOCK = "dvc.lock"


def pins(line: Line) -> dict[str, str]:
    """What the stages of a line have made, each with its hash in `dvc.lock`; empty before their first run."""
    found: dict[str, str] = {}
    of = f"@{line.system}-{line.size}"
    try:
        stages = yaml.safe_load((line.project.root / LOCK).read_text(encoding="utf-8"))["stages"]
        for name, stage in stages.items():
            if name.endswith(of):
                found |= {str(out["path"]): str(out["md5"]) for out in stage["outs"]}
    except FileNotFoundError:
        return {}
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise SlipwayError(f"{LOCK}: not a lock of DVC; `git checkout` it") from error
    return found


def source_pin(project: Project, system: str) -> dict[str, str]:
    """A source that DVC tracks, with its hash; empty where Git keeps it."""
    folder = project.source(system)
    if not link_of(folder).is_file():
        return {}
    return {folder.relative_to(project.root).as_posix(): pin_of(link_of(folder))}


def pin_of(link: Path) -> str:
    """The hash in a `.dvc` file."""
    try:
        return str(yaml.safe_load(link.read_text(encoding="utf-8"))["outs"][0]["md5"])
    except (OSError, yaml.YAMLError, KeyError, IndexError, TypeError, ValueError) as error:
        raise SlipwayError(f"{link}: not a file of DVC that names a hash; `git checkout` it") from error


def link_of(folder: Path) -> Path:
    """Where DVC keeps the hash of a folder that it tracks."""
    return folder.with_name(f"{folder.name}.dvc")
