"""Server processes, and what killed runs leave of them."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import httpx
import orjson
import psutil
import pytest

from slipway.base.errors import SlipwayError
from slipway.release import processes, servers
from slipway.release.bento import bento_path
from slipway.release.servers import Server, orphans, reap, running, start, stop
from slipway.settings.root import Project
from tests.slipway.root import ROOT
from tests.slipway.tiny import tiny_bento

TAG = "slipway-demo-ad-click:7"


@pytest.fixture(scope="module")
def bento(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that has a Bento in it."""
    project, tag = tiny_bento(tmp_path_factory.mktemp("servers") / "a project", ROOT)
    return bento_path(project, tag)


def plain(root: Path) -> Project:
    """A project that has its settings and nothing else."""
    root.mkdir(exist_ok=True)
    shutil.copyfile(ROOT / "project.yaml", root / "project.yaml")
    return Project(root)


@pytest.fixture
def project(bento: Path, tmp_path: Path) -> Iterator[Project]:
    """A project of its own with that Bento; its servers end with the test."""
    found = plain(tmp_path)
    bento_path(found, TAG).parent.mkdir(parents=True)
    shutil.copytree(bento, bento_path(found, TAG))
    yield found
    for server in running(found):
        stop(found, server)


def record(project: Project, server: Server) -> Path:
    """Write a server down, as a run would have."""
    folder = project.state / "servers"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{server.pid}.json"
    path.write_bytes(orjson.dumps(asdict(server)))
    return path


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process that is no server of ours."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    yield process
    process.kill()
    process.wait()


def seen(process: subprocess.Popen[bytes], owner: int) -> Server:
    """That process, as if it were a server that `owner` started."""
    started, owned = (servers.began(psutil.Process(pid)) for pid in (process.pid, owner))
    return Server(TAG, 7, 1, process.pid, started, owner, owned)


def test_start_and_stop(project: Project) -> None:
    """One process, ready when `start` returns and gone when `stop` does."""
    server = start(project, TAG, 7)

    assert httpx.get(f"{server.url}/v2/health/ready").json() == {"ready": True}
    assert psutil.Process(server.pid).children(recursive=True) == []
    assert running(project) == [server]

    stop(project, server)
    stop(project, server)

    assert running(project) == []
    assert not psutil.pid_exists(server.pid)
    assert list((project.state / "servers").glob("*.json")) == []


def test_no_such_bento(project: Project) -> None:
    """A tag that was never packaged."""
    with pytest.raises(SlipwayError, match="slipway-demo-ad-click/8: no such Bento"):
        start(project, "slipway-demo-ad-click:8", 8)


def test_a_server_that_dies_says_why(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last line is the reason, at once; nothing is left running or written down."""
    monkeypatch.setenv("SLIPWAY_VERSION_DIGEST", "0" * 64)

    with pytest.raises(SlipwayError, match=r"did not start: SLIPWAY_VERSION_DIGEST: expected 0000"):
        start(project, TAG, 7)

    assert list((project.state / "servers").glob("*.json")) == []


def test_a_damaged_bento_is_not_started(project: Project) -> None:
    """It is held against its digests from outside, before any of its code runs."""
    cache = bento_path(project, TAG) / "src/slipway/__pycache__"
    cache.mkdir()
    (cache / "__init__.cpython-311.pyc").write_bytes(b"")

    with pytest.raises(SlipwayError, match=r"^[^:]*\.pyc: not in the manifest; Python would run it unseen"):
        start(project, TAG, 7)

    assert not (project.state / "servers").exists()


def test_a_path_that_python_would_split_is_refused(bento: Path, tmp_path: Path) -> None:
    """PYTHONPATH cannot hold it."""
    project = plain(tmp_path / f"a{os.pathsep}b")
    shutil.copytree(bento, bento_path(project, TAG))

    with pytest.raises(SlipwayError, match="in the path; Python would look elsewhere"):
        start(project, TAG, 7)


def test_a_served_bento_stays_whole(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Serving writes nothing beside the code, so it can be started again."""
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    for _ in range(2):
        stop(project, start(project, TAG, 7))

    assert not list(bento_path(project, TAG).rglob("__pycache__"))


def test_a_server_that_is_never_ready_is_ended(project: Project) -> None:
    """The wait is bounded."""
    with pytest.raises(SlipwayError, match="not ready after 0 s"):
        start(project, TAG, 7, seconds=0.0)

    assert running(project) == []


def test_a_killed_runs_server_is_reaped(project: Project) -> None:
    """A run that is killed with SIGKILL cannot stop its server; the next run does."""
    code = (
        "import os, signal, sys; from pathlib import Path; from slipway.settings.root import Project;"
        "from slipway.release.servers import start; start(Project(Path(sys.argv[1])), sys.argv[2], 7);"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(project.root), TAG], cwd=ROOT, timeout=120, check=False
    )
    left = running(project)

    assert (done.returncode, len(left)) == (-signal.SIGKILL, 1)
    assert reap(project) == 1
    assert running(project) == []
    assert not psutil.pid_exists(left[0].pid)


def test_servers_of_a_living_run_are_spared(project: Project, sleeper: subprocess.Popen[bytes]) -> None:
    """Another terminal's server is not ours to end."""
    server = seen(sleeper, os.getpid())
    record(project, server)

    assert reap(project) == 0
    assert running(project) == [server]


