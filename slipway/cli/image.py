"""`slipway image`: the image of the pipelines and that of a version, built here; nothing live moves."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slipway.cli.console import Teller, out
from slipway.cli.options import LineSize, System, Version
from slipway.settings.root import Project

if TYPE_CHECKING:
    from slipway.release.build import Image

With = Annotated[
    str | None,
    typer.Option("--with", help="docker, podman or buildah. Default: the first of them that answers."),
]
Base = Annotated[
    str | None,
    typer.Option("--base", help="Image to make it on, by digest. Default: that of bentofile.yaml."),
]
Wheels = Annotated[
    Path | None,
    typer.Option(
        "--wheels",
        exists=True,
        file_okay=False,
        help="Folder with every package of the lock, as `pip download` fills it. Default: the package index.",
    ),
]
Push = Annotated[bool, typer.Option("--push", help="Push it to image_repository of project.yaml.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Build it anew, of nothing that was built before.")]

app = typer.Typer(no_args_is_help=True, help="Build the image of the pipelines, or of a version.")


@app.command()
def pipeline(
    program: With = None, base: Base = None, wheels: Wheels = None, push: Push = False, fresh: Fresh = False
) -> None:
    """The image that runs the components of pipelines/; prints `image=`, by digest, and `sbom=`."""
    from slipway.release.images import pipeline_image

    project = Project.find()
    _build(project, pipeline_image(project, base), program, wheels, push, fresh)


@app.command()
def version(
    system: System = None,
    size: LineSize = None,
    number: Version = None,
    program: With = None,
    base: Base = None,
    wheels: Wheels = None,
    push: Push = False,
    fresh: Fresh = False,
) -> None:
    """The image that serves a version; prints `image=` and `sbom=` after what `slipway package` prints."""
    from slipway.cli.release import packaged
    from slipway.release.images import version_image

    project, bento, found = packaged(system, size, number)
    _build(project, version_image(project, bento, found, base), program, wheels, push, fresh)


def _build(
    project: Project, image: "Image", program: str | None, wheels: Path | None, push: bool, fresh: bool
) -> None:
    from slipway.release import build
    from slipway.release.builders import builder

    chosen = builder(program)
    with Teller().doing(f"building {image.repository}:{image.label} with {chosen.name}"):
        built = build.build(image, chosen, project.state, wheels, fresh)
    if push:
        with Teller().doing(f"pushing {built.name}"):
            built = build.push(built, chosen, project.state)
    out.print(f"name={built.name}\nimage={built.reference}\nsbom={built.sbom}", markup=False)
