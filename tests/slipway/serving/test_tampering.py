"""A Bento in which anything was changed is not served: the line names the file, and nothing answers."""

import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from slipway.base.errors import SlipwayError
from slipway.release import servers
from slipway.release.bento import bento_path, build_bento
from slipway.release.servers import start
from slipway.rollout.target import Deployed, TrafficState
from slipway.settings import Line
from slipway.settings.root import Project
from tests.slipway.cli.conftest import only_line, settings_only, slipway
from tests.slipway.root import ROOT
from tests.slipway.serving.conftest import Running
from tests.slipway.tiny import registered, tiny_version
from tests.slipway.vouched import proven

Spoil = Callable[[Path], None]
MODEL = "version/model/weights.npy"


def refused(name: str, fed: str, reason: str, **guard: str) -> pytest.MarkDecorator:
    """The row of something changed."""
    return pytest.mark.gate(
        name,
        fed=fed,
        stops="serve",
        exit=1,
        reason=reason,
        untouched="no server process left, nothing answers at the port",
        **guard,
    )


CHANGED = refused(
    "serve.changed_file",
    "a Bento whose model, feature state or feature code was changed",
    "the file, its sha256, and what the manifest says",
    guard="version.changed_file",
)
REPLACED = refused(
    "serve.changed_manifest",
    "a Bento whose manifest was changed, or that holds the files of another version",
    "manifest.json, its sha256, and what the registry says",
    guard="version.changed_manifest",
)


def append(name: str) -> Spoil:
    """One byte more in a file."""

    def spoil(src: Path) -> None:
        with (src / name).open("ab") as file:
            file.write(b"\n")

    return spoil


def add(name: str) -> Spoil:
    """A file that was not there."""
    return lambda src: (src / name).write_bytes(b"")


def link(src: Path) -> None:
    """The same content, and elsewhere."""
    target = src.parent / "elsewhere.txt"
    (src / MODEL).rename(target)
    (src / MODEL).symlink_to(target)


def link_folder(src: Path) -> None:
    """The same again with a whole folder."""
    (src / "version/model").rename(src.parent / "elsewhere")
    (src / "version/model").symlink_to(src.parent / "elsewhere")


@pytest.fixture(scope="module")
def other(running: Running, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `src` of the Bento of another version, number 8."""
    folder = tmp_path_factory.mktemp("other") / "version"
    tiny_version(ROOT, folder, "logistic", skew=1e-9)
    return (
        bento_path(running.project, build_bento(running.project, proven(folder), registered(folder, 8)))
        / "src"
    )


@pytest.fixture
def project(running: Running, tmp_path: Path) -> Project:
    """A project of its own with the Bento of version 7, which is live."""
    found = Project(settings_only(tmp_path / "a project"))
    tag = running.server.tag
    shutil.copytree(bento_path(running.project, tag), bento_path(found, tag))
    path = Line(found, "ad_click", "full").traffic
    path.parent.mkdir(parents=True)
    path.write_text(TrafficState(stable=Deployed(number=7, bento=tag)).model_dump_json())
    return found


def src(project: Project, running: Running) -> Path:
    """Where the Bento's files lie."""
    return bento_path(project, running.server.tag) / "src"


def refuses(project: Project, running: Running) -> str:
    """What `start` says; afterwards nothing runs and nothing answers."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(SlipwayError) as caught:
        start(project, running.server.tag, 7, port)
    assert servers.running(project) == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    said = str(caught.value)
    assert "\n" not in said
    assert said.startswith(str(bento_path(project, running.server.tag)))
    return said


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        pytest.param(append(MODEL), f"{MODEL}: sha256 ", marks=CHANGED),
        pytest.param(append("version/features.npz"), "version/features.npz: sha256 ", marks=CHANGED),
        pytest.param(
            append("systems/ad_click/features.py"), "systems/ad_click/features.py: sha256 ", marks=CHANGED
        ),
        pytest.param(append("version/manifest.json"), "the registry says", marks=REPLACED),
        pytest.param(
            lambda src: (src / MODEL).unlink(),
            f"{MODEL}: missing; the manifest lists it",
            marks=refused(
                "serve.missing_file",
                "a Bento in which a file is missing",
                "the file: missing; the manifest lists it",
                guard="version.missing_file",
            ),
        ),
        pytest.param(
            add("slipway/serving/more.py"),
            "slipway/serving/more.py: not in the manifest",
            marks=refused(
                "serve.added_file",
                "a Bento with a module, bytecode, a linked folder or anything more in the version",
                "the file: not in the manifest",
                guard="version.added_file",
            ),
        ),
        pytest.param(
            add("version/model/more.txt"),
            "version/model/more.txt: not in the manifest",
            marks=pytest.mark.gate("serve.added_file"),
        ),
        pytest.param(
            link_folder,
            "version/model: not in the manifest",
            marks=pytest.mark.gate("serve.added_file"),
        ),
        pytest.param(
            link,
            f"{MODEL}: a link",
            marks=refused(
                "serve.linked_file",
                "a Bento in which a file is a link to the same content elsewhere",
                "the file: a link; what it leads to may change",
                guard="version.linked_file",
            ),
        ),
    ],
)
def test_what_was_changed_is_not_served(project: Project, running: Running, spoil: Spoil, said: str) -> None:
    """Byte by byte or file by file."""
    spoil(src(project, running))

    assert said in refuses(project, running)


@REPLACED
def test_the_files_of_another_version_are_not_served(project: Project, running: Running, other: Path) -> None:
    """They are whole, but not what was registered under this number."""
    place = src(project, running) / "version"
    known = (place / "registered.json").read_bytes()
    shutil.rmtree(place)
    shutil.copytree(other / "version", place)
    (place / "registered.json").write_bytes(known)

    assert "version/manifest.json: sha256" in refuses(project, running)


@refused(
    "serve.swapped_folder",
    "a Bento whose whole folder is that of another version",
    "the folder holds version 8, expected 7",
)
def test_the_folder_of_another_version_is_not_served(project: Project, running: Running, other: Path) -> None:
    """Every digest in it agrees; its number does not."""
    shutil.rmtree(src(project, running))
    shutil.copytree(other, src(project, running))

    assert "holds version 8, expected 7" in refuses(project, running)


@CHANGED
def test_the_command_ends_with_one_line(project: Project, running: Running) -> None:
    """Exit code 1, and the file's name."""
    append(MODEL)(src(project, running))
    said = only_line(slipway(project.root, "serve", "--port", "0"), 1)

    assert MODEL in said
    assert servers.running(project) == []
