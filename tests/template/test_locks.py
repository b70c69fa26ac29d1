"""The locks that every project begins with, and the one of the library's tests."""

import re
from pathlib import Path

import pytest

from tests.repo.locks import asked, requirements, uv
from tests.repo.root import files, text
from tests.root import REPOSITORY

PLATFORMS = ("x86_64-manylinux_2_28", "aarch64-manylinux_2_28", "aarch64-apple-darwin")
SOURCE_ONLY = ("antlr4-python3-runtime", "kfp-server-api")
"""Published without a wheel; both are plain Python, built with the locked setuptools."""


def test_everything_has_a_floor() -> None:
    """Without one, a resolver once answered with a bentoml of 2019."""
    assert [str(one) for one in asked() if not any(part.operator == ">=" for part in one.specifier)] == []


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
