"""What is in an image, asked of a container of it that is confined as in `k8s/base`."""

import json
from email import message_from_string
from pathlib import Path

from tests.slipway.release.built import LIMITS, podman

CONFINED = ["--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]  # noqa: S108
"""As in k8s/base."""
RUN = ["--runtime", "runc", "run", "--network", "none", *LIMITS, "--ulimit", "nproc=4096:4096", *CONFINED]
TOOLS = "gcc g++ cc c++ ld make cmake rustc git pip pip3 easy_install apt apt-get perl mount"
"""What builds, installs or changes a system."""

METADATA = """
cd /opt/env/lib/*/site-packages
for file in *.dist-info/METADATA *.egg-info/PKG-INFO; do
  test ! -f $file || for key in Name Version; do sed -n "/^$key: /{s///p;q}" $file; done
done
"""
"""Name and version of each package of its Python, in two lines."""


def inside(image: str, script: str) -> str:
    """What a shell prints in a container of it, as its own user."""
    done = podman(*RUN, "--rm", "--entrypoint", "sh", image, "-c", script)
    assert done.returncode == 0, done.stderr
    return done.stdout


def lines(image: str, script: str) -> list[str]:
    """As `inside`, line by line."""
    return inside(image, script).splitlines()


def packages(image: str) -> set[str]:
    """The packages whose files lie in it, by their own metadata: of its Python, and of the system."""
    found = set()
    said = iter(lines(image, METADATA))
    for name, version in zip(said, said, strict=True):
        found.add(f"pypi {name.lower().replace('_', '-').replace('.', '-')} {version}")
    for text in inside(image, "cat /var/lib/dpkg/status").strip().split("\n\n"):
        one = message_from_string(text)
        if one["Status"] == "install ok installed":
            found.add(f"deb {one['Package']} {one['Version']}")
    return found


def listed(sbom: Path) -> set[str]:
    """The packages of a list in CycloneDX's JSON, as `packages` names them."""
    found = set()
    for one in json.loads(sbom.read_text())["components"]:
        kind = one["purl"].removeprefix("pkg:").partition("/")[0]
        name = one["name"] if kind == "deb" else one["purl"].split("/")[1].partition("@")[0]
        found.add(f"{kind} {name} {one['version']}")
    return found
