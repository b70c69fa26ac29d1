"""What a writer to DVC's remote tries: other data, a false history of runs, a file elsewhere."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from slipway.base.errors import Refused, SlipwayError
from slipway.data.objects import Objects
from slipway.data.versions import bring, fetch_split, fingerprint, run_stages, track
from slipway.settings.root import Project
from tests.slipway.data.test_versions import (  # noqa: F401 - fixtures
    SOURCE,
    clone,
    committed,
    git,
    small,
    toy,
    train,
)

FORGED = b"forged"


def md5(content: bytes) -> str:
    """The name that DVC gives an object."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def put(store: Path, content: bytes, name: str | None = None) -> str:
    """Write an object into a store of DVC, as read-only as its own; returns its name."""
    name = name or md5(content)
    path = store / "files/md5" / name[:2] / name[2:]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_bytes(content)
    path.chmod(0o444)
    return name


def listing(*paths: str) -> bytes:
    """The list of a folder whose files are all the forged one."""
    return json.dumps([{"md5": md5(FORGED), "relpath": path} for path in paths]).encode()


def pinned(project: Project) -> str:
    """The hash of the tracked source in Git."""
    return str(yaml.safe_load((project.root / f"{SOURCE}.dvc").read_text())["outs"][0]["md5"])


def stores(root: Path) -> Objects:
    """DVC's own stores in two folders, without a project."""
    from dvc.fs import LocalFileSystem
    from dvc_data.hashfile.db.local import LocalHashFileDB

    cache, remote = (
        LocalHashFileDB(LocalFileSystem(), str(root / name / "files/md5"), hash_name="md5")
        for name in ("cache", "far")
    )
    return Objects(cache, remote)


def dvc(project: Project, *words: str) -> None:
    """Run DVC by hand."""
    subprocess.run([sys.executable, "-m", "dvc", *words, "--quiet"], cwd=project.root, check=True)


@pytest.mark.gate(
    "data.object",
    fed="an object of DVC's remote whose bytes are not those of its name, in a clone whose lock is current",
    stops="ingest",
    exit=3,
    reason="DVC's remote has other bytes there",
    untouched="no source, no data, nothing in DVC's cache under that name; the lock is as it was",
)
def test_other_bytes_under_the_same_hash(clone: Project, tmp_path: Path) -> None:  # noqa: F811
    """DVC takes the name for the hash, and says that data and pipelines are up to date."""
    name = put(tmp_path / "far", FORGED, md5(b"first"))
    lock = (clone.root / "dvc.lock").read_bytes()

    for get in (lambda: run_stages(small(clone)), lambda: bring(clone, "toy")):
        with pytest.raises(Refused, match=f"other bytes there, found the hash {md5(FORGED)}"):
            get()
    with pytest.raises(Refused, match="other bytes there"):
        fetch_split(small(clone), "HEAD", fingerprint(small(clone)), tmp_path / "out")

    assert not (clone.root / SOURCE).exists()
    assert not (clone.root / "data").exists()
    assert not (tmp_path / "out").exists()
    assert not (clone.root / ".dvc/cache/files/md5" / name[:2] / name[2:]).exists()
    assert (clone.root / "dvc.lock").read_bytes() == lock


def test_a_list_of_files_that_leads_out_of_its_folder(clone: Project, tmp_path: Path) -> None:  # noqa: F811
    """DVC writes wherever the remote's list says, even with `verify`: here over the project's own code."""
    put(tmp_path / "far", FORGED)
    put(tmp_path / "far", listing("train.txt", "../../../project.yaml", "../../../../out"), pinned(clone))

    for get in (lambda: run_stages(small(clone)), lambda: bring(clone, "toy")):
        with pytest.raises(Refused, match="other bytes there"):
            get()

    assert (clone.root / "project.yaml").read_bytes() == b""
    assert not (tmp_path / "out").exists()
    assert not (clone.root / SOURCE).exists()


@pytest.mark.gate(
    "data.listed",
    fed="a list of a folder's files, of the very hash that Git holds, that names one outside or no hash",
    stops="ingest",
    exit=3,
    reason="expected one inside of the folder",
    untouched="nothing is written outside of DVC's cache",
)
@pytest.mark.parametrize("path", ["../x", "/x", "a/../../x", "", "a\\..\\x", "x\0y"])
def test_a_list_that_git_holds_leads_elsewhere(tmp_path: Path, path: str) -> None:
    """As one who can write to both may try in a pull request that shows a hash and nothing else."""
    put(tmp_path / "far", FORGED)
    content = listing("train.txt", path)
    put(tmp_path / "far", content, name := f"{md5(content)}.dir")

    with pytest.raises(Refused, match=r"names the file .*, expected one inside of the folder"):
        stores(tmp_path).bring(name)


