"""`slipway package` and `slipway publish`: a version as a Bento and as an image; nothing live moves."""

from typing import TYPE_CHECKING

import typer

from slipway.cli.console import out
from slipway.cli.lines import in_use
from slipway.cli.options import LineSize, System, Version
from slipway.settings import Size
from slipway.settings.root import Project

if TYPE_CHECKING:
    from slipway.version.manifest import Registered


def package(system: System = None, size: LineSize = None, version: Version = None) -> None:
    """Build a version's Bento, of the code that it carries; prints `version=`, `digest=` and `bento=`."""
    packaged(system, size, version)


def publish(system: System = None, size: LineSize = None, version: Version = None) -> None:
    """Push a version's image with its SBOM; prints `image=`, by digest, after what `package` prints."""
    from slipway.release.image import push_image

    out.print(f"image={push_image(*packaged(system, size, version))}", markup=False)


def packaged(system: str | None, size: Size | None, version: int | None) -> tuple[Project, str, "Registered"]:
    """Package a version and say so; its project, the tag of its Bento, and what is in it."""
    from slipway.registry.versions import Registry
    from slipway.stages.package import bento_of

    registry = Registry(in_use(system, size))
    number = registry.chosen(version)
    bento, found = bento_of(registry, number)
    out.print(f"version={number}\ndigest={found.digest}\nbento={bento}", markup=False)
    return registry.line.project, bento, found


def add(app: typer.Typer) -> None:
    """Add `slipway package` and `publish` to the program."""
    for command in (package, publish):
        app.command()(command)
