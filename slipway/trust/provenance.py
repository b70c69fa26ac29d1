"""Where code comes from: this project as it is, its Git history, the installed wheel, or nobody knows."""

import hashlib
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from slipway.base.digest import sha256
from slipway.base.errors import Refused
from slipway.base.provenance import git

LIBRARY = "slipway/"
COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
"""A whole id: a name could move, and a word that begins with `-` would be an option."""
Source = Literal["project", "commit", "unknown"]


@dataclass(frozen=True)
class Origin:
    """Where the code of a version was found.

    Attributes:
        source: the project as it lies here, a commit of the history of HEAD, or neither.
        commit: the id, where it was found in one.
        differing: the files that are not those of the project as it lies here, where it was not found.
        shallow: whether a part of the history is not here, so that it may yet be found.
        wheel: whether its slipway is that of another wheel than the installed one.
    """

    source: Source
    commit: str | None = None
    differing: tuple[str, ...] = ()
    shallow: bool = False
    wheel: bool = False

    @property
    def known(self) -> bool:
        """Whether the project's part of the code was found."""
        return self.source != "unknown"

    def __str__(self) -> str:
        other = ", with the slipway of another wheel" if self.wheel else ""
        if self.source == "project":
            return f"the code of this project as it is{other}"
        if self.source == "commit":
            return f"the code of commit {str(self.commit)[:12]}{other}"
        more = f" and {len(self.differing) - 3} more" if len(self.differing) > 3 else ""
        if not self.differing:
            return f"dirty: in no commit, but as it lies in this project{other}"
        # A name is somebody else's text, and an error is one line.
        named = ", ".join(name if name.isprintable() else ascii(name) for name in self.differing[:3])
        return f"dirty: in no commit, and {named}{more} not as in this project{other}"


def origin_of(
    code: Mapping[str, str], commit: str | None, root: Path, package: Path, committed: bool = False
) -> Origin:
    """Find the code of a version; nothing of it is run, and nothing is checked out.

    Args:
        code: the sha256 of every file, by its path in the project.
        commit: the one that the version names.
        root: the project.
        package: the folder of the slipway that runs; not below `root` where it is a wheel.
        committed: whether what lies in the project does not count before it is committed, where there is Git.
    """
    installed = package.parent.resolve() != root.resolve()
    library = {name for name in code if installed and name.startswith(LIBRARY)}
    wheel = any(_differs(package.parent / name, code[name]) for name in library)
    own = {name: digest for name, digest in code.items() if name not in library}
    differing = tuple(sorted(name for name, digest in own.items() if _differs(root / name, digest)))
    if code and not differing and not (committed and git(root, "rev-parse", "HEAD")):
        return Origin("project", wheel=wheel)
    if own and (found := _in_history(own, commit, root)):
        return Origin("commit", found, wheel=wheel)
    shallow = git(root, "rev-parse", "--is-shallow-repository") == "true"
    return Origin("unknown", differing=differing, shallow=shallow, wheel=wheel)


def require_committed(origin: Origin, what: str) -> None:
    """Refuse code that is not of this project, as it is or as it was at some commit.

    Args:
        what: the version, to begin the message with.

    Raises:
        Refused: the line says what differs, and what to do.
    """
    if origin.known:
        return
    if origin.shallow:
        raise Refused(
            f"{what}: its code is in no commit here, but this clone is shallow: "
            "fetch the full history (`git fetch --unshallow`; fetch-depth: 0 in a workflow)"
        )  # guard trust.shallow
    raise Refused(
        f"{what}: {origin}; expected code of this project or of a commit before HEAD (after a squash any "
        "commit with these files will do): commit or merge it, or train anew"
    )  # guard trust.code


def _differs(path: Path, digest: str) -> bool:
    # A link may lead elsewhere by the time it is imported; no file of ours is one.
    return path.is_symlink() or not path.is_file() or sha256(path) != digest


def _in_history(code: Mapping[str, str], commit: str | None, root: Path) -> str | None:
    """The commit before HEAD, or HEAD, that has exactly these files: first the named one, then the newest."""
    # Git would read the rest of such a name as its next question.
    if any("\n" in name for name in code):
        return None
    named = commit is not None and COMMIT.fullmatch(commit) and _before_head(root, commit)
    # With the commits that a merge made of no matter, which may be those of the version.
    all_of_them = _git(root, "rev-list", "--full-history", "HEAD", "--", *{one.split("/")[0] for one in code})
    names = list(code)
    with _Contents(root) as contents:
        for one in ([str(commit)] if named else []) + all_of_them.split():
            other = next((name for name in names if contents.digest(f"{one}:./{name}") != code[name]), None)
            if other is None:
                return one
            # It will differ in most commits, and then no other file is asked for.
            names.remove(other)
            names.insert(0, other)
    return None


def _before_head(root: Path, commit: str) -> bool:
    # Of a commit that is not in its history, even where it lies in the clone, anybody may be the author.
    return git(root, "merge-base", "--is-ancestor", commit, "HEAD") is not None


def _git(root: Path, *arguments: str) -> str:
    """What a command prints, with paths taken word for word; empty where it fails, or there is no Git."""
    return git(root, "--literal-pathspecs", *arguments) or ""


class _Contents:
    """The files of commits, asked of one process: a process for each would take minutes."""

    def __init__(self, root: Path) -> None:
        self.process = subprocess.Popen(  # noqa: S603 - no shell, no user input
            ["git", "-C", str(root), "--no-replace-objects", "cat-file", "--batch"],  # noqa: S607
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self.process:
            pass

    def digest(self, name: str) -> str | None:
        """The sha256 of `COMMIT:PATH`, None where there is no such file.

        Of the bytes: Git's own name for them may be a SHA-1.
        """
        questions, answers = self.process.stdin, self.process.stdout
        if questions is None or answers is None:  # Popen was given pipes
            return None
        questions.write(f"{name}\n".encode())
        questions.flush()
        *_, kind, size = [b"", *answers.readline().split(b" ")]
        if kind == b"" or not size.strip().isdigit():  # `NAME missing`
            return None
        content = answers.read(int(size) + 1)[:-1]
        return hashlib.sha256(content).hexdigest() if kind == b"blob" else None
