"""The two images of a project: what runs its pipelines, and a version of one of its models."""

from pathlib import Path

from slipway.base.errors import UsageError
from slipway.release.bento import bento_path
from slipway.release.build import Image
from slipway.release.context import BASE, base_image, lay_out_image, lay_out_pipeline
from slipway.settings.root import Project
from slipway.version.manifest import Registered


def pipeline_image(project: Project, base: str | None = None) -> Image:
    """What runs the components of `pipelines/`: slipway, the systems and every package of `requirements.txt`.

    Args:
        base: another than that of bentofile.yaml, by digest.

    Raises:
        UsageError: the base is not named by a digest.
    """
    chosen = _base(project, base)
    return Image(
        target="pipeline",
        repository=project.settings.image_repository,
        label="pipeline",
        base=chosen,
        lay_out=lambda context: lay_out_pipeline(project.root, context),
        arguments={"PIP_ONLY_BINARY": ":none:"},  # some of its packages are published without a wheel
    )


def version_image(project: Project, bento: str, registered: Registered, base: str | None = None) -> Image:
    """What serves a packaged version.

    Args:
        bento: tag of a Bento in the project's store.
        registered: the version that has to be inside.
        base: another than that of bentofile.yaml, by digest.

    Raises:
        UsageError: the base is not named by a digest.
    """
    chosen = _base(project, base)

    def lay_out(context: Path) -> None:
        lay_out_image(bento_path(project, bento), registered, context)

    return Image(
        target="version",
        repository=project.settings.image_repository,
        label=bento.replace(":", "-"),
        base=chosen,
        lay_out=lay_out,
        arguments={"VERSION_DIGEST": registered.digest},
    )


def _base(project: Project, asked: str | None) -> str:
    if asked is None:
        return base_image(project.root)
    if not BASE.fullmatch(asked):
        # guard image.base_asked
        raise UsageError(f"--base: found {asked[:200]!r}, expected name@sha256: and 64 hexadecimal digits")
    return asked
