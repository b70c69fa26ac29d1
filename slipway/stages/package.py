"""Package a registered version: as a Bento, or where images are served, by knowing which one it is."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from slipway.base.errors import Refused
from slipway.base.failure import failure_kept
from slipway.registry.versions import Registry
from slipway.release.bento import bento_path, build_bento
from slipway.rollout.target import Deployed
from slipway.rollout.targets import bind
from slipway.stages.record import refusals_kept
from slipway.stages.run import RunRef, project, say
from slipway.version.manifest import Registered


@failure_kept()
def package(run: RunRef, version: int) -> str:
    """Have what the target serves a version from, such as its Bento; returns its name.

    Raises:
        Refused: the version is barred, its registry is not the target's, or its image is not known.
    """
    registry = Registry(run.line(project()))
    registry.require_movable()  # guard registry.embedded
    with refusals_kept(run, "rollout", version):
        _require_not_barred(registry, version)
        name = _packed(registry, version, lambda: bento_of(registry, version)[0])
    say(f"version {version} is served from {name}")
    return name


def require_packaged(registry: Registry, version: int) -> None:
    """Have what a version that is about to be served is served from, where this machine has lost it."""
    tag = f"{registry.line.bento}:{version}"

    def bento() -> str:
        return tag if bento_path(registry.line.project, tag).is_dir() else bento_of(registry, version)[0]

    _packed(registry, version, bento)


def _packed(registry: Registry, version: int, bento: Callable[[], str]) -> str:
    found = registry.get(version)
    return bind(registry.line).placement.pack(Deployed(number=version, digest=found.digest), bento)


def bento_of(registry: Registry, version: int) -> tuple[str, Registered]:
    """Build the Bento of a version of any registry, which is only read; returns its tag and what is in it.

    Raises:
        Refused: the version is barred.
    """
    _require_not_barred(registry, version)
    with tempfile.TemporaryDirectory() as temporary:
        proven = registry.download(version, Path(temporary))
        named = Registered(name=registry.name, number=version, digest=proven.digest)
        return build_bento(registry.line.project, proven, named), named


def _require_not_barred(registry: Registry, version: int) -> None:
    if (reason := registry.get(version).barred) is not None:
        raise Refused(f"{registry.name} version {version} is barred: {reason}")  # guard package.barred
