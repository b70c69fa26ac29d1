"""Who ran this, and on which code."""

import os
import platform
import pwd
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


def who(root: Path = Path()) -> str:
    """`account@machine` of this process, as the operating system has it, and whom Git's settings name.

    No variable of the environment changes the former. The latter is a claim and is called one: only a
    signature shows who decided, and that stands beside a record, in its seal.
    """
    number = os.geteuid()
    try:
        account = pwd.getpwuid(number).pw_name
    except KeyError:  # a container's user may have no name
        account = f"uid {number}"
    claimed = git(root, "config", "user.email")
    own = f"{account}@{platform.node() or 'unknown'}"
    return f"{own}, claims to be {claimed}" if claimed else own


def now() -> datetime:
    """The current time, UTC, to the millisecond."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
