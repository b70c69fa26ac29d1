"""Versions of data by a real DVC in a Git repository of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from slipway.base.errors import Refused, SlipwayError, UsageError
from slipway.base.failure import Failure
from slipway.data.versions import bring, fetch_split, fingerprint, hash_of, run_stages, track
from slipway.settings import Line
from slipway.settings.root import Project
from tests.slipway.root import REPOSITORY, ROOT

SOURCE = "systems/toy/source"
STAGE = """stages:
  split:
    matrix: {system: [toy], size: [full, small]}
    cmd: mkdir -p data/toy/${item.size}/split && cp systems/toy/source/train.txt data/toy/${item.size}/split
    deps:
      - systems/toy/source
    outs:
      - data/toy/${item.size}/split
"""


def git(root: Path, *arguments: str) -> None:
    """Run Git as somebody; nobody's settings are read."""
    who = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
    alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    subprocess.run(
        ["git", *who, *arguments], cwd=root, check=True, capture_output=True, env=os.environ | alone
    )


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in a folder with a space in its name, with one stage and its data committed."""
    root = tmp_path_factory.mktemp("toy") / "a project"
    for folder in (SOURCE, ".dvc"):
        (root / folder).mkdir(parents=True)
    (root / "project.yaml").write_text("")
    (root / ".gitignore").write_text("/data/\n.slipway/\n")
    (root / ".dvc/config").write_text((ROOT / ".dvc/config").read_text(encoding="utf-8"))
    (root / ".dvc/.gitignore").write_text((ROOT / ".dvc/.gitignore").read_text(encoding="utf-8"))
    (root / "dvc.yaml").write_text(STAGE)
    (root / SOURCE / "train.txt").write_text("first")
    git(root, "init", "--quiet")
    assert run_stages(small(Project(root)))
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "first")
    return root


@pytest.fixture
def toy(committed: Path, tmp_path: Path) -> Project:
    """A copy of it that a test may change."""
    return Project(shutil.copytree(committed, tmp_path / "a project", symlinks=True))


def small(project: Project) -> Line:
    """The small line of its only system."""
    return Line(project, "toy", "small")


def train(folder: Path) -> str:
    """The content of the training part."""
    return (folder / "train.txt").read_text(encoding="utf-8")


def test_unchanged_data_is_not_made_again(toy: Project) -> None:
    """A second reproduction runs no stage and leaves Git clean."""
    assert not run_stages(small(toy))
    done = subprocess.run(
        ["git", "status", "--porcelain"], cwd=toy.root, capture_output=True, text=True, check=True
    )
    assert done.stdout == ""


def test_fingerprint_follows_the_content(toy: Project, tmp_path: Path) -> None:
    """A changed source gives another fingerprint; a revision keeps its own, and its own data."""
    before = fingerprint(small(toy))
    (toy.root / SOURCE / "train.txt").write_text("second")
    assert run_stages(small(toy))

    after = fingerprint(small(toy))
    fetch_split(small(toy), "WORKSPACE", after, tmp_path / "now")
    fetch_split(small(toy), "HEAD", before, tmp_path / "then")

    assert before != after
    assert before == fingerprint(small(toy), "HEAD")
    assert after == hash_of(small(toy).data / "split")
    assert (train(tmp_path / "now"), train(tmp_path / "then")) == ("second", "first")


def test_fetch_from_the_remote(toy: Project, tmp_path: Path) -> None:
    """With working tree and cache gone, the remote in the state folder has the data."""
    found = fingerprint(small(toy))
    for folder in ("data", ".dvc/cache"):
        (toy.root / folder).rename(tmp_path / folder.replace("/", "-"))

    fetch_split(small(toy), "HEAD", found, tmp_path / "out")

    assert train(tmp_path / "out") == "first"


def test_fetch_refuses_another_version(toy: Project, tmp_path: Path) -> None:
    """Data that is not what the run was started for is not handed out."""
    with pytest.raises(Refused, match="expected 0123"):
        fetch_split(small(toy), "HEAD", "0123.dir", tmp_path / "out")

    assert not (tmp_path / "out").exists()


def test_fetch_refuses_an_edited_working_tree(toy: Project, tmp_path: Path) -> None:
    """A file edited behind DVC's back changes the hash of what is fetched, whatever `dvc.lock` says."""
    found = fingerprint(small(toy))
    path = small(toy).data / "split" / "train.txt"
    path.unlink()
    path.write_text("forged")

    with pytest.raises(Refused, match="hash"):
        fetch_split(small(toy), "WORKSPACE", found, tmp_path / "out")


def test_nowhere_to_be_found(toy: Project, tmp_path: Path) -> None:
    """Data that is in no place is one clear error."""
    found = fingerprint(small(toy))
    for folder in ("data", ".dvc/cache", ".slipway"):
        (toy.root / folder).rename(tmp_path / folder.replace("/", "-"))

    with pytest.raises(SlipwayError, match="neither in DVC's cache nor in its remote"):
        fetch_split(small(toy), "HEAD", found, tmp_path / "out")


def test_what_does_not_exist(toy: Project) -> None:
    """An unknown revision, and a size that was never made, are named."""
    with pytest.raises(SlipwayError, match="nowhere"):
        fingerprint(small(toy), "nowhere")
    with pytest.raises(SlipwayError, match="split@toy-full"):
        fingerprint(Line(toy, "toy", "full"))


