"""What a version consists of, with the digest of every file, and the check that it still does."""

import hashlib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from slipway.base.digest import sha256
from slipway.base.documents import Document, read
from slipway.base.errors import SlipwayError
from slipway.base.strict import Moment, Strict
from slipway.records import older
from slipway.records.environment import Environment
from slipway.records.labels import Labels

MANIFEST = "manifest.json"
CARD = "card.json"
MODEL = "model"
FEATURES = "features.npz"
PARITY = "parity.parquet"
RECALIBRATION = "recalibration.json"
"""Of versions from before it was fitted there is none, and their scores stay what they are."""
CODE = "code"
REGISTERED = "registered.json"
CACHE = "__pycache__"
IMPORTABLE = frozenset({".py", ".pyc", ".so", ".pyd"})
"""What Python imports; such a file beside the code could take the place of a module."""


Param = bool | int | float | str | None


class DataRef(Strict):
    """The data that a version was trained on."""

    fingerprint: Annotated[str, Field(description="the DVC hash of the split")]
    size: str
    train_rows: int
    labels: Annotated[Labels, Field(description="of the training rows, in the figures of the task")]
    train_end: Annotated[Moment, Field(description="the last time in the training and validation rows")]
    train_known_until: Annotated[
        Moment | None,
        Field(description="the last time at which an outcome in them became known; None before version 2"),
    ] = None


class CodeRef(Strict):
    """The code that a version was trained with and is served by."""

    git_commit: str | None
    git_clean: bool
    digest: Annotated[str, Field(description="sha256 over the digests of the files under code/")]


class Manifest(Document):
    """The contents of a version; its own sha256 is the digest of the version."""

    schema_version: Literal[1, 2] = 2
    system: str
    model: str
    kind: str
    params: dict[str, Param | list[Param]]
    tolerance: Annotated[
        float, Field(gt=0, description="how far a served score may lie from that of training; see `parity`")
    ] = 1e-6
    seed: int
    data: DataRef
    code: CodeRef
    environment: Annotated[
        Environment | None, Field(description="where it was trained; None: an older slipway did not say")
    ] = None
    files: Annotated[dict[str, str], Field(description="sha256 of every file but this one, by relative path")]

    @classmethod
    def renewed(cls, content: dict[str, Any]) -> dict[str, Any]:
        """In version 1 every label was 0 or 1."""
        if content.get("schema_version") != 1:
            return content
        return content | {"schema_version": 2, "data": older.trained_on(content["data"])}


class Registered(Strict):
    """What the registry knows of a version; laid beside the manifest when it is packaged."""

    name: str
    number: int
    digest: Annotated[str, Field(description="sha256 of manifest.json")]


def names(folder: Path) -> set[str]:
    """Everything below a folder that is no folder itself, by relative path; links are not followed."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_symlink() or not path.is_dir()
    }


def digests(folder: Path) -> dict[str, str]:
    """The sha256 of every file below a folder, bytecode and the folder's own manifest apart."""
    return {
        name: sha256(folder / name)
        for name in sorted(names(folder) - {MANIFEST})
        if CACHE not in Path(name).parts and (folder / name).is_file()
    }


def code_digest(files: dict[str, str]) -> str:
    """One digest over the files under code/."""
    lines = [f"{digest}  {path}\n" for path, digest in sorted(files.items()) if path.startswith(f"{CODE}/")]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def verify(folder: Path, code: Path | None = None, expected: str | None = None) -> Manifest:
    """Hold a version against its manifest.

    Args:
        folder: the version.
        code: where its code lies, if not in `code/` below it (a Bento lays it at its root).
        expected: the digest of the version that the registry knows, where it can be asked for.

    Raises:
        SlipwayError: a file is missing, was added or has other contents; the line names it.
    """
    path = folder / MANIFEST
    manifest = _read(path, expected)
    inside = {name.removeprefix(f"{CODE}/") for name in manifest.files if name.startswith(f"{CODE}/")}
    # What has to lie in `folder`; the code only where it is not laid out elsewhere.
    rest = {name for name in manifest.files if code is None or not name.startswith(f"{CODE}/")}
    for name in manifest.files:
        # The manifest itself may have been changed; no name in it may lead to other files of this machine.
        if Path(name).is_absolute() or ".." in Path(name).parts:
            # guard evaluate.tampered
            raise SlipwayError(f"{path}: files: {name!r} lies outside of the version")
        file = folder / name if code is None or name in rest else code / name.removeprefix(f"{CODE}/")
        _require_digest(file, manifest.files[name])
    _refuse(folder, names(folder) - rest - {MANIFEST, REGISTERED})
    if code is not None:
        # Images and editors leave files there; only what Python could import is refused.
        _refuse(code, {name for name in names(code) - inside if _importable(code / name, folder)})
    if (found := code_digest(manifest.files)) != manifest.code.digest:
        # guard evaluate.tampered
        raise SlipwayError(f"{path}: code.digest {manifest.code.digest[:12]}…, its files give {found[:12]}…")
    return manifest


def _read(path: Path, expected: str | None) -> Manifest:
    if not path.is_file():
        raise SlipwayError(f"{path}: no manifest; this is not a model version")
    if expected is not None and sha256(path) != expected:
        # guard version.changed_manifest
        raise SlipwayError(f"{path}: sha256 {sha256(path)[:12]}…, the registry says {expected[:12]}…")
    return read(path, Manifest)


def _require_digest(file: Path, digest: str) -> None:
    if file.is_symlink():
        # guard version.linked_file
        raise SlipwayError(f"{file}: a link; what it leads to may change after this check")
    if not file.is_file():
        raise SlipwayError(f"{file}: missing; the manifest lists it")  # guard version.missing_file
    if (found := sha256(file)) != digest:
        # guard version.changed_file
        raise SlipwayError(f"{file}: sha256 {found[:12]}…, the manifest says {digest[:12]}…")


def _importable(path: Path, version: Path) -> bool:
    """Whether Python could run what lies there; a link may lead to a package."""
    if path.is_relative_to(version):
        return False  # held against the manifest already
    return path.suffix in IMPORTABLE or CACHE in path.parts or path.is_symlink()


def _refuse(folder: Path, added: set[str]) -> None:
    # An error is one line, so it names the first of what may be thousands.
    for name in sorted(added)[:1]:
        cached = "; Python would run it unseen: delete it, and set PYTHONDONTWRITEBYTECODE=1"
        raise SlipwayError(
            f"{folder / name}: not in the manifest{cached if CACHE in Path(name).parts else ''}"
        )  # guard version.added_file
