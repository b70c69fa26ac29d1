"""Local server processes of Bentos: one process each, found again by its id and start time."""

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Container
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
from filelock import FileLock
from pydantic import TypeAdapter, ValidationError

from slipway.base.atomic import write_text
from slipway.base.errors import NotReady, SlipwayError
from slipway.release.bento import bento_path
from slipway.release.processes import GRACE, alive, began, end, place_of, process_of
from slipway.settings.root import Project
from slipway.trust.environment import bare
from slipway.version.manifest import Registered
from slipway.version.origin import search_path

HOST = "127.0.0.1"
LONG = 5_000_000
"""Bytes of a log beyond which the next server begins another, and the one before is kept."""


@dataclass(frozen=True)
class Server:
    """A server process and the run that started it, each by process id and start time.

    Attributes:
        offered: whether who serves production may take it over, see `offer`.
        place: the folder that it is written down in, see `place_of`; None by a slipway from before.
    """

    tag: str
    version: int
    port: int
    pid: int
    started: float
    owner: int
    owner_started: float
    offered: bool = False
    place: str | None = None

    @property
    def url(self) -> str:
        """Base URL of the server."""
        return f"http://{HOST}:{self.port}"


class Log:
    """The log of the servers of one Bento, to which each new one appends; a long one is put aside first."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if path.exists() and path.stat().st_size > LONG:
            path.replace(path.with_suffix(".log.1"))
        # Where the new server begins: an earlier one's last words are not its reason.
        self.begin = path.stat().st_size if path.exists() else 0

    def last_line(self) -> str:
        """The last thing the newest server said."""
        lines = self.path.read_bytes()[self.begin :].decode("utf-8", "replace").strip().splitlines()
        return lines[-1].removeprefix("error: ") if lines else "it said nothing"


def start(
    project: Project,
    tag: str,
    number: int,
    seconds: float = 120.0,
    digest: str | None = None,
) -> Server:
    """Serve a Bento on a free port of the loopback address, and wait until it is ready.

    Args:
        digest: of the version that it has to hold, where it is known.

    Raises:
        NotReady: the process ended, or is not ready in time.
        SlipwayError: no such Bento, or it is damaged or another version's.
    """
    holds = _checked(project, tag, number, digest)
    bento = bento_path(project, tag)
    path = search_path(bento / "src")
    _folder(project).mkdir(parents=True, exist_ok=True)
    log = Log(_folder(project) / f"{tag.replace(':', '-')}.log")
    # The server inherits it, so nobody can take its port in between.
    with socket.create_server((HOST, 0)) as taken:
        process = _spawn(bento, path, holds.digest, taken, log)
        server = _server(project, tag, number, taken.getsockname()[1], process.pid)
    try:
        write_text(_record(project, server.pid), _told(server))
        _let_go(process)
        _wait(server, process, log, seconds)
    except BaseException:
        stop(project, server)
        raise
    finally:
        process.returncode = 0  # the server outlives this object; Python would warn of that
    return server


def _checked(project: Project, tag: str, number: int, digest: str | None) -> Registered:
    """What a Bento holds, which is whole and that version."""
    from slipway.version.packed import require_packed

    bento = bento_path(project, tag)
    if not bento.is_dir():
        raise SlipwayError(f"{bento}: no such Bento; `slipway package --version {number}` makes it")
    # From outside: Python runs bytecode beside the code before any check inside.
    try:
        found = require_packed(bento / "src", None)
    except SlipwayError as error:
        raise SlipwayError(f"{error}; `slipway package --version {number}` makes it anew") from error
    if found.number != number:
        # guard serve.swapped_folder
        raise SlipwayError(f"{bento}: holds version {found.number}, expected {number}; delete that folder")
    if digest not in (None, found.digest):
        raise SlipwayError(
            f"{bento}: holds a version with the digest {found.digest[:12]}…, expected {str(digest)[:12]}…; "
            "delete that folder, and `slipway package` it anew"
        )  # guard shift.digest
    return found


def offer(project: Project, server: Server) -> None:
    """Let whoever serves production take over a server that has just proven itself."""
    write_text(_record(project, server.pid), _told(replace(server, offered=True)))


def adopt(
    project: Project,
    tag: str,
    number: int,
    digest: str | None,
    but: Container[int],
    offered: bool = False,
) -> Server | None:
    """A server of a Bento that this process or one that is gone has left, as our own from now on.

    Args:
        but: ids of processes that are in use.
        offered: one that its owner offers, too.

    Raises:
        SlipwayError: there is one, and its Bento is damaged or another version's by now.
    """
    with _records_locked(project):
        for server in _recorded(project):
            left = server.owner == os.getpid() or not alive(server.owner, server.owner_started)
            left = left or (offered and server.offered)
            if (server.tag, server.version) != (tag, number) or not left or server.pid in but:
                continue
            if alive(server.pid, server.started) and _ready(server):
                # Its folder may have been replaced since it started.
                _checked(project, tag, number, digest)
                own = psutil.Process()
                ours = replace(server, owner=own.pid, owner_started=began(own), offered=False)
                write_text(_record(project, server.pid), _told(ours))
                return ours
    return None


def stop(project: Project, server: Server) -> None:
    """End a server, kindly first; nothing happens where it has ended, or another process took it over.

    Raises:
        SlipwayError: it is another user's.
    """
    try:
        process = process_of(server.pid, server.started)
        if process is not None:
            if not _withdrawn(project, server):
                return
            end(process)
    except (psutil.AccessDenied, PermissionError) as error:
        raise SlipwayError(
            f"{server.tag}: process {server.pid} is another user's; it was left alone"
        ) from error
    _record(project, server.pid).unlink(missing_ok=True)


def _withdrawn(project: Project, server: Server) -> bool:
    """Whether a server is still its owner's; from now on it is offered to nobody."""
    if _of_process(project, server.pid) == server and not server.offered:
        return True  # nobody may take it over, so there is no lock to wait for
    with _records_locked(project):
        found = _of_process(project, server.pid)
        if found is not None and found.owner != server.owner:
            return False
        if found is not None:
            write_text(_record(project, server.pid), _told(replace(found, offered=False)))
    return True


