"""One archive of a registry: whole or refused, byte by byte as it was; killed anywhere, it is done again."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from slipway.base.errors import Refused, SlipwayError, UsageError
from slipway.cli import app
from slipway.registry.backup import REGISTRY, back_up
from slipway.registry.restore import restore
from slipway.settings.root import Project
from slipway.trust.signing import KEY
from tests.slipway.durability.conftest import SCENES, Yard

ARCHIVES = "tests.slipway.durability.archives"
RESTORING = "slipway/registry/restore.py:*"


def invoke(folder: Path, patch: pytest.MonkeyPatch, *arguments: str) -> Result:
    """Run a command in a folder."""
    patch.chdir(folder)
    return CliRunner().invoke(app, arguments)


def test_history_is_the_same_byte_by_byte(
    yard: Yard, fresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Verified before and after; versions are whole, and the next decision is taken there."""
    yard.set_back("two")
    out = tmp_path / "out.tar.gz"
    before = [invoke(yard.root, monkeypatch, "history", *how) for how in (["--json"], ["--verify"])]
    made = invoke(yard.root, monkeypatch, "backup", str(out))
    put_back = invoke(fresh, monkeypatch, "restore", str(out))
    after = [invoke(fresh, monkeypatch, "history", *how) for how in (["--json"], ["--verify"])]

    assert made.exit_code == 0, made.output
    assert "it holds the private key" in made.stdout
    assert out.stat().st_mode & 0o077 == 0
    assert put_back.exit_code == 0, put_back.output
    assert len(json.loads(before[0].stdout)) == 5
    assert [one.stdout for one in after] == [one.stdout for one in before]
    assert [one.exit_code for one in (*before, *after)] == [0] * 4
    assert (fresh / ".slipway" / KEY).stat().st_mode & 0o777 == 0o600
    assert not list((fresh / ".slipway").glob("restoring"))
    assert yard.forks.done(fresh, f"{SCENES}:whole_versions") == [1, 2]
    assert yard.forks.done(fresh, f"{SCENES}:again", "rollback", 1, 2)["end"]["aliases"]["production"] == 1


@pytest.mark.gate(
    "restore.key_absent",
    fed="an archive that was made without the private key, restored where no key is",
    stops="record",
    exit=1,
    reason="which key its records are signed by, and where to put it",
    untouched="no key is made in its place; with that key, every record holds",
)
def test_an_archive_without_the_key_wants_it(
    yard: Yard, fresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An archive that others may have tells them nothing that signs."""
    yard.set_back("two")
    out, key = tmp_path / "out.tar", fresh / ".slipway" / KEY
    assert invoke(yard.root, monkeypatch, "backup", str(out), "--without-key").exit_code == 0
    assert b"PRIVATE KEY" not in out.read_bytes()
    found = invoke(fresh, monkeypatch, "restore", str(out))

    assert isinstance(found.exception, SlipwayError)
    assert "restored without the key" in str(found.exception)
    assert not key.exists()
    key.parent.mkdir(mode=0o700, exist_ok=True)
    shutil.copy(yard.root / ".slipway" / KEY, key)
    assert invoke(fresh, monkeypatch, "history", "--verify").exit_code == 0


def test_others_may_write_meanwhile(yard: Yard, fresh: Path, tmp_path: Path) -> None:
    """A version that is registered while the archive is written is whole in it, or not there."""
    yard.set_back("two")
    out = tmp_path / "out.tar"
    yard.forks.done(yard.root, f"{ARCHIVES}:backed_up", str(out))
    restore(Project(fresh), out)
    assert yard.forks.done(fresh, f"{ARCHIVES}:missing") == []
    assert yard.forks.done(fresh, f"{SCENES}:look")["aliases"]["production"] == 2


@pytest.mark.gate(
    "backup.new",
    fed="the name of a file that exists",
    stops="record",
    exit=3,
    reason="nothing is written over a backup",
    untouched="the file is as it was",
)
@pytest.mark.gate(
    "backup.any",
    fed="a project in which nothing was run",
    stops="record",
    exit=3,
    reason="no registry yet",
    untouched="no file is there",
)
@pytest.mark.gate(
    "backup.name",
    fed="the name of a .zip",
    stops="record",
    exit=2,
    reason="expected a name that ends in .tar, .tar.gz",
    untouched="no file is there",
)
@pytest.mark.gate(
    "backup.embedded",
    fed="a shared registry",
    stops="record",
    exit=2,
    reason="a backup is made of the embedded registry only",
    untouched="no file is there",
)
@pytest.mark.parametrize("what", ["there", "none", "zip", "shared"])
def test_no_backup_is_made(
    yard: Yard, kept: Path, fresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Of nothing, over another one, in a form that nobody reads, or of what others keep."""
    out = {"there": kept, "zip": tmp_path / "a.zip"}.get(what, tmp_path / "a.tar")
    if what == "shared":
        monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    before = kept.read_bytes()
    kind = UsageError if what in ("zip", "shared") else Refused
    with pytest.raises(kind, match=r"exists already|no registry yet|ends in \.tar|embedded registry only"):
        back_up(Project(fresh if what == "none" else yard.root), out)
    assert kept.read_bytes() == before
    assert what == "there" or not out.exists()


@pytest.mark.deep
def test_a_restore_killed_at_any_line_is_done_again(yard: Yard, kept: Path, fresh: Path) -> None:
    """No registry is there before all is, and the next restore comes to the same end."""
    call = f"{ARCHIVES}:restored"
    lines = yard.forks.run(fresh, call, str(kept), functions=RESTORING)
    assert lines.code == 0, lines.answer
    end = yard.forks.done(fresh, f"{SCENES}:look")
    half_placed = range(len(lines.lines) * 7 // 8, len(lines.lines), len(lines.lines) // 32)
    for at in (*lines.spread(8), *half_placed):
        shutil.rmtree(fresh / ".slipway")
        assert yard.forks.run(fresh, call, str(kept), functions=RESTORING, at=at).killed
        if not (fresh / ".slipway" / REGISTRY).exists():
            yard.forks.done(fresh, call, str(kept))
        assert yard.forks.done(fresh, f"{SCENES}:look") == end
