"""A project that depends on the wheel instead of the folder `slipway/`, as docs/wheel.md says."""

import json
import re
import shutil
import sys
from pathlib import Path

import pytest
import yaml

import slipway
from slipway.version.assemble import copy_code
from slipway.version.manifest import CODE, MANIFEST, code_digest, digests
from tests.repo.root import text
from tests.slipway.adopt.wheel import Installed, install, pin
from tests.slipway.root import EXAMPLE, ROOT
from tests.template.conftest import OTHER, Bake, git

BLOCK = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
SYSTEM = "ad_click"
DECISIONS = {"promote", "abort", "inconclusive", "refused"}
FEWER = {"full": 120_000, "small": 120_000}
LOCK = ["pip", "compile", "-q", "--universal", "--no-deps", "--no-index", "--no-annotate", "--no-header"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel, away from this checkout."""
    return install(tmp_path_factory.mktemp("wheel"))


@pytest.fixture
def project(tmp_path: Path, bake: Bake, installed: Installed) -> Path:
    """A project with the example and fewer rows, after the steps of the document but those of `make`."""
    # Without what another test made in it: a registry's files lie where it was made.
    made = shutil.ignore_patterns(".venv", ".slipway")
    root = shutil.copytree(bake(**OTHER, system=SYSTEM), tmp_path / "a project", ignore=made)
    shutil.copytree(EXAMPLE / "systems", root / "systems", dirs_exist_ok=True)
    card = root / "systems" / SYSTEM / "system.yaml"
    content = yaml.safe_load(card.read_text())
    content["data"]["source"]["rows"] = FEWER
    content["rollout"]["steps"] = [{"weight": 50, "requests": 8000}]
    card.write_text(yaml.safe_dump(content, sort_keys=False))
    git(root, "commit", "--quiet", "--all", "--message", "fewer rows")
    done = installed.run(root, "sh", "-e", "-c", steps()[0])
    assert done.returncode == 0, done.stderr
    return root


def steps() -> list[str]:
    """The commands of the document, block by block."""
    return BLOCK.findall(text("docs/wheel.md"))


def test_a_lock_names_the_wheel(project: Path, installed: Installed) -> None:
    """And no place, once the line of the folder is gone; uv adds the hash that an index knows."""
    source = ["--find-links", str(installed.wheel.parent), "pyproject.toml"]
    done = installed.run(project, str(Path(sys.executable).with_name("uv")), *LOCK, *source)
    assert done.stdout == f"slipway-mlops=={slipway.__version__}\n", done.stderr


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


@pytest.mark.deep
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


@pytest.mark.deep
def test_the_tests_that_stay_pass(project: Path, bake: Bake, installed: Installed) -> None:
    """Once the locks name the wheel, as `make lock` has it; they are of the project's own system."""
    shutil.copytree(bake(**OTHER, system=SYSTEM) / "systems", project / "systems", dirs_exist_ok=True)
    for name in ("requirements.txt", "requirements-dev.txt"):
        with (project / name).open("a") as file:
            file.write(pin(installed))
    done = installed.run(
        project, sys.executable, "-m", "pytest", "-q", "-m", "not long", "-p", "no:cacheprovider"
    )
    assert done.returncode == 0, done.stdout[-3000:]
