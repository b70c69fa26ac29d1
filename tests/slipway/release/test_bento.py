"""From a registered version to a Bento."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from slipway.base.errors import SlipwayError
from slipway.release.bento import bento_path, build_bento
from slipway.settings.root import Project
from slipway.version.manifest import digests
from tests.slipway.root import ROOT
from tests.slipway.tiny import registered, tiny_bento, tiny_version
from tests.slipway.vouched import proven


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, str]:
    """A project with one Bento, in a folder with a space in its name."""
    return tiny_bento(tmp_path_factory.mktemp("packaging") / "a project", ROOT)


@pytest.fixture
def empty(packaged: tuple[Project, str], tmp_path: Path) -> Project:
    """A project of its own, with a version and no Bento."""
    shutil.copyfile(ROOT / "project.yaml", tmp_path / "project.yaml")
    shutil.copytree(packaged[0].root / "version", tmp_path / "version")
    return Project(tmp_path)


@pytest.fixture
def copied(packaged: tuple[Project, str], empty: Project) -> Project:
    """A project of its own, with a version and its Bento."""
    shutil.copytree(bento_path(*packaged), bento_path(empty, packaged[1]))
    return empty


def test_the_tag_is_name_and_number(packaged: tuple[Project, str]) -> None:
    """A name that BentoML allows, made of project and system."""
    assert packaged[1] == "slipway-demo-ad-click:7"
    assert bento_path(*packaged).is_dir()


def test_a_bento_holds_the_version_and_nothing_else(packaged: tuple[Project, str]) -> None:
    """The version's own code at the root, the rest in `version/`, each file as it was."""
    project, tag = packaged
    expected = {
        name.removeprefix("code/") if name.startswith("code/") else f"version/{name}": digest
        for name, digest in digests(project.root / "version").items()
    }
    found = digests(bento_path(project, tag) / "src")

    assert found.pop("version/registered.json")
    assert found.pop("version/manifest.json")
    assert found == expected


def test_packaging_again_changes_nothing(packaged: tuple[Project, str]) -> None:
    """The Bento that is there is the answer."""
    project, tag = packaged
    made = (bento_path(project, tag) / "bento.yaml").stat()

    assert (
        build_bento(project, proven(project.root / "version"), registered(project.root / "version", 7)) == tag
    )
    assert (bento_path(project, tag) / "bento.yaml").stat() == made


@pytest.mark.gate(
    "package.number",
    fed="another version under the number of one that was packaged",
    stops="package",
    exit=1,
    reason="holds another digest; delete that folder",
    untouched="the Bento of the first, byte for byte",
)
def test_a_number_stands_for_one_version(packaged: tuple[Project, str], tmp_path: Path) -> None:
    """Another version under the same number is refused, and the Bento stays."""
    project, tag = packaged
    tiny_version(ROOT, tmp_path / "other", "logistic", skew=1e-9)
    before = digests(bento_path(project, tag))

    with pytest.raises(SlipwayError, match=r"holds .*ad_click 7 with digest .* delete that folder"):
        build_bento(project, proven(tmp_path / "other"), registered(tmp_path / "other", 7))

    assert digests(bento_path(project, tag)) == before


@pytest.mark.parametrize(
    "name",
    [
        "src/version/model/weights.npy",
        pytest.param("src/version/registered.json", marks=pytest.mark.long),
        pytest.param("src/slipway/base/atomic.py", marks=pytest.mark.long),
        pytest.param("bento.yaml", marks=pytest.mark.long),
    ],
)
def test_a_damaged_bento_is_built_again(packaged: tuple[Project, str], copied: Project, name: str) -> None:
    """It would fail at every start; the version that it was made of is whole."""
    bento = bento_path(copied, packaged[1])
    (bento / name).unlink()

    package_version(str(copied.root))

    assert (bento / name).is_file()
    assert digests(bento / "src") == digests(bento_path(*packaged) / "src")
    assert not list((copied.state / "bentoml").glob("aside-*"))


