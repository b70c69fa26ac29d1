"""What images are built from: a version or the project, the Dockerfile from here, and their base by digest.

Nothing else that lies in a Bento is read. BentoML's own Dockerfile, its entrypoint, its list of packages and
`bento.yaml` are no part of a version, so no digest covers them.
"""

import re
import shutil
from pathlib import Path

import yaml

from slipway.base.errors import UsageError
from slipway.release.bento import packed
from slipway.version.manifest import MANIFEST, REGISTERED, Registered, verify
from slipway.version.packed import VERSION

DOCKERFILE = Path(__file__).with_name("Dockerfile")
SBOM = Path(__file__).with_name("sbom.py")
BASE = re.compile(r"[a-z0-9][a-z0-9._/:-]*@sha256:[0-9a-f]{64}")

NEEDED = ("project.yaml", "bentofile.yaml", "requirements.txt", "requirements-serving.txt")
PROJECT = (
    *NEEDED,
    ".dvc/config",  # where data is fetched from; what is secret of it lies in config.local
    "slipway/**/*.py",
    "slipway/py.typed",
    "slipway/release/Dockerfile",
    "slipway/*/templates/*",
    "systems/**/*.py",
    "systems/**/*.yaml",
    "components/*.py",
    "pipelines/*.py",
)
"""What the image of the pipelines holds. A project that deleted `slipway/` has its wheel in the lock."""


def base_image(root: Path) -> str:
    """The base of images: the project's and not the version's, so that a mended one reaches old versions too.

    Raises:
        UsageError: bentofile.yaml names none, or one that is not named by a digest.
    """
    path = root / "bentofile.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else None
    docker = content.get("docker") if isinstance(content, dict) else None
    found = docker.get("base_image") if isinstance(docker, dict) else None
    if not isinstance(found, str) or not BASE.fullmatch(found):
        raise UsageError(
            f"{path}: docker.base_image: found {str(found)[:200]!r}, expected name:tag@sha256: and 64 "
            "hexadecimal digits, for a tag can be moved; `make base` asks for the newest"
        )  # guard image.base
    return found


def lay_out_image(bento: Path, registered: Registered, context: Path) -> None:
    """Write the build context of a packaged version: `Dockerfile`, and in `src` the files of its manifest.

    Args:
        bento: folder of the Bento.
        registered: what the registry says of the version.
        context: an empty folder.

    Raises:
        SlipwayError: a file of the version is missing, was added or was changed.
    """
    source, out = bento / "src", context / "src"
    manifest = verify(source / VERSION, code=source, expected=registered.digest)
    for name in (*manifest.files, MANIFEST):
        (out / packed(name)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / packed(name), out / packed(name), follow_symlinks=False)
    (out / VERSION / REGISTERED).write_text(registered.model_dump_json(indent=2), encoding="utf-8")
    # Of the copy, which nobody else writes: the Bento may have changed since the look above.
    verify(out / VERSION, code=out, expected=registered.digest)  # guard image.changed_meanwhile
    _lay_out_rest(out / "requirements-serving.txt", context)


def lay_out_pipeline(root: Path, context: Path) -> None:
    """Write the build context of the image that runs the pipelines' components.

    By a list of what is taken: no data, no tests, no `.git`, nothing secret of this machine.

    Args:
        root: of the project.
        context: an empty folder.

    Raises:
        UsageError: one of the files that it cannot do without is missing.
    """
    out = context / "src"
    for pattern in PROJECT:
        taken = [path for path in sorted(root.glob(pattern)) if path.is_file() and not _hidden(path, root)]
        if not taken and pattern in NEEDED:
            # guard image.needed
            raise UsageError(f"{root / pattern}: missing; the image of the pipelines holds it")
        for path in taken:
            (out / path.relative_to(root)).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, out / path.relative_to(root))
    _lay_out_rest(root / "requirements.txt", context)


def _hidden(path: Path, root: Path) -> bool:
    return any(part == "__pycache__" or part.startswith(".") for part in path.relative_to(root).parts[1:])


def _lay_out_rest(lock: Path, context: Path) -> None:
    """What both have beside `src`."""
    shutil.copyfile(lock, context / "requirements.txt")
    (context / "wheels").mkdir()
    shutil.copyfile(SBOM, context / SBOM.name)
    shutil.copyfile(DOCKERFILE, context / DOCKERFILE.name)
