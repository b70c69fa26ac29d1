"""The environment that a version carries is made of its proven lock alone, and is whole or absent."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from slipway.base.errors import Refused, SlipwayError
from slipway.evaluation.carried import Environments, pinned
from slipway.evaluation.parity import Unlike, in_parity
from slipway.records.environment import Parity
from slipway.version.environment import LOCK
from slipway.version.manifest import CODE, PARITY, verify
from slipway.version.proven import trained_here
from tests.root import REPOSITORY
from tests.slipway.evaluation.test_evaluate import scores_times, with_code
from tests.slipway.evaluation.upgrade import all_else, lock
from tests.slipway.root import ROOT
from tests.slipway.tiny import tiny_version
from tests.slipway.version.conftest import redigest, set_field
from tests.slipway.vouched import proven

MAKE = """
import sys
from pathlib import Path
from slipway.evaluation.carried import Environments
from tests.slipway.vouched import proven
Environments(Path(sys.argv[2])).python(proven(Path(sys.argv[1])))
"""


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """A folder with the wheel of a lock."""
    all_else(tmp_path / "wheels")
    return tmp_path / "wheels"


@pytest.fixture
def version(baseline: Path, wheels: Path, tmp_path: Path) -> Path:
    """One that carries that lock."""
    out = Path(shutil.copytree(baseline, tmp_path / "version"))
    (out / CODE / LOCK).write_text(lock(*wheels.iterdir()))
    redigest(out)
    return out


def unlike(version: Path, environments: Environments | None = None) -> str:
    """Why a version scores nothing."""
    with ExitStack() as stack, pytest.raises(Unlike) as caught:
        in_parity(proven(version), environments, stack)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_it_has_what_the_lock_has_and_is_made_once(
    version: Path, wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No pip, and no package beside; the second time no wheel is needed."""
    found = Environments(tmp_path / "made")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    python = found.python(proven(version))
    installed = [one.name for one in python.parents[1].glob("lib/*/site-packages/*.dist-info")]
    shutil.rmtree(wheels)

    assert installed == ["all_else-1.dist-info"]
    assert found.python(proven(version)) == python


def test_killed_half_way_nothing_is_left_that_looks_whole(
    version: Path, wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is killed while pip waits for a server that never answers; the next run makes it anew."""
    made = tmp_path / "made"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        killed = subprocess.Popen(
            [sys.executable, "-c", MAKE, version, made],
            cwd=REPOSITORY,
            env=os.environ | {"PIP_FIND_LINKS": address, "NO_PROXY": "127.0.0.1"},
            start_new_session=True,
        )
        asking, _ = silent.accept()
        left = [one.name for one in made.iterdir() if one.is_dir()]
        os.killpg(killed.pid, signal.SIGKILL)
        killed.wait()
        asking.close()
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    python = Environments(made).python(proven(version))

    assert len(left) == 1
    assert left[0].endswith(".part")
    assert [one for one in made.iterdir() if one.is_dir()] == [python.parents[1]]
    assert subprocess.run([python, "-c", "import numpy"], check=False).returncode == 0


def test_a_wheel_of_another_hash_is_not_installed(
    version: Path, wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever fills the folder, or the index, decides nothing."""
    [packed] = wheels.iterdir()
    packed.write_bytes(packed.read_bytes() + b"more")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))

    with pytest.raises(SlipwayError, match=r"(?i)hash"):
        Environments(tmp_path / "made").python(proven(version))
    assert [*(tmp_path / "made").glob("*/")] == []


@pytest.mark.gate(
    "environment.lock",
    fed="a version whose lock has more than packages by hash: another index, an address, a file, no hash",
    stops="evaluate",
    exit=3,
    reason="champion.parity: requirements-serving.txt: found the line, expected NAME==VERSION and its --hash",
    untouched="no environment made, pip not called",
)
@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://evil.example/simple",
        "--extra-index-url=https://evil.example/simple",
        "--find-links /tmp",
        "-r other.txt",
        "-e .",
        "numpy==2.4.6",
        "numpy>=2 --hash=sha256:" + "a" * 64,
        "numpy @ https://evil.example/numpy.whl --hash=sha256:" + "a" * 64,
        "numpy==2.4.6 --hash=md5:" + "a" * 32,
        "numpy==2.4.6 --hash=sha256:" + "a" * 64 + " --index-url https://evil.example",
        "numpy==2.4.6 ; python_version > '3' --config-settings=x --hash=sha256:" + "a" * 64,
    ],
)
def test_a_lock_holds_packages_by_hash_and_nothing_else(version: Path, tmp_path: Path, line: str) -> None:
    """An option in it would have pip take packages from elsewhere."""
    with (version / CODE / LOCK).open("a") as file:
        file.write(f"{line}\n")
    redigest(version)

    with pytest.raises(SlipwayError, match=f"{LOCK}: found"):
        Environments(tmp_path / "made").python(proven(version))
    assert not (tmp_path / "made").exists()


