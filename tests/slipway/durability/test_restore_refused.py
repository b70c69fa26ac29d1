"""What a restore refuses: what leads out, is not whole, was edited, is of another project, or overwrites."""

import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from slipway.base.errors import Refused, SlipwayError, UsageError
from slipway.cli import app
from slipway.registry.archive import INDEX
from slipway.registry.backup import REGISTRY
from slipway.registry.restore import restore
from slipway.settings.root import Project
from slipway.trust.signing import KEY
from tests.slipway.durability.conftest import Yard

ARCHIVES = "tests.slipway.durability.archives"


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
        place = next(at for at, (one, _) in enumerate(entries) if Path(one.name).match("records/*.json"))
        entry, content = entries[place]
        entries[place] = entry, content.replace(b"passed", b"PASSED")
        index = json.loads(entries[-1][1])
        index["files"][entry.name] = {
            "sha256": hashlib.sha256(entries[place][1]).hexdigest(),
            "size": len(entries[place][1]),
        }
        entries[-1] = entries[-1][0], json.dumps(index).encode()
    monkeypatch.chdir(fresh)
    found = CliRunner().invoke(app, ["restore", str(tmp_path / "edited.tar")])

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
@pytest.mark.parametrize(
    ("cut", "said"),
    [
        ("in a file", "no archive, or not a whole one"),
        ("no archive", "no archive, or not a whole one"),
        ("between files", r"no slipway-backup\.json in it"),
    ],
)
def test_what_was_cut_off_is_refused(kept: Path, fresh: Path, tmp_path: Path, cut: str, said: str) -> None:
    """The index is its last file."""
    bad = tmp_path / "bad.tar"
    if cut == "between files":
        with changed(kept, bad) as entries:
            without(INDEX)(entries)
    else:
        with tarfile.open(kept) as archive:
            inside = archive.getmember(REGISTRY).offset_data + 1000
        bad.write_bytes(kept.read_bytes()[:inside] if cut == "in a file" else b"no archive" * 1000)
    with pytest.raises(SlipwayError, match=said):
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
@pytest.mark.parametrize(
    ("there", "said"),
    [
        (REGISTRY, "there is a registry already"),
        ("heads/ad_click-small-embedded.json", "is not the backup's"),
        (KEY, "this folder's key is"),
    ],
)
def test_nothing_is_written_over(yard: Yard, kept: Path, fresh: Path, there: str, said: str) -> None:
    """Whatever is there stays as it is."""
    path = fresh / ".slipway" / there
    path.parent.mkdir(mode=0o700, parents=True)
    if there == KEY:
        yard.forks.done(fresh, f"{ARCHIVES}:own_key")
    else:
        path.write_text("mine")
    before = path.read_bytes()
    with pytest.raises(Refused, match=said):
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
    "restore.file",
    fed="the name of an archive that is not there",
    stops="record",
    exit=2,
    reason="the file",
    untouched="the state folder",
)
def test_an_archive_that_is_not_there(fresh: Path) -> None:
    """What the command line names."""
    with pytest.raises(UsageError, match=r"gone\.tar: no such file$"):
        restore(Project(fresh), fresh / "gone.tar")
    assert nothing(fresh)
