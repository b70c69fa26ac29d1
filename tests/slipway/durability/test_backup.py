"""One archive of a registry: whole or refused, byte by byte as it was; killed anywhere, it is done again."""

import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from slipway.base.errors import Refused, SlipwayError, UsageError
from slipway.cli import app
from slipway.registry.archive import INDEX
from slipway.registry.backup import REGISTRY, back_up
from slipway.registry.restore import restore
from slipway.settings.root import Project
from slipway.trust.signing import KEY
from tests.slipway.cli.conftest import settings_only
from tests.slipway.durability.conftest import SCENES, Yard

ARCHIVES = "tests.slipway.durability.archives"
RESTORING = "slipway/registry/restore.py:*"


@pytest.fixture(scope="module")
def kept(yard: Yard, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive of a project in which version 2 was promoted over 1."""
    yard.set_back("two")
    out = tmp_path_factory.mktemp("kept") / "a backup.tar"
    back_up(Project(yard.root), out)
    return out


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """A checkout in which nothing was run yet."""
    return settings_only(tmp_path / "a checkout")


def invoke(folder: Path, patch: pytest.MonkeyPatch, *arguments: str) -> Result:
    """Run a command in a folder."""
    patch.chdir(folder)
    return CliRunner().invoke(app, arguments)


def nothing(root: Path) -> bool:
    """Whether a refused restore left nothing."""
    return [path.name for path in (root / ".slipway").iterdir() if path.suffix != ".lock"] == []


@contextmanager
def changed(archive: Path, out: Path) -> Iterator[list[tuple[tarfile.TarInfo, bytes]]]:
    """The entries of an archive, to be edited; they are written to `out`."""
    with tarfile.open(archive) as source:
        entries = [(one, file.read()) for one in source if (file := source.extractfile(one)) is not None]
    yield entries
    with tarfile.open(out, "w") as target:
        for entry, content in entries:
            entry.size = len(content) if entry.isreg() else 0
            target.addfile(entry, io.BytesIO(content))


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


def flip(entries: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    """One bit of the database."""
    place = next(number for number, (one, _) in enumerate(entries) if one.name == REGISTRY)
    entry, content = entries[place]
    entries[place] = entry, content[:-1] + bytes([content[-1] ^ 1])


def without(name: str) -> Callable[[list[Any]], None]:
    """Leave an entry out."""

    def edit(entries: list[Any]) -> None:
        entries[:] = [one for one in entries if not one[0].name.endswith(name)]

    return edit


def with_entry(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> Callable[[list[Any]], None]:
    """Add one."""

    def edit(entries: list[Any]) -> None:
        entry = tarfile.TarInfo(name)
        entry.type, entry.linkname = kind, target
        entries.insert(0, (entry, b"x" if kind == tarfile.REGTYPE else b""))

    return edit


@pytest.mark.gate(
    "restore.plain",
    fed="an archive with an absolute path, one with dots, a link, a hard link, a device, a pipe, a folder",
    stops="record",
    exit=3,
    reason="is no plain file below its folder",
    untouched="nothing is written anywhere",
    guard="restore.plain",
)
@pytest.mark.parametrize(
    "edit",
    [
        with_entry("/tmp/slipway-was-here"),  # noqa: S108
        with_entry("../slipway-was-here"),
        with_entry("registry/../../slipway-was-here"),
        with_entry("registry/./x"),
        with_entry("heads", tarfile.SYMTYPE, "/etc"),
        with_entry("heads/x", tarfile.LNKTYPE, "../../x"),
        with_entry("heads/x", tarfile.CHRTYPE),
        with_entry("heads/x", tarfile.FIFOTYPE),
        with_entry("heads/x", tarfile.DIRTYPE),
    ],
)
def test_what_leads_out_is_refused(
    kept: Path, fresh: Path, tmp_path: Path, edit: Callable[[list[Any]], None]
) -> None:
    """By its name or by a link."""
    with changed(kept, tmp_path / "bad.tar") as entries:
        edit(entries)
    with pytest.raises(Refused, match="no plain file below its folder"):
        restore(Project(fresh), tmp_path / "bad.tar")
    assert nothing(fresh)
    assert not list(tmp_path.rglob("slipway-was-here"))
    assert not Path("/tmp/slipway-was-here").exists()  # noqa: S108


@pytest.mark.gate(
    "restore.digests",
    fed="an archive with one bit of the database turned, without a file, or with one that its index lacks",
    stops="record",
    exit=1,
    reason="which file is not what the index says",
    untouched="nothing is restored",
)
@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (flip, f"{REGISTRY}: other bytes"),
        (without("manifest.json"), r"in the index and not in the archive, and \d+ more"),
        (without(REGISTRY), f"{REGISTRY}: in the index and not"),
        (with_entry("heads/x.json"), "heads/x.json: in the archive and not in its index"),
    ],
)
def test_what_is_not_whole_is_refused(
    kept: Path, fresh: Path, tmp_path: Path, edit: Callable[[list[Any]], None], said: str
) -> None:
    """Held against the index before anything takes its place."""
    with changed(kept, tmp_path / "bad.tar") as entries:
        edit(entries)
    with pytest.raises(SlipwayError, match=said):
        restore(Project(fresh), tmp_path / "bad.tar")
    assert nothing(fresh)


@pytest.mark.gate(
    "restore.verified",
    fed="an archive in which somebody edited a record and wrote its digest into the index",
    stops="record",
    exit=1,
    reason="restored, but not as it was when it was backed up, and which record was changed",
    untouched="the record counts for nothing",
)
def test_an_edited_archive_is_told(
    kept: Path, fresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the seals: digests tell what broke, and not what somebody made."""
    with changed(kept, tmp_path / "edited.tar") as entries:
        place = next(at for at, (one, _) in enumerate(entries) if "/records/" in one.name)
        entry, content = entries[place]
        entries[place] = entry, content.replace(b"passed", b"PASSED")
        index = json.loads(entries[-1][1])
        index["files"][entry.name] = {
            "sha256": hashlib.sha256(entries[place][1]).hexdigest(),
            "size": len(entries[place][1]),
        }
        entries[-1] = entries[-1][0], json.dumps(index).encode()
    found = invoke(fresh, monkeypatch, "restore", str(tmp_path / "edited.tar"))

    assert isinstance(found.exception, SlipwayError)
    assert "restored, but not as it was when it was backed up: changed: " in str(found.exception)


@pytest.mark.gate(
    "restore.archive",
    fed="an archive that was cut off in its middle, and a file that is none",
    stops="record",
    exit=1,
    reason="no archive, or not a whole one",
    untouched="nothing is restored",
)
@pytest.mark.gate(
    "restore.index",
    fed="an archive that was cut off between two files",
    stops="record",
    exit=1,
    reason="no slipway-backup.json in it, so it was cut off or is no backup",
    untouched="nothing is restored",
)
@pytest.mark.parametrize("cut", ["in a file", "between files", "no archive"])
def test_what_was_cut_off_is_refused(kept: Path, fresh: Path, tmp_path: Path, cut: str) -> None:
    """The index is its last file."""
    bad = tmp_path / "bad.tar"
    if cut == "between files":
        with changed(kept, bad) as entries:
            without(INDEX)(entries)
    else:
        content = kept.read_bytes()
        bad.write_bytes(content[: len(content) // 2 + 100] if cut == "in a file" else b"no archive" * 1000)
    with pytest.raises(SlipwayError, match=r"no archive, or not a whole|no slipway-backup\.json"):
        restore(Project(fresh), bad)
    assert nothing(fresh)


@pytest.mark.gate(
    "restore.empty",
    fed="an archive, where a registry is",
    stops="record",
    exit=3,
    reason="there is a registry already",
    untouched="the registry is as it was",
)
@pytest.mark.gate(
    "restore.overwrites",
    fed="an archive, where other heads are than it has",
    stops="record",
    exit=3,
    reason="lies there already and is not the backup's",
    untouched="no file is written over, no registry is there",
)
@pytest.mark.gate(
    "restore.key",
    fed="an archive, where another private key is",
    stops="record",
    exit=3,
    reason="whose key is there, and by whose the records are signed",
    untouched="the key is as it was, no registry is there",
)
@pytest.mark.parametrize("there", [REGISTRY, "heads/ad_click-small-embedded.json", KEY])
def test_nothing_is_written_over(
    yard: Yard, kept: Path, fresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: str
) -> None:
    """Whatever is there stays as it is."""
    path = fresh / ".slipway" / there
    path.parent.mkdir(mode=0o700, parents=True)
    if there == KEY:
        yard.forks.done(fresh, f"{ARCHIVES}:own_key")
    else:
        path.write_text("mine")
    before = path.read_bytes()
    with pytest.raises(
        Refused, match=r"there is a registry already|is not the backup's|this folder's key is"
    ):
        restore(Project(fresh), kept)
    assert path.read_bytes() == before
    assert (fresh / ".slipway" / REGISTRY).exists() == (there == REGISTRY)


@pytest.mark.gate(
    "restore.project",
    fed="an archive of a project of another name",
    stops="record",
    exit=3,
    reason="a backup of which project, expected which",
    untouched="nothing is restored",
)
def test_another_project_is_refused(kept: Path, fresh: Path) -> None:
    """Its versions would be nobody's."""
    settings = fresh / "project.yaml"
    settings.write_text(settings.read_text().replace("name: slipway-demo", "name: other"))
    with pytest.raises(Refused, match="a backup of the project 'slipway-demo', expected 'other'"):
        restore(Project(fresh), kept)
    assert nothing(fresh)


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


@pytest.mark.long
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
