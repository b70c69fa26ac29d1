"""Images as podman builds them where no registry of images is: real, on this machine's base, each once."""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from slipway.base.atomic import whole_folder
from slipway.base.digest import sha256
from slipway.release.build import Built, Image, build
from slipway.release.builders import BUILDERS
from slipway.release.images import pipeline_image, version_image
from slipway.settings.root import Project
from slipway.version.manifest import Registered
from tests.demanded import absent

BASE = "docker.io/library/python:3.11-slim"
"""Made on this machine; the published image has the base of bentofile.yaml, which only a registry has."""
CACHE = Path.home() / ".cache" / "slipway-test-images"
"""Packages of locks, and the lists of packages of what podman has."""
LIMITS = ["--ulimit", "nofile=1024:1024"]
SETTINGS = """[containers]
netns = "host"
default_ulimits = ["nofile=1024:1024"]
"""
"""What a build needs where containers have no network and no limits of their own."""


def podman(*words: str) -> subprocess.CompletedProcess[str]:
    """Run podman to its end; skips where there is none."""
    try:
        return subprocess.run(["podman", *words], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        absent("no podman, which builds and runs images without a service")


def base() -> str:
    """The base in podman's store, by digest; skips where there is none."""
    found = podman("image", "inspect", BASE, "--format", "{{.Digest}}")
    if found.returncode != 0:
        absent(f"no {BASE} in podman's store")
    return f"{BASE.rpartition(':')[0]}@{found.stdout.strip()}"


def built(image: Image, lock: Path, fresh: bool = False) -> Built:
    """Build an image; what podman has built before of the same content is taken.

    Args:
        lock: what it installs.
        fresh: builds it anew.
    """
    CACHE.mkdir(parents=True, exist_ok=True)
    (CACHE / "containers.conf").write_text(SETTINGS)
    known = {"CONTAINERS_CONF": str(CACHE / "containers.conf"), "BUILDAH_ISOLATION": "chroot"}
    before = {name: os.environ.get(name) for name in known}
    os.environ.update(known)
    try:
        return build(
            image, BUILDERS["podman"], CACHE / "state", _wheels(lock, image.target == "pipeline"), fresh
        )
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            os.environ |= {} if value is None else {name: value}


def _wheels(lock: Path, made: bool) -> Path:
    """The packages of a lock, which come by this machine's settings of pip; a build does not see those."""
    out = CACHE / sha256(lock)[:16]
    if not out.is_dir():
        locked = ["--no-deps", "--require-hashes", "--no-build-isolation"]
        locked += [] if made else ["--only-binary", ":all:", "--python-version", "3.11"]
        with whole_folder(out) as folder:
            fetch = [
                sys.executable,
                "-m",
                "pip",
                "download",
                "-q",
                *locked,
                "-r",
                str(lock),
                "-d",
                str(folder),
            ]
            subprocess.run(fetch, check=True, capture_output=True)
    return out


def built_version(project: Project, bento: str, version: Registered, fresh: bool = False) -> Built:
    """The image of a packaged version."""
    image = version_image(project, bento, version, base())
    with TemporaryDirectory() as folder:
        image.lay_out(Path(folder))
        return built(image, Path(folder) / "requirements.txt", fresh)


def built_pipeline(project: Project, fresh: bool = False) -> Built:
    """The image that runs a project's pipelines."""
    return built(pipeline_image(project, base()), project.root / "requirements.txt", fresh)
