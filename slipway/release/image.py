"""A Bento as an image in the project's repository, named by its digest."""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from slipway.base.errors import SlipwayError
from slipway.settings.root import Project
from slipway.trust.environment import bare

ATTESTED = ("type=sbom", "type=provenance,mode=max")
"""What BuildKit adds to the image's index, so that the digest, and a signature of it, cover these too."""
DOCKER = ("DOCKER_", "BUILDX_", "BUILDKIT_")
"""The variables by which docker finds its daemon, its builder and its log-in."""
INDEX = "application/vnd.oci.image.index.v1+json"


def push_image(project: Project, bento: str) -> str:
    """Build the image of a Bento with docker's buildx and push it; returns repository@digest.

    Args:
        bento: tag of a Bento in the project's store. The image gets it as its tag, with `-` for `:`, for
            people to read; the digest is what names it.

    Raises:
        SlipwayError: buildx or the push failed, or there is no SBOM with the image.
    """
    repository = project.settings.image_repository
    log = project.state / "logs" / f"image-{bento.replace(':', '-')}.log"
    with tempfile.TemporaryDirectory() as temporary:
        # The digest is read from what buildx wrote, not asked of the registry: a tag may have moved.
        metadata = Path(temporary) / "metadata.json"
        options = ["push", *(f"attest={one}" for one in ATTESTED), f"metadata-file={metadata}"]
        done = _containerize(project, bento, f"{repository}:{bento.replace(':', '-')}", options, log)
        if not done or not metadata.is_file():
            raise SlipwayError(f"image of {bento}: {_last_line(log)} (all of it: {log})")
        return reference(repository, metadata.read_bytes())


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


def _containerize(project: Project, bento: str, name: str, options: list[str], log: Path) -> bool:
    """BentoML writes the Dockerfile and calls docker; false where it failed, which the log explains."""
    command = [
        sys.executable,
        "-m",
        "bentoml",
        "containerize",
        bento,
        "--backend",
        "buildx",
        "--image-tag",
        name,
    ]
    docker = {name: value for name, value in os.environ.items() if name.startswith(DOCKER)}
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as output:
        done = subprocess.run(  # noqa: S603 - our own interpreter, names from checked settings
            [*command, *(word for option in options for word in ("--opt", option))],
            env=bare(**docker, BENTOML_HOME=str(project.state / "bentoml"), BENTOML_DO_NOT_TRACK="True"),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    return done.returncode == 0


def _last_line(log: Path) -> str:
    """What docker called an error, or else the last thing that was said."""
    # `replace`: a build may print what is not UTF-8, and its reason must be told all the same.
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines()]
    said = [line for line in lines if line.startswith("ERROR: ")] or [line for line in lines if line]
    return said[-1][:400] if said else "bentoml said nothing"