def test_the_lock_of_this_project_is_one() -> None:
    """All of its lines, whatever platform they are for."""
    found = pinned((ROOT / LOCK).read_text(encoding="utf-8"))

    assert len(found) > 50


def test_a_lock_that_is_of_no_commit_is_refused_as_code_is(version: Path) -> None:
    """What a version carries is proven whole, its lock too: nobody adds a package by the registry alone."""
    with pytest.raises(Refused, match=LOCK):
        trained_here(version, ROOT, shared=True)


def test_a_lock_that_was_changed_afterwards_is_not_read(version: Path, tmp_path: Path) -> None:
    """Its digest is held against the manifest first."""
    before = proven(version)
    (version / CODE / LOCK).write_text("evil==1\n")

    with pytest.raises(SlipwayError, match=f"{LOCK}: sha256"):
        Environments(tmp_path / "made").python(before)
    assert not (tmp_path / "made").exists()


def test_a_python_that_is_not_here_is_named(version: Path, tmp_path: Path) -> None:
    """None is downloaded."""
    kept = verify(version).environment
    assert kept is not None
    other = kept.model_copy(update={"python": "3.2.1"})
    set_field(version, "environment", other.model_dump())

    with pytest.raises(SlipwayError, match=r"trained with Python 3\.2, and no python3\.2 is on the PATH"):
        Environments(tmp_path / "made").python(proven(version))


def test_what_it_was_trained_with_is_unknown_of_an_older_version(tmp_path: Path) -> None:
    """Unknown is not equal."""
    tiny_version(ROOT, tmp_path / "older", "logistic", skew=0.1)
    set_field(tmp_path / "older", "environment", None)

    assert "it does not say where it was trained" in unlike(tmp_path / "older")


def test_where_no_version_differs_a_package_was_changed(tmp_path: Path) -> None:
    """Then reinstalling is what helps."""
    tiny_version(ROOT, tmp_path / "skewed", "logistic", skew=0.1)

    said = unlike(tmp_path / "skewed")
    assert "64 kept rows here, largest difference 0.1" in said
    assert "no version differs here" in said


def test_scores_that_are_no_numbers_are_none_of_its_own(baseline: Path, tmp_path: Path) -> None:
    """NaN is within no tolerance, and a record can hold how far it is."""
    bad = with_code(baseline, tmp_path / "bad", *scores_times("np.nan"))
    with ExitStack() as stack, pytest.raises(Unlike) as caught:
        in_parity(proven(bad), None, stack)
    found = caught.value.parity

    assert (found.shown, found.passed) == (True, False)
    assert Parity.model_validate_json(found.model_dump_json()) == found


def test_a_version_without_kept_rows_shows_nothing(version: Path, tmp_path: Path) -> None:
    """And is no pass; no environment could show it."""
    (version / PARITY).unlink()
    redigest(version)

    assert "it keeps no rows with their scores" in unlike(version, Environments(tmp_path / "made"))
    assert not (tmp_path / "made").exists()


def test_one_that_cannot_answer_in_newer_packages_is_not_shown(version: Path, tmp_path: Path) -> None:
    """Both reasons are told: what it said, and why its own environment is not to be had."""
    path = version / CODE / "systems" / "ad_click" / "features.py"
    path.write_text(path.read_text().replace("def transform(", "def transformed("))
    redigest(version)
    kept = verify(version).environment
    assert kept is not None
    set_field(version, "environment", kept.model_copy(update={"packages": {"numpy": "1.0"}}).model_dump())
    said = unlike(version, Environments(tmp_path / "made"))

    assert "transform" in said
    assert "all_else==1" in said


def test_the_manifest_says_where_it_was_trained(baseline: Path) -> None:
    """The packages are those of its code and its lock; nobody lists them."""
    found = verify(baseline).environment

    assert found is not None
    assert found.lock == verify(baseline).files[f"{CODE}/{LOCK}"]
    assert found.python == ".".join(map(str, sys.version_info[:3]))
    assert {"lightgbm", "numpy", "pyarrow", "scipy", "scikit-learn"} <= found.packages.keys()
    assert "bentoml" not in found.packages