def test_bytecode_in_a_bento_is_gone_after_packaging(packaged: tuple[Project, str], copied: Project) -> None:
    """Python wrote it when somebody served the Bento by hand."""
    cache = bento_path(copied, packaged[1]) / "src/slipway/__pycache__"
    cache.mkdir()
    (cache / "atomic.cpython-311.pyc").write_bytes(b"")

    package_version(str(copied.root))

    assert not cache.exists()


@pytest.mark.gate(
    "package.tampered",
    fed="a version of which a file was changed",
    stops="package",
    exit=1,
    reason="the file, its digest and the manifest's",
    untouched="no Bento built",
    guard="version.changed_file",
)
def test_a_tampered_version_is_not_packaged(empty: Project) -> None:
    """Nothing is built from what is not whole."""
    known = registered(empty.root / "version", 7)
    with (empty.root / "version/model/weights.npy").open("a") as file:
        file.write("\n")

    with pytest.raises(SlipwayError, match=r"model/weights\.npy: sha256"):
        build_bento(empty, proven(empty.root / "version"), known)

    assert not (empty.state / "bentoml").exists()


@pytest.mark.gate(
    "package.registered",
    fed="a whole version that is not the registered one",
    stops="package",
    exit=1,
    reason="the manifest's digest and the registry's",
    untouched="no Bento built",
    guard="version.changed_manifest",
)
def test_another_version_than_registered_is_not_packaged(empty: Project) -> None:
    """The registry's digest decides."""
    other = registered(empty.root / "version", 7).model_copy(update={"digest": "0" * 64})

    with pytest.raises(SlipwayError, match=r"manifest\.json: sha256 .* the registry says 000000000000"):
        build_bento(empty, proven(empty.root / "version"), other)

    assert not (empty.state / "bentoml").exists()


@pytest.mark.gate(
    "package.build",
    fed="a version whose code BentoML cannot load",
    stops="package",
    exit=1,
    reason="bentoml build, and BentoML's last line",
    untouched="nothing in the store",
)
def test_a_build_that_fails_leaves_nothing(
    packaged: tuple[Project, str], empty: Project, tmp_path: Path
) -> None:
    """BentoML's reason is the error."""
    root = tmp_path / "broken"
    shutil.copytree(packaged[0].root / "version/code", root)
    bentofile = (root / "bentofile.yaml").read_text(encoding="utf-8")
    (root / "bentofile.yaml").write_text(
        bentofile.replace("service:Service", "service:Gone"), encoding="utf-8"
    )
    shutil.copytree(ROOT / "systems", root / "systems", dirs_exist_ok=True)
    tiny_version(root, tmp_path / "version-8", "logistic")

    with pytest.raises(SlipwayError, match=r"bentoml build slipway-demo-ad-click:8: .*Gone"):
        build_bento(empty, proven(tmp_path / "version-8"), registered(tmp_path / "version-8", 8))

    assert [path.name for path in (empty.state / "bentoml").iterdir()] == ["build.lock"]


def test_a_killed_build_can_be_run_again(empty: Project) -> None:
    """What a kill leaves lies aside, is not taken for a Bento, and is gone after the next build."""
    code = "import sys; from tests.slipway.release import test_bento; test_bento.package_version(sys.argv[1])"
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(empty.root)], cwd=ROOT, start_new_session=True
    )
    while not list((empty.state / "bentoml").glob("aside-*/*")):
        assert process.poll() is None
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()

    assert not (empty.state / "bentoml/bentos").exists()
    assert bento_path(empty, package_version(str(empty.root))).is_dir()
    assert not list((empty.state / "bentoml").glob("aside-*"))


def package_version(root: str) -> str:
    """Package the version of a project; also run in a process of its own."""
    return build_bento(
        Project(Path(root)), proven(Path(root) / "version"), registered(Path(root) / "version", 7)
    )
