"""The image of a version as podman builds it where no registry of images is: real, on this machine's base."""

import subprocess
import sys
from pathlib import Path

from slipway.release.bento import bento_path
from slipway.release.context import lay_out_image
from slipway.settings.root import Project
from slipway.version.manifest import Registered
from tests.demanded import absent

BASE = "docker.io/library/python:3.11-slim"
"""Made on this machine; the published image has the base of bentofile.yaml, which only a registry has."""
LIMITS = ["--ulimit", "nofile=1024:1024"]


def podman(*words: str) -> subprocess.CompletedProcess[str]:
    """Run podman to its end; skips where there is none."""
    try:
        return subprocess.run(["podman", *words], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        absent("no podman, which builds and runs images without a service")


def build_image(
    project: Project, tag: str, version: Registered, name: str, folder: Path, wheels: Path
) -> None:
    """Build the image of a packaged version; what podman has built before of the same content is taken.

    Args:
        tag: of its Bento.
        name: of the image.
        folder: takes the context of the build.
        wheels: takes the packages of its lock, which may be there already.
    """
    if podman("image", "exists", BASE).returncode != 0:
        absent(f"no {BASE} in podman's store")
    lay_out_image(bento_path(project, tag), version, folder / "context")
    # Wheels come by this machine's settings of pip, which a build does not see.
    locked = ["--no-deps", "--only-binary", ":all:", "--require-hashes", "--python-version", "3.11"]
    lock = str(folder / "context/src/requirements-serving.txt")
    fetch = [sys.executable, "-m", "pip", "download", "-q", *locked, "-r", lock, "-d", str(wheels)]
    subprocess.run(fetch, check=True, capture_output=True)
    (folder / "pip.conf").write_text("[global]\nno-index = true\nfind-links = /wheels\n")
    mounts = [f"--volume={wheels}:/wheels:ro", f"--volume={folder}/pip.conf:/etc/pip.conf:ro"]
    options = ["--isolation", "chroot", "--network", "host", *LIMITS, *mounts, f"--build-arg=BASE={BASE}"]
    built = podman("build", "--quiet", "--layers", *options, "--tag", name, str(folder / "context"))
    assert built.returncode == 0, built.stderr
