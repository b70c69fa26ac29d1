"""The wheel of slipway/, and a project that has it instead of the folder, as docs/wheel.md says."""

import email
import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest
import yaml

import slipway
from slipway.base.digest import sha256
from slipway.version.assemble import copy_code
from slipway.version.manifest import CODE, MANIFEST, code_digest, digests
from tests.repo.root import files, text
from tests.slipway.adopt.wheel import PIP, Installed, install
from tests.slipway.root import EXAMPLE, REPOSITORY, ROOT

OWN = {f"slipway/{name}" for name in ("LICENSE", "README.md", "pyproject.toml")}
"""Files of the folder that are no part of the package."""
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
SYSTEM = "ad_click"
DECISIONS = {"promote", "abort", "inconclusive", "refused"}
FEWER = {"full": 4000, "small": 120_000}
LOCK = ["pip", "compile", "-q", "--universal", "--no-deps", "--no-index", "--no-annotate", "--no-header"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel, away from this checkout."""
    return install(tmp_path_factory.mktemp("wheel"))


@pytest.fixture
def project(tmp_path: Path, installed: Installed) -> Path:
    """A project with one system and fewer rows, after the steps of the document but those of `make`."""
    root = tmp_path / "a project"
    for name in files():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / name, root / name)
    if EXAMPLE.is_dir():
        shutil.copytree(EXAMPLE, root, dirs_exist_ok=True)
    card = root / "systems" / SYSTEM / "system.yaml"
    content = yaml.safe_load(card.read_text())
    content["data"]["source"]["rows"] = FEWER
    content["rollout"]["steps"] = [{"weight": 50, "requests": 8000}]
    card.write_text(yaml.safe_dump(content, sort_keys=False))
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "start"]):
        done = installed.run(root, "git", "-c", "user.name=t", "-c", "user.email=t@example.com", *words)
        assert done.returncode == 0, done.stderr
    done = installed.run(root, "sh", "-e", "-c", steps()[0])
    assert done.returncode == 0, done.stderr
    return root


def steps() -> list[str]:
    """The commands of the document, block by block."""
    return BLOCK.findall(text("docs/wheel.md"))


def pin(installed: Installed) -> str:
    """What `make lock` adds to the locks of a project without the folder."""
    return f"slipway-mlops=={slipway.__version__} \\\n    --hash=sha256:{sha256(installed.wheel)}\n"


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


def test_a_lock_names_the_wheel(project: Path, installed: Installed) -> None:
    """And no place, once the line of the folder is gone; uv adds the hash that an index knows."""
    source = ["--find-links", str(installed.wheel.parent), "pyproject.toml"]
    done = installed.run(project, str(Path(sys.executable).with_name("uv")), *LOCK, *source)
    assert done.stdout == f"slipway-mlops=={slipway.__version__}\n", done.stderr


def test_the_wheel_is_installed_by_its_hash(installed: Installed, tmp_path: Path) -> None:
    """As everything else is."""
    place = ["--no-index", "--find-links", str(installed.wheel.parent), "--target", str(tmp_path / "out")]
    command = [*PIP, "install", "--no-deps", "--require-hashes", *place, "-r", str(tmp_path / "pin.txt")]
    for line, code in ((pin(installed), 0), (pin(installed)[:-9] + "0" * 8 + "\n", 1)):
        (tmp_path / "pin.txt").write_text(line)
        assert subprocess.run(command, check=False, stdin=subprocess.DEVNULL).returncode == code


def test_the_document_ends_with_a_new_set_up() -> None:
    """The old environment points into the folder, so it goes before the locks are made and installed."""
    assert [block.split("\n")[:-1] for block in steps()[1:]] == [["make clean", "make lock", "make setup"]]


def test_a_version_carries_the_code_that_runs(project: Path, tmp_path: Path) -> None:
    """Wherever slipway lies: without the folder the same files, with the same digest."""
    found = []
    for root in (ROOT, project):
        copy_code(root, tmp_path / str(len(found)) / CODE, SYSTEM)
        found.append(digests(tmp_path / str(len(found))))
    assert f"{CODE}/slipway/serving/service.py" in found[0]
    assert found[0] == found[1]


def test_imports_stay_in_order(project: Path, installed: Installed) -> None:
    """The order of imports does not tell a package that is a folder from one that is installed."""
    done = installed.run(project, sys.executable, "-m", "ruff", "check", "--no-cache", "--select", "I", ".")
    assert done.returncode == 0, done.stdout


@pytest.mark.long
def test_a_project_without_the_folder_comes_to_a_decision(project: Path, installed: Installed) -> None:
    """By the wheel alone, and its version has the code, byte for byte, of a project with the folder."""
    assert not (project / "slipway").exists()
    done = installed.run(
        project, str(installed.folder / "bin" / "slipway"), "demo", "--size", "small", "--json"
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout.splitlines()[-1])["decision"] in DECISIONS

    copy_code(ROOT, project / "before" / CODE, SYSTEM)
    manifests = [json.loads(path.read_text()) for path in (project / ".slipway/registry").rglob(MANIFEST)]
    assert len(manifests) >= 1
    assert {one["code"]["digest"] for one in manifests} == {code_digest(digests(project / "before"))}


@pytest.mark.long
def test_the_tests_that_stay_pass(project: Path, installed: Installed) -> None:
    """Once the locks name the wheel, as `make lock` has it."""
    for name in ("requirements.txt", "requirements-dev.txt"):
        with (project / name).open("a") as file:
            file.write(pin(installed))
    done = installed.run(
        project, sys.executable, "-m", "pytest", "-q", "-m", "not long", "-p", "no:cacheprovider"
    )
    assert done.returncode == 0, done.stdout[-3000:]