def _of_process(project: Project, pid: int) -> Server | None:
    return next((one for one in _recorded(project) if one.pid == pid), None)


def running(project: Project) -> list[Server]:
    """Servers of this project that are alive, whoever started them."""
    return [server for server in _recorded(project) if alive(server.pid, server.started)]


def orphans(project: Project) -> list[Server]:
    """Servers that are alive though the run that started them is gone."""
    return [one for one in running(project) if not alive(one.owner, one.owner_started)]


def reap(project: Project) -> int:
    """End the servers whose run is gone, and say how many there were; another user's are left alone."""
    ended = 0
    for server in _recorded(project):
        lives = alive(server.pid, server.started)
        if not lives or not alive(server.owner, server.owner_started):
            try:
                stop(project, server)
            except SlipwayError as error:
                print(f"warning: {error}", file=sys.stderr)
                continue
            ended += lives
    return ended


def _folder(project: Project) -> Path:
    return project.kept / "servers"


def _record(project: Project, pid: int) -> Path:
    return _folder(project) / f"{pid}.json"


def _records_locked(project: Project) -> FileLock:
    """Held while it is settled whose a server is."""
    _folder(project).mkdir(parents=True, exist_ok=True)
    return FileLock(_folder(project) / "lock")


def _told(server: Server) -> str:
    return TypeAdapter(Server).dump_json(server).decode()


def _recorded(project: Project) -> list[Server]:
    """What is written down of this project's servers; what came here with a copy of another is removed."""
    adapter, folder = TypeAdapter(Server), _folder(project)
    found = []
    for path in sorted(folder.glob("[0-9]*.json")):
        try:
            server = adapter.validate_json(path.read_bytes())
            if server.place in (None, place_of(folder)):
                found.append(server)
            else:
                path.unlink(missing_ok=True)
        except FileNotFoundError:
            continue  # another process has just stopped that server
        except (OSError, ValidationError):
            print(f"warning: {path}: no record of a server; delete it", file=sys.stderr)
    return found


def _server(project: Project, tag: str, number: int, port: int, pid: int) -> Server:
    own = psutil.Process()
    return Server(
        tag=tag,
        version=number,
        port=port,
        pid=pid,
        started=began(psutil.Process(pid)),
        owner=own.pid,
        owner_started=began(own),
        place=place_of(_folder(project)),
    )


def _spawn(bento: Path, path: str, digest: str, bound: socket.socket, log: Log) -> subprocess.Popen[bytes]:
    """BentoML's worker without its supervisor: half the memory, and no child to lose.

    It begins when `_let_go` says so: one whose starter is killed before that ends by itself, so none runs
    that is not written down.
    """
    # Without PROMETHEUS_MULTIPROC_DIR, for its metrics would be those of all servers that share that folder,
    # and without SLIPWAY_METRICS_PORT, for several servers run here and one could have it.
    environment = bare(
        BENTOML_DO_NOT_TRACK="True",
        BENTOML_HOME=str(bento.parents[2]),
        PYTHONDONTWRITEBYTECODE="1",
        PYTHONPATH=path,
        SLIPWAY_OPEN="metrics,openapi",  # to this machine alone
        SLIPWAY_VERSION_DIGEST=os.environ.get("SLIPWAY_VERSION_DIGEST") or digest,
    )
    descriptor = str(bound.fileno())
    command = [sys.executable, "-P", "-m", "_bentoml_impl.worker.service"]
    options = ["--fd", descriptor, "--worker-id", "1", "--timeout-graceful-shutdown", str(GRACE)]
    with log.path.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 - our own interpreter, no user input
            ["/bin/sh", "-c", 'read -r go && exec "$@" </dev/null', "sh", *command, str(bento), *options],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=[bound.fileno()],
            env=environment,
            cwd=bento,
            # Ctrl-C then reaches the run alone, which ends its servers once it needs no answer from them.
            start_new_session=True,
        )


def _let_go(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        with contextlib.suppress(BrokenPipeError), process.stdin as gate:  # it has ended, and `_wait` sees it
            gate.write(b"go\n")


def _wait(server: Server, process: subprocess.Popen[bytes], log: Log, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not _ready(server):
        if process.poll() is not None:
            said = f"{server.tag}: the server did not start: {log.last_line()}"
            raise NotReady(said, server.version)
        if time.monotonic() > deadline:
            said = f"{server.tag}: not ready after {seconds:.0f} s: {log.last_line()}"
            raise NotReady(said, server.version)
        time.sleep(0.05)


def _ready(server: Server) -> bool:
    connection = http.client.HTTPConnection(HOST, server.port, timeout=1)
    try:
        connection.request("GET", "/v2/health/ready")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
