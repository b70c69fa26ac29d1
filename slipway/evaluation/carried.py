"""The environment that a version carries: a venv with the packages of its own lock, made once and kept.

pip and not uv, as for the set-up: it is what a machine's mirrors and proxies are set up for.
"""

import os
import platform
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from filelock import FileLock

from slipway.base.atomic import whole_folder
from slipway.base.digest import sha256
from slipway.base.errors import SlipwayError
from slipway.settings.root import Project
from slipway.trust.environment import bare
from slipway.version.environment import LOCK
from slipway.version.manifest import CODE
from slipway.version.proven import Proven

PIN = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9.+!_]+"
    r"(?: ?;[\w .'\"<>=!()]+?)?(?: +--hash=sha256:[0-9a-f]{64})+"
)
"""A package, the platforms that it is for, and its hashes: no option, no address, no other file."""
INDEX = re.compile(r"PIP_\w+|(https?|all|no)_proxy|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE", re.IGNORECASE)
"""Variables by which pip finds its index; wheels are only unpacked, so no code of a package sees them."""
OFFLINE = (
    "nothing is downloaded unless project.yaml says `environments: download`; that, PIP_FIND_LINKS=FOLDER "
    "with the wheels of its lock, or an installation of what it was trained with mends it"
)


@dataclass(frozen=True)
class Environments:
    """Those of all versions of a project; equal locks share one.

    Attributes:
        folder: where they lie.
        download: whether pip may ask its index for wheels, and not only its `find-links`.
    """

    folder: Path
    download: bool = False

    @classmethod
    def of(cls, project: Project) -> Self:
        """Those of a project, by its settings."""
        return cls(project.state / "environments", project.settings.environments == "download")

    def python(self, version: Proven) -> Path:
        """The interpreter of a version's environment, made where it is not there yet.

        Nothing but wheels of the hashes in its lock gets there, and the lock is proven as its code is. It
        appears whole or not at all.

        Raises:
            SlipwayError: the version is not whole, carries no lock or one that is more than pins, or the
                interpreter or a wheel is not to be had.
        """
        manifest, lock = version.verified(), version.folder / CODE / LOCK
        if f"{CODE}/{LOCK}" not in manifest.files:
            raise SlipwayError(f"it carries no {LOCK}")
        pins = pinned(lock.read_text("utf-8"))
        kept = platform.python_version() if manifest.environment is None else manifest.environment.python
        minor = ".".join(kept.split(".")[:2])
        home = self.folder / f"{sha256(lock)[:16]}-{minor}-{platform.machine()}"
        found = home / "bin" / "python"
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{home}.lock"):
            if not found.exists():
                self._make(home, pins, _interpreter(minor))
        return found

    def _make(self, home: Path, pins: list[str], interpreter: str) -> None:
        with whole_folder(home) as aside:
            _run([interpreter, "-I", "-m", "venv", "--without-pip", str(aside)])
            # What was read, so that pip sees nothing else.
            (aside / LOCK).write_text("".join(f"{pin}\n" for pin in pins), encoding="utf-8")
            pip = [sys.executable, "-I", "-m", "pip", "--python", str(aside / "bin" / "python"), "install"]
            options = ["--quiet", "--no-input", "--no-deps", "--only-binary", ":all:", "--require-hashes"]
            index = [] if self.download else ["--no-index"]
            try:
                _run([*pip, *options, *index, "--requirement", str(aside / LOCK)])
            except SlipwayError as error:
                raise error if self.download else SlipwayError(f"{error}; {OFFLINE}") from error


def pinned(lock: str) -> list[str]:
    """The lines of a lock, each a package by its hashes.

    Raises:
        SlipwayError: a line is anything else, which could have pip take packages from elsewhere.
    """
    lines = (line.partition(" #")[0].strip() for line in lock.replace("\\\n", " ").splitlines())
    found = [line for line in lines if line and not line.startswith("#")]
    for line in found:
        if not PIN.fullmatch(line):
            raise SlipwayError(
                f"{LOCK}: found {line[:80]!r}, expected NAME==VERSION and its --hash=sha256:..."
            )  # guard environment.lock
    return found


def _interpreter(minor: str) -> str:
    if minor == ".".join(platform.python_version_tuple()[:2]):
        return sys.executable
    found = shutil.which(f"python{minor}")
    if found is None:
        raise SlipwayError(f"it was trained with Python {minor}, and no python{minor} is on the PATH")
    return found


def _run(command: list[str]) -> None:
    index = {name: value for name, value in os.environ.items() if INDEX.fullmatch(name)}
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter, and no word of the version
            command, env=bare(**index), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise SlipwayError(f"{command[0]}: {error.strerror}") from error
    if done.returncode != 0:
        lines = [line.strip() for line in f"{done.stdout}\n{done.stderr}".splitlines() if line.strip()]
        said = [line for line in lines if line.startswith("ERROR:")] or lines or ["it said nothing"]
        raise SlipwayError(f"{command[3]}: {said[-1][:300]}")
