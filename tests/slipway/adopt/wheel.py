"""The wheel of slipway/, built, and installed where nothing of this checkout is."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import slipway
from slipway.base.digest import sha256
from tests.slipway.root import REPOSITORY

PIP = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]


@dataclass(frozen=True)
class Installed:
    """A wheel and the folder that it was installed to."""

    wheel: Path
    folder: Path

    def environment(self, home: Path) -> dict[str, str]:
        """Its package and its program first; no home folder to find settings in."""
        known = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        path = f"{self.folder / 'bin'}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{known['PATH']}"
        return known | {"PYTHONPATH": str(self.folder), "PATH": path, "HOME": str(home)}

    def run(self, folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in a folder."""
        return subprocess.run(
            command,
            cwd=folder,
            env=self.environment(folder.parent),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def python(self, folder: Path, code: str) -> subprocess.CompletedProcess[str]:
        """Run code in a folder, unless another slipway would be imported there."""
        guard = "import slipway, sys\nassert slipway.__file__.startswith(sys.argv[1]), slipway.__file__\n"
        return self.run(folder, sys.executable, "-c", guard + code, str(self.folder))


def install(out: Path) -> Installed:
    """Build it from this checkout, in which nothing is left; needs no network."""
    wheels, folder = out / "dist", out / "installed"
    build = [
        *PIP,
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(wheels),
        str(REPOSITORY / "slipway"),
    ]
    subprocess.run(build, check=True, stdin=subprocess.DEVNULL)
    [wheel] = wheels.glob("*.whl")
    place = [*PIP, "install", "--no-deps", "--no-index", "--no-compile", "--target", str(folder), str(wheel)]
    subprocess.run(place, check=True, stdin=subprocess.DEVNULL)
    return Installed(wheel, folder)


def pin(installed: Installed) -> str:
    """What `make lock` adds to the locks of a project without the folder."""
    return f"slipway-mlops=={slipway.__version__} \\\n    --hash=sha256:{sha256(installed.wheel)}\n"
