"""The programs that build images, by what differs between them: docker, podman and buildah."""

import shutil
import subprocess
from dataclasses import dataclass

from slipway.base.errors import UsageError
from slipway.release.logged import environment


@dataclass(frozen=True)
class Builder:
    """One of them.

    Attributes:
        build: the words of its build, which options and a context follow.
        pinned: options by which what it builds names no time but 1970, and layers are kept.
        stored: options by which an image goes into its store.
        answers: words that end with 0 where it can build here.
        digest: words that print the digest of the image of its store whose name follows.
        pushed: as `digest`, of what it pushed; None where its push writes that into a file.
    """

    build: tuple[str, ...]
    pinned: tuple[str, ...]
    stored: tuple[str, ...]
    answers: tuple[str, ...]
    digest: tuple[str, ...]
    pushed: tuple[str, ...] | None = None

    @property
    def name(self) -> str:
        """The program."""
        return self.build[0]


TIME = ("--timestamp=0", "--layers")
DIGEST = ("images", "--format", "{{.Digest}}")
BUILDERS = {
    one.name: one
    for one in (
        Builder(
            build=("docker", "buildx", "build"),
            pinned=("--build-arg=SOURCE_DATE_EPOCH=0",),
            stored=("--output=type=docker,rewrite-timestamp=true",),
            answers=("docker", "info"),
            digest=("docker", "image", "inspect", "--format", "{{.Id}}"),
            pushed=("docker", "image", "inspect", "--format", "{{index .RepoDigests 0}}"),
        ),
        Builder(("podman", "build"), TIME, (), ("podman", "version"), ("podman", *DIGEST)),
        Builder(("buildah", "build"), TIME, (), ("buildah", "version"), ("buildah", *DIGEST)),
    )
}
"""In the order in which they are tried."""


def builder(name: str | None = None) -> Builder:
    """The one that was asked for, or the first that answers.

    Raises:
        UsageError: it does not answer, or none does.
    """
    for one in BUILDERS.values():
        if name in (None, one.name) and asked(one.answers) is not None:
            return one
    found = " or ".join(BUILDERS) if name is None else name
    raise UsageError(
        f"images: no {found} answers here; one of {', '.join(BUILDERS)} builds them"
    )  # guard image.builder


def asked(words: tuple[str, ...]) -> str | None:
    """What a program answers, None where it fails or is not there."""
    if shutil.which(words[0]) is None:
        return None
    done = subprocess.run(  # noqa: S603 - words of the table and names from checked settings, and no shell
        words, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else None
