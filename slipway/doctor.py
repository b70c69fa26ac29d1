"""What this machine lacks for the main job, said before anything fails late."""

import ctypes
import importlib.metadata
import importlib.util
import platform
import re
import shutil
import socket
import sqlite3
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from slipway.settings.root import Project

GB = 10**9
NEEDED_DISK_GB = 3.0
NEEDED_MEMORY_GB = 2.0
PLATFORMS = {("Linux", "x86_64"), ("Linux", "aarch64"), ("Darwin", "arm64")}
NEEDED_GLIBC = (2, 28)
"""The oldest glibc for which the locks hold wheels."""
PIN = re.compile(
    r"^(?P<name>[a-z0-9][a-z0-9._-]*)==(?P<version>[^ ;]+)(?: ; (?P<marker>[^\\]+))?", re.MULTILINE
)


@dataclass(frozen=True)
class Requirement:
    """One thing that is needed, and what was found; `hint` says what to do where it is not ok.

    `blocks` tells what the main job cannot do without from what it merely may run into.
    """

    name: str
    ok: bool
    found: str
    needed: str
    hint: str
    blocks: bool = True

    @property
    def missing(self) -> bool:
        """Whether `make demo` would fail for it."""
        return self.blocks and not self.ok


def diagnose(project: Project, shared: bool = False) -> list[Requirement]:
    """Look at everything; changes nothing and asks only the network that the registry is on.

    Args:
        shared: ask for a registry elsewhere too, as on a machine that is thrown away after the job.
    """
    installed = {_plain(one.name): one.version for one in importlib.metadata.distributions()}
    return [
        python(sys.version_info[:3]),
        system(platform.system(), platform.machine(), platform.libc_ver()),
        disk(min(shutil.disk_usage(one).free for one in (project.root, project.state) if one.exists())),
        memory(_available_memory()),
        folder(project.root),
        repository(project.root),
        workflows(project.root),
        *(tool(name, _which(name)) for name in ("git", "make", "uv")),
        packages(pins(_lock(project)), installed),
        boosting_library(),
        dvc(),
        layout(project.root),
        loopback(),
        registry(project),
        library(project.root / "slipway"),
        leftovers(project),
        *([shared_registry(project), shared_data(project, _sources(project))] if shared else []),
    ]


def python(version: tuple[int, ...]) -> Requirement:
    """Whether the locks hold wheels for this Python."""
    ok = (3, 11) <= version[:2] <= (3, 13)
    found = ".".join(map(str, version))
    return Requirement("python", ok, found, "3.11 to 3.13", "make clean, then make setup PYTHON=python3.12")


def system(name: str, machine: str, libc: tuple[str, str]) -> Requirement:
    """Whether the locks hold wheels for this operating system, processor and C library."""
    glibc = (
        tuple(int(part) for part in libc[1].split(".")[:2] if part.isdigit()) if libc[0] == "glibc" else ()
    )
    ok = (name, machine) in PLATFORMS and (name != "Linux" or glibc >= NEEDED_GLIBC)
    found = " ".join(part for part in (name, machine, *libc) if part)
    needed = "Linux x86_64 or aarch64 (glibc 2.28), or macOS arm64"
    return Requirement("platform", ok, found, needed, "use one of these; on Windows, WSL 2 is a Linux x86_64")


def disk(free: int) -> Requirement:
    """Whether enough disk is free where the project and its state lie; `free` is in bytes."""
    hint = "free some, elsewhere first: what lies in .slipway/ is kept nowhere else; `slipway gc` looks there"
    return Requirement("disk", free >= NEEDED_DISK_GB * GB, _gb(free), f"{NEEDED_DISK_GB:.1f} GB free", hint)


def memory(available: int) -> Requirement:
    """Whether a new process can get enough memory; `available` is in bytes."""
    ok = available >= NEEDED_MEMORY_GB * GB
    hint = "close something, or take the small size: make demo SIZE=small"
    return Requirement(
        "memory", ok, _gb(available), f"{NEEDED_MEMORY_GB:.1f} GB available", hint, blocks=False
    )


def folder(root: Path) -> Requirement:
    """Whether the project's folder can be written to."""
    try:
        with tempfile.TemporaryFile(dir=root):
            pass
    except OSError as error:
        return Requirement("folder", False, str(error), "writable", f"let this user write to {root}")
    return Requirement("folder", True, "writable", "writable", "")


