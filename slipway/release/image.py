"""A packaged version as an image in the project's repository, named by its digest."""

import json
import re
import tempfile
from pathlib import Path

from slipway.base.errors import SlipwayError
from slipway.release.images import version_image
from slipway.release.logged import run_logged
from slipway.settings.root import Project
from slipway.version.manifest import Registered

ATTESTED = ("type=sbom", "type=provenance,mode=max")
"""What BuildKit adds to the image's index, so that the digest, and a signature of it, cover these too."""
INDEX = "application/vnd.oci.image.index.v1+json"


def push_image(project: Project, bento: str, registered: Registered) -> str:
    """Build the image of a packaged version with docker's buildx and push it; returns repository@digest.

    Args:
        bento: tag of a Bento in the project's store. The image gets it as its tag, with `-` for `:`, for
            people to read; the digest is what names it.
        registered: the version that has to be inside.

    Raises:
        SlipwayError: the Bento does not hold that version whole, buildx or the push failed, or there is no
            SBOM with the image.
        UsageError: bentofile.yaml names no base by digest.
    """
    image = version_image(project, bento, registered)
    log = project.state / "logs" / f"image-{image.label}.log"
    with tempfile.TemporaryDirectory(prefix="slipway-") as temporary:
        context = Path(temporary) / "context"
        image.lay_out(context)
        # The digest is read from what buildx wrote, not asked of the registry: a tag may have moved.
        metadata = Path(temporary) / "metadata.json"
        options = [*image.options(), "--push", "--tag", f"{image.repository}:{image.label}"]
        options += ["--metadata-file", str(metadata)]
        options += [word for one in ATTESTED for word in ("--attest", one)]
        run_logged(["docker", "buildx", "build", *options, str(context)], log, f"image of {bento}")
        if not metadata.is_file():
            raise SlipwayError(f"image of {bento}: buildx wrote no metadata (all that it said: {log})")
        return reference(image.repository, metadata.read_bytes())


def reference(repository: str, metadata: bytes) -> str:
    """Name an image by the digest that buildx wrote down.

    Args:
        metadata: JSON, as of buildx's `--metadata-file`.

    Raises:
        SlipwayError: there is no digest, or it is of a lone image, to which no SBOM is attached.
    """
    try:
        found = json.loads(metadata)["containerimage.descriptor"]
        digest, kind = str(found["digest"]), str(found["mediaType"])
    except (ValueError, KeyError, TypeError) as error:
        raise SlipwayError("buildx: its metadata name no containerimage.descriptor with a digest") from error
    if not re.fullmatch("sha256:[0-9a-f]{64}", digest):
        raise SlipwayError(
            f"buildx: found the digest {digest[:80]!r}, expected sha256 and 64 hexadecimal digits"
        )  # guard image.attested
    # SBOM and provenance hang on an index; a driver that makes none has left them out.
    if kind != INDEX:
        raise SlipwayError(
            f"buildx: found {kind[:80]!r}, expected an index with an SBOM; use its docker-container driver"
        )  # guard image.attested
    return f"{repository}@{digest}"
