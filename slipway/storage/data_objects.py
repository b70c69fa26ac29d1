"""Objects of DVC on this disk, and which of them something names: Git at any time, the tree, a version.

`dvc gc` knows Git and the working tree, and not what a version was trained on. So nothing is asked of DVC
here but its lock: an object is a file named by its hash, and what names one is text.
"""

import json
import re
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from slipway.base.errors import SlipwayError
from slipway.settings.root import Project

NAMED = re.compile(rb"\b(?:md5|hash): ['\"]?([0-9a-f]{32})(\.dir)?\b")
FOLDER = ".dir"


def stores(project: Project) -> list[Path]:
    """Where objects lie: DVC's cache, and its remote where that is in the state folder."""
    from slipway.data.versions import remote_elsewhere

    found = [project.root / ".dvc" / "cache" / "files" / "md5"]
    if remote_elsewhere(project) is None:
        found.append(project.state / "dvc-remote" / "files" / "md5")
    return [one for one in found if one.is_dir()]


def place(store: Path, name: str) -> Path:
    """Where an object lies, if it is there."""
    return store / name[:2] / name[2:]


def objects(store: Path) -> Iterator[tuple[str, Path]]:
    """Every object of a store, by its hash; what is no object is not told."""
    for path in sorted(store.glob("[0-9a-f][0-9a-f]/*")):
        if re.fullmatch(r"[0-9a-f]{30}(\.dir)?", path.name):
            yield path.parent.name + path.name, path


def named(project: Project, fingerprints: Iterable[str]) -> set[str]:
    """The hashes that must stay, and those of the files in the folders among them.

    Args:
        fingerprints: hashes that something else than Git names.

    Raises:
        SlipwayError: Git cannot say what it holds.
    """
    return with_members(project, {*fingerprints, *_hashes(_past(project.root)), *_hashes(_now(project.root))})


def named_now(project: Project) -> set[str]:
    """The same of the working tree alone."""
    return with_members(project, _hashes(_now(project.root)))


def with_members(project: Project, names: Iterable[str]) -> set[str]:
    """Hashes, and those of the files in the folders among them whose lists are here."""
    found = set(names)
    for store in stores(project):
        for name, path in objects(store):
            if name.endswith(FOLDER) and name in found:
                found |= set(members(path).values())
    return found


def is_shallow(root: Path) -> bool:
    """Whether Git holds a part of the history only, so that older locks are not known here."""
    return _git(root, "rev-parse", "--is-shallow-repository").strip() != b"false"


def hashes(text: bytes) -> set[str]:
    """The hashes in a lock or a `.dvc` file."""
    return {(first + end).decode() for first, end in NAMED.findall(text)}


def members(path: Path) -> dict[str, str]:
    """The files that DVC's list of a folder names, each with its hash; none where it is no such list."""
    try:
        return {str(one["relpath"]): str(one["md5"]) for one in json.loads(path.read_bytes())}
    except (ValueError, KeyError, TypeError):
        return {}


def _hashes(texts: Iterable[bytes]) -> set[str]:
    return {name for text in texts for name in hashes(text)}


def _now(root: Path) -> Iterator[bytes]:
    """Every lock and `.dvc` file of the working tree."""
    for pattern in ("dvc.lock", "systems/**/dvc.lock", "*.dvc", "systems/**/*.dvc"):
        yield from (path.read_bytes() for path in root.glob(pattern) if path.is_file())


def _past(root: Path) -> Iterator[bytes]:
    """Those of the index and of all of Git's history."""
    places = [":(glob)**/dvc.lock", ":(glob)**/*.dvc"]
    # Without simplification: a lock of a branch that was merged away counts as well.
    how = ["--objects", "--full-history", "--all", "--reflog"]
    listed = _git(root, "rev-list", *how, "--", *places)
    blobs = {line.split(b" ")[0] for line in listed.splitlines() if b" " in line}  # commits have no name
    staged = _git(root, "ls-files", "--stage", "--", *places)
    blobs |= {line.split()[1] for line in staged.splitlines()}
    if blobs:
        yield _git(root, "cat-file", "--batch", given=b"\n".join(sorted(blobs)) + b"\n")


def _git(root: Path, *arguments: str, given: bytes = b"") -> bytes:
    done = subprocess.run(  # noqa: S603 - no user input
        ["git", *arguments],  # noqa: S607 - as everywhere
        cwd=root,
        input=given,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or ["it said nothing"]
        raise SlipwayError(f"git {arguments[0]}: {said[0]}; no data is known to be needed by nobody")
    return done.stdout


@contextmanager
def dvc_waits(root: Path) -> Iterator[None]:
    """Keep DVC from adding and checking out objects while the block lasts."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo(str(root)).lock:
            yield
    except DvcException as error:
        raise SlipwayError(f"DVC: {' '.join(str(error).split())}") from error
