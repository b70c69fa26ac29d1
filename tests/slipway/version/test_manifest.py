"""What is not listed is refused, before Python can run it."""

import shutil
from pathlib import Path

import pytest

from slipway.base.errors import SlipwayError
from slipway.version.manifest import MANIFEST, digests, verify
from tests.slipway.version.conftest import set_field

ADDED = [
    "code/systems/ad_click/__pycache__/features.cpython-311.pyc",
    "code/systems/ad_click/features.so",
    "code/numpy.pyc",
    "code/slipway/manifest.json",
    "model/manifest.json",
    "more.txt",
]


def test_a_whole_version_passes(whole: Path) -> None:
    """Every file as the manifest says."""
    assert verify(whole).system == "ad_click"


@pytest.mark.parametrize("name", ADDED)
def test_an_added_file_is_refused_by_name(copy: Path, name: str) -> None:
    """Bytecode, extensions, and what is called like the manifest in another folder."""
    (copy / name).parent.mkdir(exist_ok=True)
    (copy / name).write_bytes(b"")

    with pytest.raises(SlipwayError, match=f"{name}: not in the manifest"):
        verify(copy)


def test_a_link_to_a_package_is_refused(copy: Path, tmp_path: Path) -> None:
    """A folder that is linked in holds files that nobody listed."""
    (copy / "code/numpy").symlink_to(tmp_path, target_is_directory=True)

    with pytest.raises(SlipwayError, match=r"code/numpy: not in the manifest"):
        verify(copy)


def test_bytecode_is_refused_with_what_to_do(copy: Path) -> None:
    """Python writes it wherever it may."""
    shutil.copytree(copy / "code/slipway", copy / "code/slipway/__pycache__")

    with pytest.raises(SlipwayError, match="delete it, and set PYTHONDONTWRITEBYTECODE=1"):
        verify(copy)


def test_digests_leave_out_only_the_folders_own_manifest(copy: Path) -> None:
    """A file of that name further down is a file like any other."""
    (copy / "model" / MANIFEST).write_text("{}", encoding="utf-8")

    assert f"model/{MANIFEST}" in digests(copy)
    assert MANIFEST not in digests(copy)


def test_a_manifest_of_another_schema_is_one_line(copy: Path) -> None:
    """The line names the file, its schema_version and the newest that can be read."""
    set_field(copy, "schema_version", 3)

    with pytest.raises(
        SlipwayError, match=r"manifest\.json: schema_version 3 .* reads up to 2: upgrade"
    ) as caught:
        verify(copy)

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"{", b"", b"\xff\xfe", b"[" * 100_000, b"[]", b"null", b"{}"])
def test_a_manifest_that_is_none_is_one_line(copy: Path, content: bytes) -> None:
    """A half-written file, or another."""
    (copy / MANIFEST).write_bytes(content)

    with pytest.raises(
        SlipwayError, match=r"manifest\.json: (cut off or no JSON, expected a|this is no) Manifest"
    ):
        verify(copy)
