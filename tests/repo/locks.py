"""The requirements: what the locks hold and what pyproject.toml asks for."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.repo.root import files, text

LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-serving.txt")
LINE = re.compile(r"(?P<pin>[a-z0-9.-]+==(?P<version>\S+)(?: ; [^\\]+)?) \\")
HASH = re.compile(r"    --hash=sha256:(?P<hash>[0-9a-f]{64})(?P<more> \\)?")
LIBRARY, FOLDER = "slipway-mlops", "slipway/pyproject.toml"
"""The wheel that a project without the folder depends on: see docs/wheel.md."""


@cache
def locked(name: str) -> dict[str, frozenset[str]]:
    """The hashes of each requirement line of a lock."""
    found: dict[str, set[str]] = {}
    for line in text(name).splitlines():
        if pin := LINE.fullmatch(line):
            hashes = found.setdefault(pin["pin"], set())
        elif sha := HASH.fullmatch(line):
            hashes.add(sha["hash"])
    return {pin: frozenset(hashes) for pin, hashes in found.items()}


def requirements(name: str) -> list[Requirement]:
    """The requirement lines of a lock."""
    return [Requirement(pin) for pin in locked(name)]


def asked() -> list[Requirement]:
    """Everything that pyproject.toml names, with the bounds that it gives; the library's for its folder."""
    content = tomllib.loads(text("pyproject.toml"))
    groups = content["dependency-groups"].values()
    lines = [*content["project"]["dependencies"], *(line for group in groups for line in group)]
    found = [Requirement(line) for line in [*lines, *content["tool"]["uv"]["constraint-dependencies"]]]
    if FOLDER not in files():
        return found
    library = tomllib.loads(text(FOLDER))["project"]
    return [
        *(one for one in found if one.name != library["name"]),
        *(Requirement(line) for line in library["dependencies"]),
    ]


def uv(*arguments: str, where: Path) -> subprocess.CompletedProcess[str]:
    """Ask uv, with the public index and without the mirrors that this machine may be set up with."""
    program = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if program is None or os.environ.get("SLIPWAY_ONLINE") != "1":
        pytest.skip("asks the package index; SLIPWAY_ONLINE=1 allows it")
    mirrors = ("UV_INDEX", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS")
    environment = {key: value for key, value in os.environ.items() if key not in mirrors}
    command = [program, *arguments]
    return subprocess.run(command, cwd=where, env=environment, capture_output=True, text=True, check=False)