FAILS = """
from slipway.base.errors import *
from slipway.base.failure import failure_kept
with failure_kept():
    raise {error}
"""


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        ("Refused('the data fails')", Refused, "^the data fails$"),
        ("UsageError('no system')", UsageError, "^no system$"),
        ("ValueError('anything')", SlipwayError, r"dvc repro failed: .*split@toy-small.*dvc-toy-small\.log"),
        ("SystemExit(print('Refused: no'))", SlipwayError, r"dvc repro failed: .*dvc-toy-small\.log"),
    ],
)
def test_a_stage_that_fails(toy: Project, error: str, kind: type[SlipwayError], words: str) -> None:
    """What the stage raised is what the user reads; DVC's own words where it raised nothing known."""
    (toy.root / "fails.py").write_text(FAILS.format(error=error))
    script = toy.root / "dvc.yaml"
    command = f"cmd: PYTHONPATH='{REPOSITORY}' python fails.py && exit 3"
    script.write_text(STAGE.replace(STAGE.splitlines()[3].strip(), command))
    before = script.with_name("dvc.lock").read_bytes()

    with pytest.raises(kind, match=words):
        run_stages(small(toy))

    assert before == script.with_name("dvc.lock").read_bytes()


def test_data_from_when_each_system_had_its_own_stages(toy: Project, tmp_path: Path) -> None:
    """A revision keeps its lock where it was then, and what that names can still be fetched."""
    own = toy.root / "systems/toy/dvc.yaml"
    git(toy.root, "mv", "dvc.yaml", "systems/toy/dvc.yaml")
    git(toy.root, "rm", "--quiet", "dvc.lock")
    own.write_text(STAGE.replace("    matrix: {system: [toy], ", "    wdir: ../..\n    matrix: {"))
    command = [sys.executable, "-m", "dvc", "repro", "--quiet", f"{own}:split@small"]
    subprocess.run(command, cwd=toy.root, check=True)
    git(toy.root, "add", "--all")
    git(toy.root, "commit", "--quiet", "--message", "as before")
    git(toy.root, "rm", "--quiet", "systems/toy/dvc.yaml", "systems/toy/dvc.lock")
    (toy.root / "dvc.yaml").write_text(STAGE)
    (toy.root / SOURCE / "train.txt").write_text("second")
    assert run_stages(small(toy))

    then, now = fingerprint(small(toy), "HEAD"), fingerprint(small(toy))
    shutil.rmtree(toy.root / ".dvc/cache")
    fetch_split(small(toy), "HEAD", then, tmp_path / "then")

    assert then != now
    assert train(tmp_path / "then") == "first"


def test_what_failed_before_is_not_told_again(toy: Project) -> None:
    """A stage that is killed says nothing, whatever an earlier one said."""
    script = toy.root / "dvc.yaml"
    script.write_text(STAGE.replace(STAGE.splitlines()[3].strip(), "cmd: kill -9 $$"))
    left = toy.state / "logs" / "dvc-toy-small.error.json"
    left.write_text(Failure(error="Refused", message="long ago", exit_code=3).model_dump_json())

    with pytest.raises(SlipwayError, match="dvc repro failed: "):
        run_stages(small(toy))

    assert not left.exists()


def test_no_git(tmp_path: Path) -> None:
    """Without Git there are no versions, and the line says so."""
    with pytest.raises(SlipwayError, match="git init"):
        run_stages(small(Project(tmp_path)))
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def clone(toy: Project, tmp_path: Path) -> Project:
    """What Git has of a project whose source DVC tracks, and whose remote is outside of it."""
    (toy.root / ".dvc/config").write_text(
        f"[core]\n    remote = far\n['remote \"far\"']\n    url = {tmp_path}/far\n"
    )
    git(toy.root, "rm", "--quiet", "-r", "--cached", SOURCE)
    track(toy, SOURCE)
    assert not run_stages(small(toy))
    git(toy.root, "add", "--all")
    git(toy.root, "commit", "--quiet", "--message", "tracked")
    git(tmp_path, "clone", "--quiet", str(toy.root), "clone")
    return Project(tmp_path / "clone")


def test_a_clone_gets_its_data_from_the_remote(clone: Project) -> None:
    """As a runner of CI does; nothing is made again that is there."""
    assert not run_stages(small(clone))
    assert train(clone.root / SOURCE) == "first"
    assert train(small(clone).data / "split") == "first"


def test_a_clone_gets_its_source_from_the_remote(clone: Project) -> None:
    """For a stage that is run by itself; a source that is there is left as it is."""
    bring(clone, "toy")
    assert train(clone.root / SOURCE) == "first"
    (clone.root / SOURCE / "train.txt").write_text("mine")
    bring(clone, "toy")
    assert train(clone.root / SOURCE) == "mine"


def test_a_source_that_is_nowhere_is_named(clone: Project, tmp_path: Path) -> None:
    """Nothing makes it anew, so somebody has to push it."""
    shutil.rmtree(tmp_path / "far")
    for get in (lambda: run_stages(small(clone)), lambda: bring(clone, "toy")):
        with pytest.raises(
            SlipwayError, match=r"^systems/toy/source: neither here nor in DVC's remote; `dvc push`"
        ):
            get()
    assert not (clone.root / "data").exists()
