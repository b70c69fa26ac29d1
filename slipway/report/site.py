"""Pages as a folder: whole or as it was before, and never in the place of what somebody else keeps."""

from collections.abc import Mapping
from pathlib import Path

from slipway.base.atomic import whole_folder
from slipway.base.errors import UsageError

MARK = ".slipway-ui"
"""Lists the files of such a folder, a line each."""


def require_own(folder: Path) -> None:
    """Whether a folder may be replaced: it is absent or empty, or holds nothing but what was written here.

    Raises:
        UsageError: somebody keeps something there.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        # guard ui.folder
        raise UsageError(f"{folder}: found a file or a link, expected a folder to build the overview in")
    if not folder.is_dir() or not any(folder.iterdir()):
        return
    mark = folder / MARK
    own = {MARK, *(mark.read_text(encoding="utf-8").splitlines() if mark.is_file() else ())}
    found = (path for path in sorted(folder.rglob("*")) if not path.is_dir() or path.is_symlink())
    other = next((name for path in found if (name := path.relative_to(folder).as_posix()) not in own), None)
    if other is not None:
        raise UsageError(
            f"{folder}: holds {other}, which `slipway ui` did not write, and the folder is replaced whole; "
            "name another with --to"
        )  # guard ui.folder


def write_site(folder: Path, files: Mapping[str, str]) -> None:
    """Replace a folder by these files, by their paths in it.

    Raises:
        UsageError: as for `require_own`.
    """
    require_own(folder)
    with whole_folder(folder) as aside:
        for name, text in ({**files, MARK: "".join(f"{name}\n" for name in sorted(files))}).items():
            (aside / name).parent.mkdir(exist_ok=True)
            (aside / name).write_text(text, encoding="utf-8")
