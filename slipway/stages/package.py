"""Package a registered version as a Bento."""

import tempfile
from pathlib import Path

from slipway.errors import Refused
from slipway.packaging import package as build
from slipway.registry import Registry
from slipway.stages.record import refusals_kept
from slipway.stages.run import RunRef, project, say
from slipway.version.manifest import Registered


def package(run: RunRef, version: int) -> str:
    """Build the Bento of a registered version; returns its tag.

    Raises:
        Refused: the version is barred, or its registry is not the local target's.
    """
    registry = Registry(project(), run.system, run.size)
    registry.require_embedded()
    found = registry.get(version)
    with refusals_kept(run, "rollout", version):
        if found.barred:
            raise Refused(f"{registry.name} version {version} is barred: {found.barred}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = registry.download(version, Path(temporary))
        tag = build(project(), folder, Registered(name=registry.name, number=version, digest=found.digest))
    say(f"{tag} built from the version's own code")
    return tag
