"""The template at a revision, and the project that cookiecutter makes of it."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from packaging.version import InvalidVersion, Version

from slipway.base.addresses import masked
from slipway.base.errors import Refused, SlipwayError
from slipway.trust.environment import bare

ELSEWHERE = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR"}
"""They name another repository, where a hook or an alias of Git runs the update."""


def newest_release(tags: Sequence[str]) -> str | None:
    """The tag `vX.Y.Z` of the highest version that is no preview, None where there is none."""
    found: dict[Version, str] = {}
    for tag in tags:
        try:
            version = Version(tag.removeprefix("v"))
        except InvalidVersion:
            continue
        if tag.startswith("v") and not version.is_prerelease:
            found[version] = tag
    return found[max(found)] if found else None


def clone(source: str, folder: Path) -> Path:
    """Clone the template with all of its history.

    Raises:
        SlipwayError: Git cannot reach it.
    """
    # Where Git is told to write other line ends, every line would differ from the project's.
    as_it_is = ("--no-checkout", "--config", "core.autocrlf=false")
    here = Path()  # which a path as source is relative to
    git(here, "clone", "--quiet", *as_it_is, "--", source, str(folder))
    return folder


def newest(template: Path) -> str:
    """What an update goes to where nobody says: the newest release, else what the source has checked out."""
    return newest_release(git(template, "tag").split()) or "HEAD"


def commit_of(template: Path, revision: str) -> str:
    """The commit that a tag, branch or commit id names.

    Raises:
        SlipwayError: the template has no such revision.
    """
    # A clone knows the branches of its source under their second name only.
    for name in (revision, f"origin/{revision}"):
        try:
            return git(template, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        except SlipwayError:
            continue
    tags = ", ".join(git(template, "tag").split()) or "none"
    raise SlipwayError(f"{revision!r}: the template has no such tag, branch or commit; its tags are {tags}")


def require_signed(template: Path, tag: str) -> None:
    """Require a tag that somebody signed whom the user's Git trusts.

    Trusted are keys of `gpg.ssh.allowedSignersFile`, or those that GnuPG trusts fully.

    Raises:
        Refused: it is no tag, or no such signature stands in it.
    """
    try:
        git(template, "-c", "gpg.minTrustLevel=fully", "verify-tag", f"refs/tags/{tag}")
    except SlipwayError as error:
        # guard update.signed
        raise Refused(
            f"{tag!r}: expected a tag signed by a key that your Git trusts ({error}); import the key, or "
            "name a signed tag: slipway update --signed --to TAG"
        ) from error
    # Signed is the tag's own name; whoever can write to the template can let any name lead to it.
    if (own := git(template, "for-each-ref", "--format=%(tag)", f"refs/tags/{tag}")) != tag:
        raise Refused(f"{tag!r}: signed as {own!r}, expected its own name")  # guard update.signed_name


def is_part(template: Path, commit: str, later: str) -> bool:
    """Whether `commit` is `later`, or an ancestor of it."""
    # `merge-base --is-ancestor` answers by its exit code, which `git` takes for a failure.
    return not git(template, "rev-list", "--max-count=1", commit, f"^{later}")


def bake(template: Path, commit: str, answers: Mapping[str, str], out: Path, **changes: str) -> Path:
    """Make a project of the template at a commit, with its Git history of one commit.

    Neither the user's settings of cookiecutter nor those of Git play a part. The template's hooks are
    somebody's code, and get to know no more of the environment than they need.

    Args:
        out: the folder that the project's folder is made in.
        changes: variables of the environment of cookiecutter and its hooks.

    Raises:
        SlipwayError: cookiecutter or one of the template's hooks failed.
    """
    git(template, "checkout", "--quiet", "--force", commit)
    # Cookiecutter leaves the hooks that it ran, with the answers in them, in the temporary folder.
    (out / ".tmp").mkdir(parents=True)
    # A user's own defaults of cookiecutter would change both bakes, and the merge with them.
    unasked = ("--no-input", "--default-config")
    words = [f"{name}={_literally(value)}" for name, value in answers.items()]
    # The project gets a history of its own, whatever Git was told of another repository.
    own = {"HOME": str(out), "XDG_CONFIG_HOME": str(out), "TMPDIR": str(out / ".tmp")}
    done = subprocess.run(  # noqa: S603 - our own interpreter; the answers are arguments of its program
        # -P keeps the working directory, where the user's modules lie, off the path.
        [sys.executable, "-P", "-m", "cookiecutter", *unasked, "-o", str(out), "--", str(template), *words],
        env=bare(**own, **changes),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    made = [path for path in out.iterdir() if (path / ".git").is_dir()]
    if done.returncode != 0 or len(made) != 1:
        # The hook's own line stands before what cookiecutter says about it.
        said = re.split("ERROR: Stopping generation|Pre-Prompt Hook script failed", done.stdout)[0]
        lines = said.strip().splitlines() or done.stdout.splitlines() or ["it said nothing"]
        raise SlipwayError(f"cookiecutter on the template at {commit[:12]}: {lines[-1]}")
    return made[0]


def _literally(value: str) -> str:
    """An answer escaped for Jinja: cookiecutter renders what it is given, and this was rendered before."""
    return re.sub(r"(\{[{%#])", r"{{ '\1' }}", value)


def environment() -> dict[str, str]:
    """An environment in which Git asks nothing, looks at no other repository, and takes paths literally."""
    # The rest stays: a job hands on addresses, credentials and certificates this way.
    kept = {name: value for name, value in os.environ.items() if name not in ELSEWHERE}
    return kept | {"GIT_TERMINAL_PROMPT": "0", "GIT_LITERAL_PATHSPECS": "1"}


def git(folder: Path, *words: str, **changes: str) -> str:
    """What a Git command prints, with changes to its environment.

    Raises:
        SlipwayError: its complaint, in one line.
    """
    try:
        done = subprocess.run(  # noqa: S603 - Git, whose options end where a user's words begin
            # A hook of the user's, such as post-checkout, could fail the update.
            ["git", "-c", "core.hooksPath=/dev/null", "-C", str(folder), *words],  # noqa: S607
            env=environment() | changes,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            # A file's name may be any bytes.
            errors="surrogateescape",
            check=False,
        )
    except FileNotFoundError as error:
        raise SlipwayError("git is not installed") from error
    if done.returncode != 0:
        raise SlipwayError(f"git {words[0]}: {_complaint(done.stderr) or f'ended with {done.returncode}'}")
    return done.stdout.removesuffix("\n")


def _complaint(text: str) -> str:
    """The first error that Git names, with the paths that it lists below it; else the last line."""
    found = re.search(r"^(fatal|error): .*(\n[ \t]+\S.*)*", text, re.MULTILINE)
    said = [found[0]] if found else text.strip().splitlines()
    return " ".join(masked(said[-1]).split()) if said else ""
