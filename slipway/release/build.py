"""Build an image once for what goes into it, with its list of packages beside it."""

import hashlib
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from slipway.base.errors import SlipwayError
from slipway.release.builders import Builder, asked
from slipway.release.logged import run_logged
from slipway.version.manifest import digests

SHA = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Image:
    """What there is to build.

    Attributes:
        target: stage of the Dockerfile.
        repository: of the image's name.
        label: begins its tag, which ends with a digest of all that goes into it.
        base: image that it is made on.
        lay_out: writes its context into a folder.
        arguments: of the Dockerfile, beside its base.
    """

    target: str
    repository: str
    label: str
    base: str
    lay_out: Callable[[Path], None]
    arguments: dict[str, str]

    def options(self, offline: bool = False) -> list[str]:
        """Its arguments as options of a build; offline, of one that asks no package index."""
        said = {"BASE": self.base, **self.arguments} | ({"PIP_NO_INDEX": "1"} if offline else {})
        return [f"--build-arg={name}={value}" for name, value in said.items()]


@dataclass(frozen=True)
class Built:
    """An image in the store of its builder.

    Attributes:
        name: repository and tag.
        reference: repository and digest: that of the builder's store, or of the registry that took it.
        sbom: file in CycloneDX's JSON; the image has the same one at `/opt/env/sbom.cdx.json`.
    """

    name: str
    reference: str
    sbom: Path


def build(
    image: Image, builder: Builder, state: Path, wheels: Path | None = None, fresh: bool = False
) -> Built:
    """Build an image, unless it is there.

    Args:
        state: folder that keeps logs and lists of packages.
        wheels: a folder with the packages of the lock, used instead of the package index.
        fresh: builds it anew, without what was built before.

    Raises:
        SlipwayError: it cannot be built; the log has the reason.
    """
    with TemporaryDirectory(prefix="slipway-") as temporary:
        context = Path(temporary) / "context"
        context.mkdir()
        image.lay_out(context)
        tag = f"{image.label}-{_key(image, context)[:16]}"
        name, sbom = f"{image.repository}:{tag}", state / "images" / f"{tag}.cdx.json"
        log = state / "logs" / f"image-{tag}.log"
        if fresh or _digest(builder, name) is None or not sbom.is_file():
            if wheels is not None:
                shutil.copytree(wheels, context / "wheels", dirs_exist_ok=True)
            words = [*builder.build, *builder.pinned, *image.options(offline=wheels is not None)]
            stored = [*builder.stored, *(["--no-cache"] if fresh else []), "--tag", name]
            run_logged([*words, *stored, "--target", image.target, str(context)], log, f"image {name}")
            # Of the same layers, which are there by now.
            out = Path(temporary) / "out"
            listed = ["--target", f"{image.target}-sbom", f"--output=type=local,dest={out}", str(context)]
            run_logged([*words, *listed], log.with_suffix(".sbom.log"), f"list of packages of {name}")
            sbom.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(out / "sbom.cdx.json", sbom)
    if (digest := _digest(builder, name)) is None:
        raise SlipwayError(f"{name}: {builder.name} built it and names no digest")
    return Built(name, f"{image.repository}@{digest}", sbom)


def _key(image: Image, context: Path) -> str:
    """Of all that goes into it; packages are held by the hashes of the lock, wherever they come from."""
    files = "".join(f"{name} {digest}\n" for name, digest in sorted(digests(context).items()))
    return hashlib.sha256(f"{image.base}\n{image.target}\n{image.arguments}\n{files}".encode()).hexdigest()


def _digest(builder: Builder, name: str) -> str | None:
    found = SHA.search(asked((*builder.digest, name)) or "")
    return found[0] if found else None


def push(built: Built, builder: Builder, state: Path) -> Built:
    """Push it to its registry; named by the digest that it has there.

    Raises:
        SlipwayError: the registry does not take it.
    """
    repository, tag = built.name.rsplit(":", 1)
    with TemporaryDirectory(prefix="slipway-") as temporary:
        written = Path(temporary) / "digest"
        options = [] if builder.pushed else ["--digestfile", str(written)]
        log = state / "logs" / f"push-{tag}.log"
        run_logged([builder.name, "push", *options, built.name], log, f"push of {built.name}")
        said = asked((*builder.pushed, built.name)) if builder.pushed else written.read_text()
    if (found := SHA.search(said or "")) is None:
        raise SlipwayError(f"{built.name}: {builder.name} pushed it and names no digest")
    return Built(built.name, f"{repository}@{found[0]}", built.sbom)
