"""The requirements: complete, hashed, the same everywhere, and of no machine in particular."""

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
from packaging.utils import canonicalize_name

from tests.repo.root import files, text
from tests.root import REPOSITORY

LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-serving.txt")
LINE = re.compile(r"(?P<pin>[a-z0-9.-]+==(?P<version>\S+)(?: ; [^\\]+)?) \\")
HASH = re.compile(r"    --hash=sha256:(?P<hash>[0-9a-f]{64})(?P<more> \\)?")
PLATFORMS = ("x86_64-manylinux_2_28", "aarch64-manylinux_2_28", "aarch64-apple-darwin")
SOURCE_ONLY = ("antlr4-python3-runtime", "kfp-server-api")
"""Published without a wheel; both are plain Python, built with the locked setuptools."""
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


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_pins_and_hashes_only(name: str) -> None:
    """No index, no link, no path, no option: what a lock says is true on every machine."""
    lines = [line for line in text(name).splitlines() if not line.startswith("#")]
    assert [line for line in lines if not LINE.fullmatch(line) and not HASH.fullmatch(line)] == []
    assert "://" not in text(name)


@pytest.mark.parametrize("name", LOCKS)
def test_every_requirement_has_hashes(name: str) -> None:
    """pip refuses to install anything else."""
    assert [pin for pin, hashes in locked(name).items() if not hashes] == []


@pytest.mark.parametrize("name", LOCKS)
def test_no_version_is_local(name: str) -> None:
    """A `+local` version is built on some machine and on no index."""
    assert [pin for pin in locked(name) if "+" in pin.split(" ; ")[0]] == []


def test_shared_packages_have_one_version() -> None:
    """The image and the demo hold a part of what the tests run with, version by version and hash by hash."""
    whole = {pin.split(" ; ")[0]: hashes for pin, hashes in locked("requirements-dev.txt").items()}
    for name in ("requirements.txt", "requirements-serving.txt"):
        part = {pin.split(" ; ")[0]: hashes for pin, hashes in locked(name).items()}
        assert [pin for pin, hashes in part.items() if whole.get(pin) != hashes] == []


def test_what_is_asked_for_is_locked_within_its_bounds() -> None:
    """A bound that was edited without `make lock` shows here."""
    pinned: dict[str, list[Requirement]] = {}
    for one in requirements("requirements-dev.txt"):
        pinned.setdefault(canonicalize_name(one.name), []).append(one)
    for bound in asked():
        versions = [str(one.specifier).removeprefix("==") for one in pinned[canonicalize_name(bound.name)]]
        assert all(bound.specifier.contains(version) for version in versions), bound


def test_everything_has_a_floor() -> None:
    """Without one, a resolver once answered with a bentoml of 2019."""
    assert [str(one) for one in asked() if not any(part.operator == ">=" for part in one.specifier)] == []


def test_the_library_is_locked_where_it_is_no_folder() -> None:
    """A folder is installed as it stands, and a lock holds no path; the image has slipway's code in it."""
    locked_in = [name for name in LOCKS if LIBRARY in {one.name for one in requirements(name)}]
    assert locked_in == ([] if FOLDER in files() else ["requirements.txt", "requirements-dev.txt"])


def test_what_the_set_up_needs_is_locked_and_torch_is_not() -> None:
    """setuptools and hatchling build without the network, `bentoml build` calls uv; torch comes later."""
    names = {one.name for one in requirements("requirements.txt")}
    assert {"setuptools", "hatchling", "uv"} <= names
    assert "torch" not in {one.name for one in requirements("requirements-dev.txt")}


def test_no_file_names_an_index() -> None:
    """Where packages come from is the business of each machine."""
    hosts = re.compile("|".join([r"pypi\." + "org", "pythonhosted" + r"\.org", "files" + r"\.pypi"]))
    assert [name for name in files() if _is_text(name) and hosts.search(text(name))] == []


def _is_text(name: str) -> bool:
    return b"\0" not in (REPOSITORY / name).read_bytes()[:8192]


def uv(*arguments: str, where: Path) -> subprocess.CompletedProcess[str]:
    """Ask uv, with the public index and without the mirrors that this machine may be set up with."""
    program = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if program is None or os.environ.get("SLIPWAY_ONLINE") != "1":
        pytest.skip("asks the package index; SLIPWAY_ONLINE=1 allows it")
    mirrors = ("UV_INDEX", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS")
    environment = {key: value for key, value in os.environ.items() if key not in mirrors}
    command = [program, *arguments]
    return subprocess.run(command, cwd=where, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.long
def test_the_index_has_every_locked_hash(tmp_path: Path) -> None:
    """A hash of a wheel that exists on one machine only is not among those that the index publishes."""
    pins = list(locked("requirements-dev.txt"))
    (tmp_path / "pins.in").write_text("\n".join(pins) + "\n")
    options = ["--universal", "--python-version", "3.11", "--no-deps", "--generate-hashes", "--no-annotate"]
    done = uv("pip", "compile", "--no-config", "pins.in", *options, "-o", "out.txt", where=tmp_path)
    assert done.returncode == 0, done.stderr
    published = set(re.findall(r"sha256:([0-9a-f]{64})", (tmp_path / "out.txt").read_text()))
    wrong = [pin for pin, hashes in locked("requirements-dev.txt").items() if not hashes <= published]
    assert wrong == []


@pytest.mark.long
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_platform_has_wheels(platform: str, python: str, tmp_path: Path) -> None:
    """Nothing needs a compiler: all but two packages of plain Python come as wheels."""
    where = ["--python-platform", platform, "--python-version", python, "--target", str(tmp_path / "out")]
    wheels = ["--only-binary", ":all:", *(word for name in SOURCE_ONLY for word in ("--no-binary", name))]
    lock = ["--no-deps", "--require-hashes", "-r", str(REPOSITORY / "requirements-dev.txt")]
    done = uv("pip", "install", "--no-config", "--dry-run", *where, *wheels, *lock, where=tmp_path)
    assert done.returncode == 0, done.stderr
