"""Versions that a test vouches for, whatever is wrong with them."""

from pathlib import Path

from slipway.base.digest import sha256
from slipway.evaluation.compose import Role
from slipway.evaluation.evaluate import Contender
from slipway.trust.provenance import Origin
from slipway.version.manifest import MANIFEST
from slipway.version.proven import Proven


def proven(folder: Path) -> Proven:
    """A version as if it had been proven."""
    manifest = folder / MANIFEST
    return Proven(folder, sha256(manifest) if manifest.is_file() else "", Origin("project"))


def contender(
    role: Role, folder: Path | None, version: int | None = None, problem: str | None = None
) -> Contender:
    """One that is measured."""
    return Contender(role, None if folder is None else proven(folder), version, problem)
