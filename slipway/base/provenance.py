"""Who ran this, and on which code."""

import getpass
import platform
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True)
class Commit:
    """The Git commit of the working tree; `sha` is None outside a repository or before the first commit."""

    sha: str | None
    clean: bool


def commit(root: Path) -> Commit:
    """What Git says of `root`; a tree with changed or unknown files is not clean."""
    sha = git(root, "rev-parse", "HEAD")
    status = git(root, "status", "--porcelain")
    # None means that Git gave no answer, and is not the empty status of a clean tree.
    return Commit(sha=sha or None, clean=bool(sha) and status == "")


def git(root: Path, *arguments: str) -> str | None:
    """What a Git command prints; None where it fails, or there is no Git."""
    try:
        done = subprocess.run(  # noqa: S603 - no shell; a user's word is a path after `--`
            ["git", "-C", str(root), *arguments],  # noqa: S607
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def who() -> str:
    """`user@machine` of this process."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        user = "unknown"
    return f"{user}@{platform.node() or 'unknown'}"


def now() -> datetime:
    """The current time, UTC, to the millisecond."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
