"""What is loaded, and what is refused."""

import shutil
from pathlib import Path

import pytest

from slipway.base.errors import SlipwayError
from slipway.serving.served import load


@pytest.fixture
def copy(laid_out: Path, tmp_path: Path) -> Path:
    """A version to spoil."""
    return Path(shutil.copytree(laid_out, tmp_path / "src"))


@pytest.mark.parametrize(
    "name",
    [
        "version/model/model.txt",
        "version/features.npz",
        "version/card.json",
        "version/manifest.json",
        "systems/ad_click/features.py",
        "slipway/serving/predict.py",
        "requirements-serving.txt",
    ],
)
def test_a_changed_file_is_refused_by_name(copy: Path, name: str) -> None:
    """One byte more in any file, code included, and nothing is loaded."""
    with (copy / name).open("ab") as file:
        file.write(b" ")

    with pytest.raises(SlipwayError, match=name):
        load(copy, None)


@pytest.mark.parametrize(
    "name", ["version/model/model.txt", "version/registered.json", "slipway/base/atomic.py"]
)
def test_a_missing_file_is_refused_by_name(copy: Path, name: str) -> None:
    """Nothing may be missing."""
    (copy / name).unlink()

    with pytest.raises(SlipwayError, match=f"{name}: missing"):
        load(copy, None)


@pytest.mark.parametrize(
    "name",
    [
        "version/model/more.txt",
        "version/model/manifest.json",
        "version/code/more.txt",
        "slipway/serving/more.py",
        "numpy.py",
        "numpy.pyc",
        "systems/ad_click/features.cpython-311-x86_64-linux-gnu.so",
        "systems/ad_click/features.pyd",
        "systems/ad_click/__pycache__/features.cpython-311.pyc",
        "slipway/__pycache__/anything",
    ],
)
def test_an_added_file_is_refused_by_name(copy: Path, name: str) -> None:
    """A module beside the listed ones could take their place."""
    (copy / name).parent.mkdir(exist_ok=True)
    (copy / name).write_text("", encoding="utf-8")

    with pytest.raises(SlipwayError, match=f"{name}: not in the manifest"):
        load(copy, None)


def test_a_linked_package_is_refused(copy: Path, tmp_path: Path) -> None:
    """A folder that is linked in would be imported before the installed one."""
    (copy / "numpy").symlink_to(tmp_path, target_is_directory=True)

    with pytest.raises(SlipwayError, match=r"numpy: not in the manifest"):
        load(copy, None)


def test_what_cannot_be_imported_may_lie_there(copy: Path) -> None:
    """A file that an image or an editor leaves is no code."""
    (copy / ".DS_Store").write_bytes(b"")

    assert load(copy, None).registered.number == 7


def test_another_version_than_expected_is_refused(copy: Path) -> None:
    """Whoever deploys may say which version has to be inside."""
    with pytest.raises(SlipwayError, match="SLIPWAY_VERSION_DIGEST: expected aaaaaaaaaaaa"):
        load(copy, "a" * 64)


def test_an_unreadable_registration_is_refused(copy: Path) -> None:
    """The registered name, number and digest must be there."""
    (copy / "version/registered.json").write_text("{}", encoding="utf-8")

    with pytest.raises(SlipwayError, match=r"registered\.json: not the name, number and digest"):
        load(copy, None)