def repository(root: Path) -> Requirement:
    """DVC works inside a Git repository, and decisions name the commit."""
    ok = any((place / ".git").exists() for place in (root, *root.parents))
    return Requirement("repository", ok, "yes" if ok else "no", "a Git repository", f"git init in {root}")


def workflows(root: Path) -> Requirement:
    """Whether GitHub would run the project's workflows: it looks at the top of a repository only."""
    top = next((place for place in (root, *root.parents) if (place / ".git").exists()), root)
    ok = top == root or not (root / ".github" / "workflows").is_dir()
    found = (
        "at the top" if ok else f".github/ below the top of the repository {top}, where GitHub never runs it"
    )
    inside = f"move .github/ to {top} and have its jobs work in {root.relative_to(top)}/"
    hint = f"{inside}, or give the project a repository of its own"
    return Requirement("workflows", ok, found, "at the top of the repository", hint, blocks=False)


def tool(name: str, path: str | None) -> Requirement:
    """Whether a program that slipway calls is on PATH."""
    hint = "make setup" if name == "uv" else f"install {name} with the system's package manager"
    return Requirement(name, path is not None, path or "not found", "on PATH", hint)


def pins(lock: str) -> dict[str, str]:
    """The versions that a lock asks of this machine, by package."""
    from packaging.markers import Marker

    return {
        _plain(pin["name"]): pin["version"]
        for pin in PIN.finditer(lock)
        if pin["marker"] is None or Marker(pin["marker"].strip()).evaluate()
    }


def packages(pinned: Mapping[str, str], installed: Mapping[str, str]) -> Requirement:
    """Whether the versions that are installed are those that are pinned."""
    needed = f"the {len(pinned)} of requirements.txt"
    differ = [
        f"{name} {installed.get(name, 'absent')}, pinned {version}"
        for name, version in sorted(pinned.items())
        if installed.get(name) != version
    ]
    ok = bool(pinned) and not differ
    return Requirement("packages", ok, _some(differ) or needed, needed, "make setup", blocks=False)


def boosting_library() -> Requirement:
    """Whether LightGBM's shared library loads, which asks the system for OpenMP."""
    needed = "LightGBM's library loads"
    hint = "install OpenMP: apt install libgomp1, or brew install libomp"
    spec = importlib.util.find_spec("lightgbm")
    places = [Path(place) for place in (spec.submodule_search_locations or [])] if spec else []
    files = [file for place in places for file in place.glob("lib/lib_lightgbm.*")]
    if not files:
        return Requirement("openmp", False, "lightgbm is not installed", needed, "make setup")
    try:
        ctypes.CDLL(str(files[0]))
    except OSError as error:
        return Requirement("openmp", False, str(error), needed, hint)
    return Requirement("openmp", True, "loads", needed, hint)


def dvc() -> Requirement:
    """Whether DVC can be imported."""
    try:
        import dvc.repo as module
    except ImportError as error:
        return Requirement("dvc", False, str(error), "imports", "make setup")
    return Requirement("dvc", True, module.__name__, "imports", "")


def loopback() -> Requirement:
    """Whether a server can listen on the loopback address; any free port will do."""
    needed, hint = "a free port on 127.0.0.1", "let local servers listen"
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            found = f"port {server.getsockname()[1]} is free"
    except OSError as error:
        return Requirement("loopback", False, str(error), needed, hint)
    return Requirement("loopback", True, found, needed, hint)


def registry(project: Project) -> Requirement:
    """Whether the MLflow registry that runs will be written to answers."""
    uri = project.tracking_uri
    if uri == project.embedded_tracking_uri:
        return embedded_registry(project.state / "registry")
    parts = urlsplit(uri)
    place = f"{parts.scheme}://{parts.hostname or ''}"  # a URI may hold a password
    if parts.scheme not in ("http", "https"):
        return Requirement("registry", True, f"{place}, not tried", "an MLflow store", "")
    return remote_registry(uri, place)


def embedded_registry(folder: Path) -> Requirement:
    """Whether the SQLite file, if there is one yet, is one of MLflow's, and what it names is there."""
    from slipway.registry.health import look

    needed = "absent, or MLflow's, with every file that it names"
    hint = f"put a backup back by `slipway restore`; keep {folder} until then, for it holds what is left"
    if not (folder / "mlflow.db").exists():
        return Requirement("registry", True, "embedded, made by the first run", needed, hint)
    try:
        found = look(folder)
    except sqlite3.Error as error:
        return Requirement("registry", False, f"{folder / 'mlflow.db'}: {error}", needed, hint)
    told = f"embedded, {found.versions} versions"
    if found.moved:
        told += ", moved here: the next command that opens it brings its addresses along"
    if found.missing:
        told += f"; no file of {_some(found.missing)}"
    return Requirement("registry", not found.missing, told, needed, hint)


