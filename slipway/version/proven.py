"""A version whose bytes may be run: it is known who vouches for them, and where its code is from."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from slipway.base.digest import sha256
from slipway.trust.provenance import Origin, origin_of, require_committed
from slipway.trust.signing import Identity
from slipway.version.manifest import CODE, MANIFEST, Manifest, verify
from slipway.version.origin import PACKAGE


@dataclass(frozen=True)
class Proven:
    """A version in a folder; nothing takes a folder alone to run, parse or package what is in it.

    Attributes:
        digest: sha256 of its manifest, against which it is held again before it is used.
        signer: whose signature vouches for the digest; None of a candidate that this run has trained.
    """

    folder: Path
    digest: str
    origin: Origin
    signer: Identity | None = None

    def verified(self) -> Manifest:
        """Its manifest, after every file was held against it again.

        Raises:
            SlipwayError: a file is missing, was added or changed since.
        """
        return verify(self.folder, expected=self.digest)


def prove(folder: Path, digest: str, signer: Identity, root: Path, shared: bool) -> Proven:
    """Prove a version that came from a registry.

    Args:
        digest: the one that the signature is of.
        signer: who made the signature.
        root: the project.
        shared: whether the registry is one that others write to: then code that is in no commit is refused.

    Raises:
        Refused: its code is not of this project.
        SlipwayError: the files are not those of the digest.
    """
    origin = origin_in(verify(folder, expected=digest), root)
    if shared:
        require_committed(origin, f"version {digest[:12]}…")
    return Proven(folder, digest, origin, signer)


def trained_here(folder: Path, root: Path, shared: bool) -> Proven:
    """Prove a candidate that this run trained: its code has to be this project's, its digest is what it is.

    Raises:
        Refused: its code is not of this project, which is to be registered where others see it.
        SlipwayError: it is not whole.
    """
    origin = origin_in(verify(folder), root, committed=shared)
    if shared:
        require_committed(origin, f"{folder}")
    return Proven(folder, sha256(folder / MANIFEST), origin)


def whole(folder: Path) -> Proven:
    """A version that MLflow hands over: its files are its manifest's, and nobody vouches for that.

    MLflow has run by then what the registry told it to; `slipway.load` is for who does not trust its writers.

    Raises:
        SlipwayError: a file is missing, was added or changed.
    """
    verify(folder)
    return Proven(folder, sha256(folder / MANIFEST), Origin("unknown"))


def origin_in(manifest: Manifest, root: Path, committed: bool = False) -> Origin:
    """Where the code that a manifest lists is from; see `origin_of`."""
    return origin_of(code_of(manifest.files), manifest.code.git_commit, root, PACKAGE, committed)


def code_of(files: Mapping[str, str]) -> dict[str, str]:
    """The files under code/, by their path in the project."""
    inside = f"{CODE}/"
    return {name.removeprefix(inside): files[name] for name in files if name.startswith(inside)}


def statement(name: str, number: int, digest: str) -> bytes:
    """What is signed of a version; its number too, so that no older one can be put in its place.

    A workflow prints the same lines: see `.github/workflows/train.yml`.
    """
    return f"slipway version\n{name}\n{number}\n{digest}\n".encode()
