"""Where artifacts may lie. Who writes to a registry writes their addresses too, and MLflow goes to any."""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from slipway.base.addresses import masked
from slipway.base.errors import Refused

PROXIED = "mlflow-artifacts"
LOCAL_STORES = ("sqlite", "file", "")
"""Schemes of a tracking URI that lies on this machine, and its artifacts with it."""


@dataclass(frozen=True)
class Own:
    """What a registry keeps artifacts in.

    Attributes:
        tracking: its tracking URI.
        folder: of the embedded registry's artifacts; None for a shared one.
        named: `artifacts` of project.yaml, what a shared one keeps them below if its server does not itself.
    """

    tracking: str
    folder: Path | None
    named: str | None

    def __str__(self) -> str:
        if self.folder is not None:
            return f"below {self.folder}"
        found = ["a folder"] if _scheme(self.tracking) in LOCAL_STORES else [f"{PROXIED}: of the registry"]
        return " or ".join(found + ([f"below {masked(self.named)}"] if self.named else []))


def require_own_artifacts(uri: str, own: Own) -> str:
    """The address, if it is the registry's own; before that nothing is sent there, not even a token.

    Raises:
        Refused: it is a host, a bucket or a folder that somebody else chose.
    """
    if not _is_own(uri, own):
        advice = "" if own.folder else "; where that is right, name it: project.yaml: artifacts"
        raise Refused(
            f"artifacts at {masked(uri)[:200]!r}, expected {own}{advice}"
        )  # guard registry.artifacts
    return uri


def local_folder(uri: str) -> Path | None:
    """The folder that an address means, None where it is not on this machine."""
    if _scheme(uri) not in ("file", "") or urlsplit(uri).netloc:
        return None
    # As MLflow reads it, which takes a second to import; a test holds them against each other.
    return Path(url2pathname(urlsplit(uri).path if uri.startswith("file:") else uri))


def _is_own(uri: str, own: Own) -> bool:
    try:
        folder, found, tracking = local_folder(uri), urlsplit(uri), urlsplit(own.tracking)
    except ValueError:  # such as half an IPv6 address
        return False
    if own.folder is not None:
        return folder is not None and _is_below(folder, own.folder)
    if own.named is not None and _is_named(uri, own.named):
        return True
    if folder is not None:
        return tracking.scheme in LOCAL_STORES
    # With another host MLflow asks that one instead of the tracking server.
    return found.scheme == PROXIED and found.netloc in ("", tracking.netloc.rpartition("@")[2])


def _is_named(uri: str, named: str) -> bool:
    below, top = local_folder(uri), local_folder(named)
    if below is not None or top is not None:
        return below is not None and top is not None and _is_below(below, top)
    found, due = urlsplit(uri), urlsplit(named)
    if (found.scheme, found.netloc, found.query) != (due.scheme, due.netloc, due.query):
        return False
    if ".." in found.path.split("/") or "%" in found.path:
        return False
    return f"{found.path}/".startswith(f"{due.path.rstrip('/')}/")


def _is_below(path: Path, folder: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def _scheme(uri: str) -> str:
    return urlsplit(uri).scheme