@pytest.mark.gate("data.listed")
@pytest.mark.parametrize("name", ["../../../../out", "0" * 31, "0" * 32 + ".DIR", ""])
def test_a_name_that_is_no_hash(tmp_path: Path, name: str) -> None:
    """DVC makes a path of it."""
    content = json.dumps([{"md5": name, "relpath": "train.txt"}]).encode()
    put(tmp_path / "far", content, made := f"{md5(content)}.dir")

    with pytest.raises(Refused, match="in place of a hash"):
        stores(tmp_path).bring(made)


def test_a_list_that_is_none(tmp_path: Path) -> None:
    """One line, not a traceback."""
    put(tmp_path / "far", b"[1]", made := f"{md5(b'[1]')}.dir")
    with pytest.raises(SlipwayError, match="not a list of files"):
        stores(tmp_path).bring(made)


def test_a_false_history_of_runs(clone: Project, tmp_path: Path) -> None:  # noqa: F811
    """With a lock that is stale, DVC's run cache would put any data in the place of what the stage makes.

    The entry is DVC's own of the same command and inputs, with another hash of the output.
    """
    bring(clone, "toy")
    (clone.root / SOURCE / "train.txt").write_text("second")
    track(clone, SOURCE)
    honest = Project(shutil.copytree(clone.root, tmp_path / "honest"))
    assert run_stages(small(honest))
    false = put(tmp_path / "far", listing("train.txt"), f"{md5(listing('train.txt'))}.dir")
    put(tmp_path / "far", FORGED)
    for entry in (honest.root / ".dvc/cache/runs").rglob("*"):
        if entry.is_file() and "split" in (content := yaml.safe_load(entry.read_text()))["outs"][0]["path"]:
            content["outs"][0] |= {"md5": false, "size": len(FORGED)}
            to = tmp_path / "far" / entry.relative_to(honest.root / ".dvc/cache")
            to.parent.mkdir(parents=True, exist_ok=True)
            to.write_text(yaml.safe_dump(content))

    assert run_stages(small(clone)), "the stage itself has to run"

    assert train(small(clone).data / "split") == "second"
    assert fingerprint(small(clone)) == fingerprint(small(honest))


@pytest.mark.gate(
    "data.pinned",
    fed="forged data from `dvc pull` by hand, which DVC takes for what the lock says, and a stale split",
    stops="ingest",
    exit=3,
    reason="which Git holds; remove it",
    untouched="the lock is as it was, nothing is pushed",
)
def test_what_dvc_was_made_to_believe(clone: Project, tmp_path: Path) -> None:  # noqa: F811
    """DVC remembers a hash by size and time; the bytes are compared with the lock all the same."""
    assert not run_stages(small(clone))
    for folder in (SOURCE, ".dvc/cache"):
        shutil.rmtree(clone.root / folder)
    put(tmp_path / "far", FORGED, md5(b"first"))
    dvc(clone, "pull", SOURCE)
    assert train(clone.root / SOURCE) == "forged"
    stages = clone.root / "dvc.yaml"
    stages.write_text(stages.read_text().replace("cmd: mkdir", "cmd: true && mkdir"))
    lock = (clone.root / "dvc.lock").read_bytes()
    objects = sorted((tmp_path / "far").rglob("*"))

    with pytest.raises(Refused, match=r"systems/toy/source: found the hash .*, expected .* which Git holds"):
        run_stages(small(clone))

    assert (clone.root / "dvc.lock").read_bytes() == lock
    assert sorted((tmp_path / "far").rglob("*")) == objects


def test_a_damaged_cache_is_mended_from_the_remote(clone: Project) -> None:  # noqa: F811
    """An object of the cache is believed by its bytes only, not for being read-only."""
    bring(clone, "toy")
    shutil.rmtree(clone.root / SOURCE)
    put(clone.root / ".dvc/cache", FORGED, md5(b"first"))
    bring(clone, "toy")
    assert train(clone.root / SOURCE) == "first"


def test_what_dvc_ignores_is_no_difference(clone: Project) -> None:  # noqa: F811
    """A file that `.dvcignore` names is no part of the hash."""
    (clone.root / ".dvcignore").write_text("*.bak\n")
    bring(clone, "toy")
    (clone.root / SOURCE / "train.bak").write_text("kept")
    assert not run_stages(small(clone))
