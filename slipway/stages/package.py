"""Package a registered version as a Bento."""

import tempfile
from pathlib import Path

from slipway.base.errors import Refused
from slipway.base.failure import failure_kept
from slipway.registry.versions import Registry
from slipway.release.bento import bento_path, build_bento
from slipway.stages.record import refusals_kept
from slipway.stages.run import RunRef, project, say
from slipway.version.manifest import Registered


@failure_kept()
def package(run: RunRef, version: int) -> str:
    """Build the Bento of a version that is about to be rolled out here; returns its tag.

    Raises:
        Refused: the version is barred, or its registry is not the target's.
    """
    registry = Registry(run.line(project()))
    registry.require_movable()  # guard registry.embedded
    with refusals_kept(run, "rollout", version):
        tag, _ = bento_of(registry, version)
    say(f"{tag} built from the version's own code")
    return tag


def require_packaged(registry: Registry, version: int) -> None:
    """Build the Bento of a version that is about to be served, where this machine has lost it."""
    tag = f"{registry.line.bento}:{version}"
    if not bento_path(registry.line.project, tag).is_dir():
        bento_of(registry, version)


def bento_of(registry: Registry, version: int) -> tuple[str, Registered]:
    """Build the Bento of a version of any registry, which is only read; returns its tag and what is in it.

    Raises:
        Refused: the version is barred.
    """
    if (reason := registry.get(version).barred) is not None:
        raise Refused(f"{registry.name} version {version} is barred: {reason}")  # guard package.barred
    with tempfile.TemporaryDirectory() as temporary:
        proven = registry.download(version, Path(temporary))
        named = Registered(name=registry.name, number=version, digest=proven.digest)
        return build_bento(registry.line.project, proven, named), named
