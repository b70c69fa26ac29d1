"""The requirements: complete, hashed, the same everywhere, and of no machine in particular."""

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.repo.locks import FOLDER, HASH, LIBRARY, LINE, LOCKS, asked, locked, requirements, uv
from tests.repo.root import files, text


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


def test_the_library_is_locked_where_it_is_no_folder() -> None:
    """A folder is installed as it stands, and a lock holds no path; the image has slipway's code in it."""
    locked_in = [name for name in LOCKS if LIBRARY in {one.name for one in requirements(name)}]
    assert locked_in == ([] if FOLDER in files() else ["requirements.txt", "requirements-dev.txt"])


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
