"""Programs that build images: called with what they need to know of the environment, and with a log."""

import os
import subprocess
from pathlib import Path

from slipway.base.errors import SlipwayError
from slipway.trust.environment import bare

OWN = ("DOCKER_", "BUILDX_", "BUILDKIT_", "BUILDAH_", "CONTAINERS_", "STORAGE_", "REGISTRY_AUTH_FILE", "XDG_")
"""The variables by which docker, podman and buildah find their daemon, settings, store and log-in."""


def run_logged(words: list[str], log: Path, called: str) -> None:
    """Run a program, all that it says going into the log.

    Args:
        called: what it is run for, in the error.

    Raises:
        SlipwayError: it failed or is not there; the line that says why, and where the rest is.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as output:
        try:
            code = subprocess.run(  # noqa: S603 - words of ours and names from checked settings, and no shell
                words,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            ).returncode
        except OSError as error:
            output.write(f"{words[0]} {words[1]}: {error.strerror}\n")
            code = None
    if code != 0:
        raise SlipwayError(f"{called}: {_last_line(log, words[0])} (all of it: {log})")


def environment() -> dict[str, str]:
    """What they may know."""
    return bare(**{name: value for name, value in os.environ.items() if name.startswith(OWN)})


def _last_line(log: Path, program: str) -> str:
    """What the program called an error, or else the last thing that was said."""
    # `replace`: a build may print what is not UTF-8, and its reason must be told all the same.
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines()]
    said = [line for line in lines if line.lower().startswith("error: ")] or [line for line in lines if line]
    return said[-1][:400] if said else f"{program} said nothing"
