"""The wheel of slipway/."""

import email
import subprocess
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest

import slipway
from tests.repo.root import files, text
from tests.slipway.adopt.wheel import PIP, Installed, install, pin

OWN = {f"slipway/{name}" for name in ("LICENSE", "README.md", "pyproject.toml")}
"""Files of the folder that are no part of the package."""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel, away from this checkout."""
    return install(tmp_path_factory.mktemp("wheel"))


def test_the_wheel_is_the_package(installed: Installed) -> None:
    """Every file of the folder, templates and `py.typed` too, and nothing else."""
    content = {name for name in ZipFile(installed.wheel).namelist() if ".dist-info/" not in name}
    assert content == {name for name in files() if name.startswith("slipway/")} - OWN
    assert {"slipway/py.typed", "slipway/report/templates/page.html"} <= content


def test_the_wheel_says_what_it_is(installed: Installed) -> None:
    """Its own name and version, the licence, the program, and everything that it needs."""
    wheel, library = ZipFile(installed.wheel), tomllib.loads(text("slipway/pyproject.toml"))["project"]
    [about] = [name.split("/")[0] for name in wheel.namelist() if name.endswith("/METADATA")]
    said = email.message_from_string(wheel.read(f"{about}/METADATA").decode())

    assert (said["Name"], said["Version"]) == ("slipway-mlops", slipway.__version__)
    assert len(said.get_all("Requires-Dist") or []) == len(library["dependencies"])
    assert b"Apache License" in wheel.read(f"{about}/licenses/LICENSE")
    assert "slipway = slipway.cli:main" in wheel.read(f"{about}/entry_points.txt").decode()


def test_it_runs_where_nothing_of_this_checkout_is(installed: Installed, tmp_path: Path) -> None:
    """The program, outside of any project."""
    done = installed.run(tmp_path, str(installed.folder / "bin" / "slipway"), "--version")
    assert done.stdout.strip() == slipway.__version__
    assert installed.python(tmp_path, "import slipway.cli").returncode == 0


def test_it_is_built_in_one_way_only(tmp_path: Path, installed: Installed) -> None:
    """The same bytes each time, whatever lies in the folder that Git ignores."""
    assert install(tmp_path).wheel.read_bytes() == installed.wheel.read_bytes()


def test_the_wheel_is_installed_by_its_hash(installed: Installed, tmp_path: Path) -> None:
    """As everything else is."""
    place = ["--no-index", "--find-links", str(installed.wheel.parent), "--target", str(tmp_path / "out")]
    command = [*PIP, "install", "--no-deps", "--require-hashes", *place, "-r", str(tmp_path / "pin.txt")]
    for line, code in ((pin(installed), 0), (pin(installed)[:-9] + "0" * 8 + "\n", 1)):
        (tmp_path / "pin.txt").write_text(line)
        assert subprocess.run(command, check=False, stdin=subprocess.DEVNULL).returncode == code