def test_a_later_process_of_the_same_id_is_spared(project: Project, sleeper: subprocess.Popen[bytes]) -> None:
    """Ids are used again: a process that started at another time is not the server."""
    server = replace(seen(sleeper, os.getpid()), started=1.0, owner_started=1.0)
    path = record(project, server)

    assert running(project) == []
    assert reap(project) == 0
    assert sleeper.poll() is None
    assert not path.exists()


def test_a_server_whose_owners_id_was_used_again_is_reaped(
    project: Project, sleeper: subprocess.Popen[bytes]
) -> None:
    """A living process of the owner's id that started at another time is not the owner."""
    left = replace(seen(sleeper, os.getpid()), owner_started=1.0)
    record(project, left)

    assert orphans(project) == [left]
    assert reap(project) == 1
    assert not psutil.pid_exists(sleeper.pid)


@pytest.mark.skipif(not psutil.LINUX, reason="elsewhere psutil reads a time that the kernel noted")
@pytest.mark.parametrize("hours", [-1, 1])
def test_a_server_is_known_after_the_clock_was_set(
    project: Project, sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    """Its owner too: else it would be taken for a later process and left to run for ever."""
    server = seen(sleeper, os.getpid())
    record(project, server)
    boot = psutil.boot_time()
    monkeypatch.setattr(psutil._pslinux, "boot_time", lambda: boot + 3600 * hours)

    assert running(project) == [server]
    assert reap(project) == 0
    stop(project, server)
    assert not psutil.pid_exists(sleeper.pid) or sleeper.poll() is not None


def test_a_run_that_is_killed_before_its_server_begins_leaves_none(project: Project, tmp_path: Path) -> None:
    """A server waits until it is written down, and ends where nobody lets it go on."""
    code = (
        "import os, signal, sys; from pathlib import Path; from slipway.release import servers;"
        "from slipway.settings.root import Project;"
        "servers._let_go = lambda process: (print(process.pid, flush=True), os.kill(os.getpid(), 9));"
        "servers.start(Project(Path(sys.argv[1])), sys.argv[2], 7)"
    )
    command = [sys.executable, "-c", code, str(project.root), TAG]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(int(done.stdout)).wait(timeout=60)

    assert done.returncode == -signal.SIGKILL
    assert running(project) == []


@pytest.mark.parametrize("content", [b"{", b"{}", b""])
def test_a_record_that_is_none_is_passed_over(
    project: Project, sleeper: subprocess.Popen[bytes], capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    """One bad file does not hide the servers that are running."""
    server = seen(sleeper, os.getpid())
    bad = record(project, server).with_name("1.json")
    bad.write_bytes(content)

    assert running(project) == [server]
    assert f"warning: {bad}: no record of a server; delete it" in capsys.readouterr().err


def test_a_record_that_vanishes_is_passed_over(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """Another process stops its server between the listing and the reading."""
    (project.state / "servers").mkdir(parents=True)
    (project.state / "servers/1.json").symlink_to(project.root / "gone")

    assert running(project) == []
    assert capsys.readouterr().err == ""


def test_a_copy_of_a_project_ends_no_server_of_the_original(
    tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    """Though its run is gone; where the project itself was moved, it is ended as ever."""
    original = plain(tmp_path / "original")
    (original.state / "servers").mkdir(parents=True)
    place = processes.place_of(original.state / "servers")
    record(original, replace(seen(sleeper, os.getpid()), owner_started=1.0, place=place))
    copy = Project(Path(shutil.copytree(original.root, tmp_path / "copy")))
    unknown = running(copy), reap(copy), [*(copy.state / "servers").glob("*.json")]
    alive = sleeper.poll() is None
    moved = Project(original.root.rename(tmp_path / "moved"))

    assert (unknown, alive) == (([], 0, []), True)
    assert reap(moved) == 1
    assert sleeper.wait(60) is not None


@contextmanager
def another_user() -> Iterator[None]:
    """Lay root's rights down for a while."""
    nobody = 65534
    os.setresuid(nobody, nobody, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_users_server_is_left_alone(
    sleeper: subprocess.Popen[bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    """Its process may not be ended, and its record stays."""
    with tempfile.TemporaryDirectory() as folder:
        project = plain(Path(folder))
        path = record(project, replace(seen(sleeper, os.getpid()), owner_started=1.0))
        Path(folder).chmod(0o755)
        with another_user():
            assert reap(project) == 0
            with pytest.raises(SlipwayError, match=f"process {sleeper.pid} is another user's"):
                stop(project, seen(sleeper, os.getpid()))

        assert path.exists()
    assert sleeper.poll() is None
    assert "is another user's; it was left alone" in capsys.readouterr().err


def test_a_process_that_ends_meanwhile_is_no_error(sleeper: subprocess.Popen[bytes]) -> None:
    """It can be gone at any point between finding and ending it."""
    process = psutil.Process(sleeper.pid)
    sleeper.kill()
    sleeper.wait()

    processes.end(process)

    assert not process.is_running()


def test_a_long_log_is_put_aside(tmp_path: Path) -> None:
    """The server that starts begins another, and the one before is kept."""
    path = tmp_path / "a-1.log"
    path.write_bytes(b"x" * (servers.LONG + 1))
    assert servers.Log(path).begin == 0
    assert not path.exists()
    path.write_bytes(b"short")
    assert servers.Log(path).begin == 5
    assert path.with_suffix(".log.1").stat().st_size > servers.LONG