def remote_registry(uri: str, place: str) -> Requirement:
    """Whether a tracking server answers.

    Args:
        place: how the finding names it, without a password.
    """
    import httpx

    needed = "answers /health"
    hint = "check MLFLOW_TRACKING_URI, tracking_uri in project.yaml, and the network"
    try:
        status = httpx.get(f"{uri.rstrip('/')}/health", timeout=5).status_code
    except httpx.HTTPError as error:
        return Requirement("registry", False, f"{place}: {type(error).__name__}", needed, hint)
    return Requirement("registry", status == httpx.codes.OK, f"{place}: {status}", needed, hint)


def shared_registry(project: Project) -> Requirement:
    """Whether versions and records outlive this machine."""
    ok = project.tracking_uri != project.embedded_tracking_uri
    found = "named" if ok else "embedded: versions and records would be gone with this machine"
    hint = "set MLFLOW_TRACKING_URI, or tracking_uri in project.yaml"
    return Requirement("shared registry", ok, found, "a tracking server", hint)


def shared_data(project: Project, sources: Sequence[str] = ()) -> Requirement:
    """Whether DVC's default remote is elsewhere; without it what is generated is made anew on each machine.

    Args:
        sources: the tables that DVC tracks, which nothing makes anew.
    """
    from dvc.config import Config

    config = Config(str(project.root / ".dvc"))
    name = config["core"].get("remote")
    # DVC has made a relative url absolute while it read the file.
    url = str(config["remote"][name]["url"]) if name in config["remote"] else ""
    ok = bool(url) and ("://" in url or not Path(url).is_relative_to(project.root))
    found = f"{name}, elsewhere" if ok else f"{name or 'none'}: inside this project"
    if sources and not ok:
        found += f", and so is {_some(sources)}"
    hint = "dvc remote add --default storage s3://..., or another store of DVC's"
    needed = "a remote of DVC's outside of the project"
    return Requirement("shared data", ok, found, needed, hint, blocks=bool(sources))


def layout(root: Path) -> Requirement:
    """Whether sources and stages of all systems lie where this version looks for them."""
    from slipway.update.older import older

    left = [one.name for one in older(root)]
    found = f"as before: {_some(left)}" if left else "as expected"
    return Requirement("layout", not left, found, "sources in systems/NAME/source", "slipway migrate layout")


def _sources(project: Project) -> list[str]:
    from slipway.data.versions import tracked

    return [f"systems/{name}/source" for name in project.settings.systems if tracked(project, name)]


def library(folder: Path) -> Requirement:
    """Whether the project has edited `slipway/`, which it may: an update then merges line by line."""
    from slipway.update.edited import edited

    names = edited(folder)
    absent = "a wheel" if not folder.is_dir() else "where it is made"
    found = absent if names is None else f"edited: {_some(names)}" if names else "as released"
    hint = "nothing, or keep edits few: `slipway update` merges them, and may leave you conflicts"
    return Requirement("slipway/", not names, found, "as released", hint, blocks=False)


def leftovers(project: Project) -> Requirement:
    """Servers whose run is gone; no fault, for the next run ends them."""
    from slipway.release.servers import orphans

    left = [str(one.pid) for one in orphans(project)]
    found = f"servers of a run that is gone: {_some(left)}" if left else "none"
    return Requirement("leftovers", True, found, "none; the next run ends them", "")


def _available_memory() -> int:
    import psutil

    return int(psutil.virtual_memory().available)


def _which(name: str) -> str | None:
    """On PATH, or beside this Python, where the set-up puts uv."""
    return shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))


def _lock(project: Project) -> str:
    path = project.root / "requirements.txt"
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _plain(name: str) -> str:
    """The name of a package as PEP 503 normalises it: locks and distributions spell it differently."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _gb(number: int) -> str:
    return f"{number / GB:.1f} GB"


def _some(lines: Sequence[str]) -> str:
    rest = f" and {len(lines) - 3} more" if len(lines) > 3 else ""
    return "; ".join(lines[:3]) + rest
