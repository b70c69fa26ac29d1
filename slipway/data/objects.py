"""Objects of DVC's remote, taken only where their bytes have the hash that Git holds.

DVC trusts its remote: it takes the name of an object for its hash and, where a list of a folder's files names
one beside that folder, writes there, with `verify` too. So nothing of a remote is handed to DVC before it was
held against its hash here; what DVC then checks out is already in its cache.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from slipway.base.addresses import masked
from slipway.base.atomic import whole_file
from slipway.base.errors import Refused, SlipwayError

FOLDER = ".dir"
"""Ends the hash of a folder, which is that of the list of its files."""
_HASH = re.compile(r"[0-9a-f]{32}(\.dir)?")
_READ_ONLY = 0o444
"""As DVC leaves the files of its cache."""


class AbsentError(Exception):
    """An object is neither in DVC's cache nor in its remote; says its hash."""


@dataclass(frozen=True)
class Objects:
    """DVC's cache, filled from its remote.

    Attributes:
        cache, remote: DVC's stores of objects by hash.
    """

    cache: Any
    remote: Any

    @classmethod
    def of(cls, root: Path) -> "Objects":
        """Those of a project.

        Raises:
            SlipwayError: DVC knows no remote.
        """
        from dvc.exceptions import DvcException
        from dvc.repo import Repo

        try:
            repo = Repo(str(root))
            return cls(repo.cache.local, repo.cloud.get_remote_odb(None, "pull"))
        except DvcException as error:
            raise SlipwayError(f"DVC's remote: {' '.join(masked(str(error)).split())}") from error

    def bring(self, pinned: str) -> dict[str, Path]:
        """Get a file or folder into the cache; where the bytes of each of its files lie, by relative path.

        Args:
            pinned: the hash that Git holds; a file has the path ''.

        Raises:
            AbsentError: a part of it is in neither place.
            Refused: the remote has other bytes under that hash, or the list of files leads elsewhere.
        """
        first = self._take(pinned)
        if not pinned.endswith(FOLDER):
            return {"": first}
        listed = _listed(first)
        with ThreadPoolExecutor(self.remote.fs.jobs) as pool:
            return dict(zip(listed, pool.map(self._take, listed.values()), strict=True))

    def _take(self, name: str) -> Path:
        if not _HASH.fullmatch(name):
            # guard data.listed
            raise Refused(f"DVC's cache: found {name!r} in place of a hash, expected 32 digits of hex")
        path = Path(self.cache.oid_to_path(name))
        if path.is_file() and _md5(path) == name.removesuffix(FOLDER):
            return path
        place = self.remote.oid_to_path(name)
        try:
            with whole_file(path) as aside:
                self.remote.fs.get_file(place, str(aside))
                if (found := _md5(aside)) != name.removesuffix(FOLDER):
                    # guard data.object
                    raise Refused(
                        f"{masked(place)}: DVC's remote has other bytes there, found the hash {found}, "
                        "expected that of its name; `dvc push` the right ones from where they are"
                    )
                aside.chmod(_READ_ONLY)
        except FileNotFoundError as error:
            raise AbsentError(name) from error
        return path


def laid_out(files: dict[str, Path], out: Path) -> None:
    """Copy what `Objects.bring` got to `out`."""
    for name, path in files.items():
        to = out / name
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, to)


def _listed(path: Path) -> dict[str, str]:
    """The files that DVC's list of a folder names, each with its hash."""
    try:
        found = {str(one["relpath"]): str(one["md5"]) for one in json.loads(path.read_bytes())}
    except (ValueError, KeyError, TypeError) as error:
        raise SlipwayError(f"{path}: not a list of files as DVC writes it") from error
    _require_inside(path, found)
    return found


def _require_inside(path: Path, names: Iterable[str]) -> None:
    for name in names:
        parts = PurePosixPath(name).parts
        if not parts or name.startswith("/") or ".." in parts or "\\" in name or "\0" in name:
            # guard data.listed
            raise Refused(f"{path}: names the file {name!r}, expected one inside of the folder")


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
